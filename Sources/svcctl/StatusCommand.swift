internal import ArgumentParser
internal import ControlTypes

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows state, idle time, last wake and budget of services.",
        discussion: """
            svcctl status                 every service
            svcctl status github fetch    these two
            svcctl status -o json         for scripts
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The services; none: all of them.", completion: .custom(completeServices))
    var services: [String] = []

    func run() async throws {
        try await reporting {
            let client = ControlClient(options)
            if services.count == 1, options.output == .json {
                printJSON(try await client.send("GET", ControlClient.path(services[0])))
                return
            }
            var list = ServiceList(services: [])
            if services.isEmpty {
                list = try await client.get(ServiceList.self, "/v1/services")
            } else {
                for name in services {
                    list.services.append(try await client.get(Service.self, ControlClient.path(name)))
                }
            }
            if options.output == .json {
                printJSON(try Wire.encode(list))
            } else {
                show(list.services)
                let mode = try await client.get(ModeAnswer.self, "/v1/mode").mode
                if mode != "auto" { print("The mode is \(mode): nothing falls asleep by itself.") }
            }
        }
    }

    private func show(_ services: [Service]) {
        if services.isEmpty {
            print("The policy has no services. Name some in it; 'svcctl policy schema' describes how.")
            return
        }
        var table = Table("SERVICE", "TIER", "STATE", "DEPTH", "IDLE", "LAST WAKE", "BUDGET", "WITHIN", "MEMORY", "")
        for service in services {
            var notes: [String] = []
            if service.pinned { notes.append("pinned") }
            if service.leases > 0 { notes.append(service.leases == 1 ? "1 lease" : "\(service.leases) leases") }
            if let swapped = service.memory.swappedBytes, swapped > 0 { notes.append("\(size(swapped)) in swap") }
            if let error = service.error { notes.append(error) }
            let within = service.wakes.count == 0 ? "-" : "\(service.wakes.withinBudget)/\(service.wakes.count)"
            table.add([
                .init(service.name), .init(service.tier),
                .init(service.state, Table.colour(ofState: service.state)), .init(service.depth ?? "-"),
                .init(span(service.idleS)), .init(latency(service.lastWake?.elapsedMs)),
                .init(latency(service.wakeBudgetMs)), .init(within), .init(size(service.memory.residentBytes)),
                .init(notes.joined(separator: ", ")),
            ])
        }
        table.print()
    }
}

struct IsAwakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "is-awake", abstract: "Exits with 0 if a service is awake, with 3 if not.",
        discussion: """
            svcctl is-awake github || echo "it sleeps"
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var target: ServiceArgument

    func run() async throws {
        try await reporting {
            let body = try await ControlClient(options).send("GET", ControlClient.path(target.service))
            let service = try Wire.decode(Service.self, from: body)
            if options.output == .json { printJSON(body) } else { print(service.state) }
            if service.state != "awake" { throw ExitCode(Failure.notAwake) }
        }
    }
}
