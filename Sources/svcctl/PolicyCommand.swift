internal import ArgumentParser
internal import ControlTypes
internal import PolicyFile
internal import SleepCore

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Validates, shows and describes policies.",
        discussion: """
            svcctl policy check policy.yaml          every mistake, with line and column
            svcctl policy show github                its settings, and which line set each
            svcctl policy show --file policy.yaml    the same of a file, without a daemon
            svcctl policy schema > schema.json       for an editor
            """,
        subcommands: [Check.self, Show.self, Schema.self])

    @OptionGroup var options: GlobalOptions

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Validates a policy file; lists every fault. Needs no daemon.",
            discussion: """
                svcctl policy check policy.yaml
                """)

        @OptionGroup var options: GlobalOptions

        @Argument(help: "The policy file.", completion: .file(extensions: ["yaml", "yml"]))
        var file: String

        func run() throws {
            do {
                let policy = try PolicyFile.load(file)
                if options.output == .json {
                    return printJSON(try Wire.encode(Reloaded(policy)))
                }
                print("\(file): fine, \(policy.services.count) services")
                for note in policy.notInEffect { print("  note: \(note)") }
            } catch let faults as PolicyFaults {
                if options.output == .json {
                    printJSON(try Wire.encode(Problem.invalidPolicy(faults.faults.map(\.description))))
                } else {
                    for fault in faults.faults { print(fault) }
                }
                throw ExitCode(Failure.invalidPolicy)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the settings in effect and where each came from.",
            usage: "svcctl policy show [<options>] [<service>]",
            discussion: """
                svcctl policy show                       what the daemon goes by
                svcctl policy show github --changed      without what is built in
                svcctl policy show --file policy.yaml    of a file, without a daemon
                """)

        @OptionGroup var options: GlobalOptions

        @Argument(help: "The service; none: all of them.", completion: .custom(completeServices))
        var service: String?

        @Option(
            help: "A policy file to show instead. Needs no daemon.", completion: .file(extensions: ["yaml", "yml"]))
        var file: String?

        @Flag(help: "Only what the policy sets, not what is built in.")
        var changed = false

        func run() async throws {
            try await reporting {
                if options.output == .json, file == nil, service == nil, !changed {
                    return printJSON(try await ControlClient(options).send("GET", "/v1/policy"))
                }
                var policy = if let file { try read(file) } else { try await ask() }
                if let service { policy.services.removeAll { $0.name != service } }
                if changed {
                    for index in policy.services.indices {
                        policy.services[index].settings.removeAll { $0.origin == PolicyAnswer.builtIn }
                    }
                }
                if options.output == .json { printJSON(try Wire.encode(policy)) } else { show(policy) }
            }
        }

        private func ask() async throws -> PolicyAnswer {
            let client = ControlClient(options)
            // Asked for first, since it knows the nearest name.
            if let service { _ = try await client.send("GET", ControlClient.path(service)) }
            return try await client.get(PolicyAnswer.self, "/v1/policy")
        }

        private func read(_ file: String) throws -> PolicyAnswer {
            let policy: Policy
            do {
                policy = try PolicyFile.load(file)
            } catch {
                throw Failure(Failure.invalidPolicy, "\(error)")
            }
            if let service, policy.service(service) == nil {
                let meant = nearestName(to: service, in: policy.services.map(\.name))
                let hint = meant.map { "; did you mean '\($0)'?" } ?? ""
                throw Failure(Failure.unknownService, "there is no service '\(service)'\(hint)")
            }
            return PolicyAnswer(policy, mode: policy.mode)
        }

        private func show(_ policy: PolicyAnswer) {
            print("mode \(policy.mode), on_exit \(policy.onExit), max_concurrent_wakes \(policy.maxConcurrentWakes)")
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

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a JSON Schema of policies, for editors.",
            discussion: """
                svcctl policy schema > schema.json
                """)

        func run() throws { print(try PolicyFile.schema()) }
    }
}
