internal import ArgumentParser
internal import ControlTypes
internal import Libc
internal import SleepCore

/// The operator's command. Every command is a file or a struct: arguments, one request to the daemon, and a way to
/// print the answer, as a table for people or as the API has sent it.
///
/// Nothing is decided here that the daemon decides: it knows services, vetoes and the nearest name. What a failure is
/// in words and as an exit code stands in `Failure`, how the daemon is asked in `ControlClient`, tables in `Printing`.
/// Policies are checked, shown and described by PolicyFile itself, without a daemon.
@main
struct Svcctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "svcctl",
        abstract: "Shows and steers which service containers sleep.",
        discussion: """
            svcctl status                     what is awake, what sleeps, how it woke
            svcctl wake github                wake it, wait, print the latency
            svcctl sleep github               put it to sleep, or say what forbids it
            svcctl why github                 why it is as it is, what would change it
            svcctl pin --all --for 2h         keep everything awake, for a backup say
            svcctl run github -- ./import.sh  keep it awake while a command runs

            Exit codes: 0 done, 1 failed, 3 not awake, 64 usage, 66 unknown service, 69 no daemon, \
            75 the wake timed out, 77 not permitted, 78 the policy is invalid.
            """,
        version: productVersion,
        subcommands: [
            StatusCommand.self, IsAwakeCommand.self, WakeCommand.self, SleepCommand.self, PinCommand.self,
            UnpinCommand.self, ModeCommand.self, RunCommand.self, WhyCommand.self, HistoryCommand.self,
            BudgetsCommand.self, EventsCommand.self, PolicyCommand.self, ReloadCommand.self, DoctorCommand.self,
            KeepLeaseCommand.self,
        ])

    @OptionGroup var options: GlobalOptions

    /// Suggests the nearest command for one that doesn't exist, which the parser itself leaves at a complaint.
    static func main() async {
        // The runtime asks for a priority above the default, and tells syslog each time that it doesn't get it.
        setenv(dispatchLog, "NO", 1)
        let word = CommandLine.arguments.dropFirst().first ?? "status"
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        if !word.hasPrefix("-"), !names.contains(word) {
            let meant = nearestName(to: word, in: names).map { "; did you mean '\($0)'?" } ?? "."
            complain("there is no command '\(word)'\(meant) 'svcctl --help' lists them.")
            exit(withError: ExitCode(Failure.usage))
        }
        await main(nil)
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case table, json }

struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's control socket (SVCD_CONTROL).", valueName: "path"))
    var control: String?

    @Option(name: [.short, .long], help: "How to print: table, or json as the API answers it.")
    var output: OutputFormat = .table
}

/// The service of commands that take one.
struct ServiceArgument: ParsableArguments {
    @Argument(help: "The service.", completion: .custom(completeServices))
    var service: String
}

/// The services of commands that take several, or whole groups.
struct ServiceSelection: ParsableArguments {
    @Argument(help: "The services.", completion: .custom(completeServices))
    var services: [String] = []

    @Flag(help: "Every service of the policy.")
    var all = false

    @Option(help: ArgumentHelp("Every service of this tier.", valueName: "tier"), completion: .custom(completeTiers))
    var tier: String?

    func validate() throws {
        let ways = [!services.isEmpty, all, tier != nil].count { $0 }
        if ways != 1 { throw ValidationError("Name services, or --all, or --tier; just one of these.") }
    }
}

extension String {
    /// Text as a duration of the contract.
    func asDuration(_ option: String) throws -> String {
        guard DurationText.parse(self) != nil else {
            throw ValidationError("\(option) is '\(self)', expected a duration like 300ms, 5m or 1h30m.")
        }
        return self
    }
}

/// What keeps the runtime from writing to syslog; `run` takes it away again, from the command that it becomes.
let dispatchLog = "LIBDISPATCH_LOG"
