internal import ArgumentParser
internal import ControlTypes

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Tells why a service is in its state, what would change it and when.",
        discussion: """
            svcctl why github
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var target: ServiceArgument

    func run() async throws {
        try await reporting {
            let body = try await ControlClient(options).send("GET", ControlClient.path(target.service, "/why"))
            if options.output == .json { return printJSON(body) }
            let why = try Wire.decode(Why.self, from: body)
            print("\(why.service) is \(why.state)\(why.depth.map { ", \($0)" } ?? ""), since \(why.since)")
            for reason in why.because { print("  because \(reason)") }
            for veto in why.vetoes where why.state == "awake" { print("  kept awake: \(veto)") }
            for change in why.changes { print("  next: \(change.what)\(change.at.map { ", at \($0)" } ?? "")") }
        }
    }
}

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Lists what happened: transitions with trigger, latency and outcome.",
        usage: "svcctl history [<options>] [<service>]",
        discussion: """
            svcctl history                       every service
            svcctl history github --since 1d     one of them, since yesterday
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The service; none: all of them.", completion: .custom(completeServices))
    var service: String?

    @Option(help: ArgumentHelp("How far back; 31 days are kept.", valueName: "duration"))
    var since: String?

    func run() async throws {
        let since = try since?.asDuration("--since")
        try await reporting {
            let target = "/v1/history" + query([("service", service), ("since", since)])
            let body = try await ControlClient(options).send("GET", target)
            if options.output == .json { return printJSON(body) }
            var table = Table("AT", "SERVICE", "FROM", "TO", "DEPTH", "TRIGGER", "TOOK", "MEMORY", "BY", "OUTCOME")
            for entry in try Wire.decode(History.self, from: body).history.reversed() {
                let isFine = entry.outcome != "failed"
                table.add([
                    .init(entry.at), .init(entry.service), .init(entry.from),
                    .init(entry.to, Table.colour(ofState: entry.to)), .init(entry.depth ?? "-"), .init(entry.trigger),
                    .init(latency(entry.elapsedMs)), .init(memory(entry)), .init(entry.by ?? "-"),
                    .init(entry.error ?? entry.outcome, isFine ? nil : .red),
                ])
            }
            table.print()
        }
    }

    private func memory(_ entry: History.Entry) -> String {
        guard let before = entry.residentBeforeBytes, let after = entry.residentAfterBytes else { return "-" }
        return "\(size(before)) -> \(size(after))"
    }
}

struct BudgetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budgets", abstract: "Counts wakes against their budgets, per tier and per service.",
        usage: "svcctl budgets [<options>]",
        discussion: """
            svcctl budgets --since 7d
            """)

    @OptionGroup var options: GlobalOptions

    @Option(help: ArgumentHelp("How far back; 31 days are kept.", valueName: "duration"))
    var since: String?

    func run() async throws {
        let since = try since?.asDuration("--since")
        try await reporting {
            let body = try await ControlClient(options).send("GET", "/v1/budgets" + query([("since", since)]))
            if options.output == .json { return printJSON(body) }
            let budgets = try Wire.decode(BudgetsAnswer.self, from: body)
            let tiersInUse = Set(budgets.services.map(\.tier))
            var table = Table("", "TIER", "BUDGET", "WAKES", "WITHIN", "P50", "P95", "P99", "MAX")
            for (lines, isTier) in [(budgets.tiers, true), (budgets.services, false)] {
                for line in lines where !isTier || tiersInUse.contains(line.name) || line.wakes.count > 0 {
                    let isKept = line.shareWithinBudget ?? 1 >= 0.99
                    table.add([
                        .init(isTier ? "all of \(line.name)" : line.name), .init(line.tier),
                        .init(latency(line.budgetMs)), .init("\(line.wakes.count)"),
                        .init(percent(line.shareWithinBudget), isKept ? nil : .red), .init(latency(line.wakes.p50Ms)),
                        .init(latency(line.wakes.p95Ms)), .init(latency(line.wakes.p99Ms)),
                        .init(latency(line.wakes.maxMs)),
                    ])
                }
            }
            table.print()
        }
    }
}

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Prints what happens as it happens; without --follow what has happened.",
        discussion: """
            svcctl events                      the last hour
            svcctl events --follow -o json     for scripts, a line each
            """)

    @OptionGroup var options: GlobalOptions

    @Flag(name: [.short, .long], help: "Goes on until interrupted.")
    var follow = false

    func run() async throws {
        try await reporting {
            let client = ControlClient(options)
            guard follow else {
                let body = try await client.send("GET", "/v1/history?since=1h")
                for entry in try Wire.decode(History.self, from: body).history.reversed() {
                    if options.output == .json { printJSON(try Wire.encode(entry)) } else { show(entry) }
                }
                return
            }
            try await client.lines("/v1/events") { line in
                guard line.hasPrefix("data: ") else { return }
                let json = Array(line.dropFirst(6).utf8)
                // Whoever reads this through a pipe wants it now.
                defer { flushOutput() }
                if options.output == .json { return printJSON(json) }
                let event = try Wire.decode(EventAnswer.self, from: json)
                if let entry = event.transition { show(entry) } else { print("\(event.at)  \(event.message ?? "")") }
            }
            throw Failure(Failure.noDaemon, "the daemon has gone")
        }
    }

    private func show(_ entry: History.Entry) {
        let took = entry.elapsedMs.map { " in \(latency($0))" } ?? ""
        let outcome = entry.outcome == "done" ? "" : ", \(entry.error ?? entry.outcome)"
        print("\(entry.at)  \(entry.service): \(entry.from) -> \(entry.to)\(took) (\(entry.trigger))\(outcome)")
    }
}

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks the host for what svcd needs and for what would disturb sleepers.",
        discussion: """
            svcctl doctor
            """)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await reporting {
            let body = try await ControlClient(options).send("GET", "/v1/doctor")
            let answer = try Wire.decode(DoctorAnswer.self, from: body)
            if options.output == .json {
                printJSON(body)
            } else {
                show(answer)
            }
            if answer.checks.contains(where: { $0.verdict == .error }) { throw ExitCode(Failure.failed) }
        }
    }

    private func show(_ answer: DoctorAnswer) {
        var table = Table("VERDICT", "CHECK", "")
        for check in answer.checks {
            let colour: Table.Colour =
                switch check.verdict {
                case .ok: .green
                case .warning: .yellow
                case .error: .red
                }
            table.add([.init(check.verdict.rawValue, colour), .init(check.name), .init(check.detail)])
            if let remedy = check.remedy { table.add("", "", "  try: \(remedy)") }
        }
        table.print()
    }
}
