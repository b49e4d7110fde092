internal import ArgumentParser
internal import ControlTypes

/// One request for each selected service, several at a time, answers printed in the order of the policy.
struct Bulk {
    var options: GlobalOptions
    var selection: ServiceSelection

    private static let atOnce = 16

    /// - Parameter show: prints one answer, for people.
    /// - Throws: `ExitCode` of the first failure, when all are done.
    func run(
        _ method: String, within limit: Duration = .seconds(30), skipping isSkipped: (Failure) -> Bool = { _ in false },
        _ target: @escaping @Sendable (String) -> String, show: ([UInt8]) throws -> Void
    ) async throws {
        let client = ControlClient(options)
        let names = try await names(client)
        var worst: Failure?
        for batch in stride(from: 0, to: names.count, by: Self.atOnce).map({
            Array(names[$0..<min($0 + Self.atOnce, names.count)])
        }) {
            let results = await withTaskGroup(of: (Int, Result<[UInt8], Failure>).self) { group in
                for (index, name) in batch.enumerated() {
                    group.addTask {
                        do {
                            return (index, .success(try await client.send(method, target(name), within: limit)))
                        } catch {
                            return (index, .failure(error as? Failure ?? Failure(Failure.failed, "\(name): \(error)")))
                        }
                    }
                }
                var results: [(Int, Result<[UInt8], Failure>)] = []
                for await result in group { results.append(result) }
                return results.sorted { $0.0 < $1.0 }.map(\.1)
            }
            for result in results {
                switch result {
                case .success(let body):
                    if options.output == .json { printJSON(body) } else { try show(body) }
                case .failure(let failure):
                    complain("\(failure)")
                    if !isSkipped(failure) { worst = worst ?? failure }
                }
            }
        }
        if let worst { throw ExitCode(worst.code) }
    }

    private func names(_ client: ControlClient) async throws -> [String] {
        if !selection.services.isEmpty { return selection.services }
        let all = try await client.get(ServiceList.self, "/v1/services").services
        guard let tier = selection.tier else { return all.map(\.name) }
        let chosen = all.filter { $0.tier == tier }.map(\.name)
        if chosen.isEmpty { throw Failure(Failure.unknownService, "no service is in tier '\(tier)'") }
        return chosen
    }
}

struct WakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wake", abstract: "Wakes services and waits until they answer; prints latency against budget.",
        usage: "svcctl wake [<options>] <service> ... | --all | --tier <tier>",
        discussion: """
            svcctl wake github                      wait until it answers
            svcctl wake github --timeout 2s         exit with 75 if that takes longer
            svcctl wake --tier browser --no-wait    begin, and return at once
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var selection: ServiceSelection

    @Option(help: ArgumentHelp("How long to wait, the policy's wake_timeout at most.", valueName: "duration"))
    var timeout: String?

    @Flag(help: "Begins the wake and returns at once.")
    var noWait = false

    func run() async throws {
        let timeout = try timeout?.asDuration("--timeout")
        let wait = noWait ? "none" : nil
        try await reporting {
            try await Bulk(options: options, selection: selection).run("POST", within: .seconds(660)) { name in
                ControlClient.path(name, "/wake" + query([("timeout", timeout), ("wait", wait)]))
            } show: { body in
                let wake = try Wire.decode(Wake.self, from: body)
                if noWait {
                    print("\(wake.service) is \(wake.state)")
                } else if wake.woke {
                    let verdict = wake.withinBudget ? "" : ", over budget"
                    print(
                        "\(wake.service) woke in \(latency(wake.elapsedMs)) of \(latency(wake.budgetMs)) "
                            + "(from \(wake.from ?? "sleep"))\(verdict)")
                } else {
                    print("\(wake.service) was awake")
                }
            }
        }
    }
}

enum DepthArgument: String, ExpressibleByArgument, CaseIterable { case frozen, reclaimed, stopped }

struct SleepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sleep", abstract: "Puts services to sleep now, or says which veto stands in the way.",
        usage: "svcctl sleep [<options>] <service> ... | --all | --tier <tier>",
        discussion: """
            svcctl sleep github                      freeze it now
            svcctl sleep github --depth reclaimed    hand its memory back as well
            svcctl sleep --all --force               whatever but sleep: never forbids it
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var selection: ServiceSelection

    @Option(help: "How deep.")
    var depth: DepthArgument = .frozen

    @Flag(help: "Overrides vetoes, but not sleep: never.")
    var force = false

    func run() async throws {
        let depth = depth.rawValue
        let isForced = force ? "true" : nil
        let isBulk = selection.services.isEmpty
        try await reporting {
            try await Bulk(options: options, selection: selection).run("POST") { failure in
                // In bulk, what may never sleep is passed over.
                isBulk && failure.reason == Problem.neverSleeps
            } _: { name in
                ControlClient.path(name, "/sleep" + query([("depth", depth), ("force", isForced)]))
            } show: { body in
                let service = try Wire.decode(Service.self, from: body)
                print("\(service.name) is \(service.state)" + (service.depth.map { ", \($0)" } ?? ""))
            }
        }
    }
}

struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Keeps services awake, over restarts too, until unpinned or for a while.",
        usage: "svcctl pin [<options>] <service> ... | --all | --tier <tier>",
        discussion: """
            svcctl pin github             until unpinned
            svcctl pin --all --for 2h     before a backup
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var selection: ServiceSelection

    @Option(name: .customLong("for"), help: ArgumentHelp("How long; without it until unpinned.", valueName: "duration"))
    var duration: String?

    func run() async throws {
        let duration = try duration?.asDuration("--for")
        try await reporting {
            try await Bulk(options: options, selection: selection).run("PUT") { name in
                ControlClient.path(name, "/pin" + query([("for", duration)]))
            } show: { body in
                let service = try Wire.decode(Service.self, from: body)
                print("\(service.name) is pinned" + (duration.map { " for \($0)" } ?? ""))
            }
        }
    }
}

struct UnpinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Lets services sleep again.",
        usage: "svcctl unpin [<options>] <service> ... | --all | --tier <tier>",
        discussion: """
            svcctl unpin github
            svcctl unpin --all
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var selection: ServiceSelection

    func run() async throws {
        try await reporting {
            try await Bulk(options: options, selection: selection).run("DELETE") { name in
                ControlClient.path(name, "/pin")
            } show: { body in
                print("\(try Wire.decode(Service.self, from: body).name) is not pinned")
            }
        }
    }
}
