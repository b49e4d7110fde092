internal import ArgumentParser
internal import ControlTypes
internal import PolicyFile
internal import SleepCore

enum ModeArgument: String, ExpressibleByArgument, CaseIterable { case auto, observe, off }

struct ModeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mode", abstract: "Shows or sets whether svcd acts on its own; survives restarts.",
        discussion: "auto: idle services fall asleep. observe: decides and logs, touches nothing. off: nothing.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "auto, observe or off; none: show it.")
    var mode: ModeArgument?

    func run() async throws {
        try await reporting {
            let client = ControlClient(options)
            let change = query([("mode", mode?.rawValue)])
            let body = try await client.send(mode == nil ? "GET" : "PUT", "/v1/mode" + change)
            if options.output == .json { return printJSON(body) }
            print(try Wire.decode(ModeAnswer.self, from: body).mode)
        }
    }
}

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Loads the policy anew, all or nothing.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await reporting {
            let body = try await ControlClient(options).send("POST", "/v1/reload")
            if options.output == .json { return printJSON(body) }
            let answer = try Wire.decode(Reloaded.self, from: body)
            print("policy loaded, \(answer.services) services")
            for note in answer.notInEffect { print("  note: \(note)") }
        }
    }
}

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Validates, shows and describes policies.",
        subcommands: [Check.self, Show.self, Schema.self])

    @OptionGroup var options: GlobalOptions

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Validates a policy file; lists every fault. Needs no daemon.")

        @OptionGroup var options: GlobalOptions

        @Argument(help: "The policy file.", completion: .file(extensions: ["yaml", "yml"]))
        var file: String

        func run() throws {
            do {
                let policy = try PolicyFile.load(file)
                if options.output == .json {
                    let answer = Reloaded(
                        services: policy.services.count, notInEffect: policy.notInEffect.map(\.description))
                    return printJSON(try Wire.encode(answer))
                }
                print("\(file): fine, \(policy.services.count) services")
                for note in policy.notInEffect { print("  note: \(note)") }
            } catch let faults as PolicyFaults {
                if options.output == .json {
                    let errors = faults.faults.map(\.description)
                    printJSON(try Wire.encode(Problem(422, "policy invalid", "\(errors.count) faults", errors: errors)))
                } else {
                    for fault in faults.faults { print(fault) }
                }
                throw ExitCode(Failure.invalidPolicy)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the settings in effect and where each came from.")

        @OptionGroup var options: GlobalOptions

        @Argument(help: "The service; none: all of them.", completion: .custom(completeServices))
        var service: String?

        func run() async throws {
            try await reporting {
                let client = ControlClient(options)
                // Asked for first, since it knows the nearest name.
                if let service { _ = try await client.send("GET", ControlClient.path(service)) }
                let body = try await client.send("GET", "/v1/policy")
                var policy = try Wire.decode(PolicyAnswer.self, from: body)
                if let service { policy.services.removeAll { $0.name != service } }
                if options.output == .json { return printJSON(service == nil ? body : try Wire.encode(policy)) }
                print(
                    "mode \(policy.mode), on_exit \(policy.onExit), max_concurrent_wakes \(policy.maxConcurrentWakes)")
                print("from \(policy.source ?? "nowhere")")
                for entry in policy.services {
                    print("\n\(entry.name)")
                    var table = Table("  KEY", "VALUE", "FROM")
                    for setting in entry.settings { table.add("  \(setting.key)", setting.value, setting.origin) }
                    table.print()
                }
                for note in policy.notInEffect where service == nil { print("note: \(note)") }
            }
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints a JSON Schema of policies, for editors.")

        func run() { print(PolicyFile.schema) }
    }
}
