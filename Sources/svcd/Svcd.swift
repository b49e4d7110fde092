/// The daemon as a program: it wires the other targets together, starts them in order and stops them in reverse.
///
/// Here are the command line, what it and the environment add up to, the kinds of engine, the sockets, and what asks
/// the host and the network on behalf of the rest. It decides nothing about sleepers, which is SleepCore's, and knows
/// no route of HTTP, which is ControlServer's.
///
///      Svcd ── Run ──▶ Daemon ── Supervisor, ControlServer, systemd      Release: undoes what a svcd has left asleep
internal import ArgumentParser
internal import ControlTypes
internal import Libc

/// The daemon's command line. `run` is what happens without a word.
@main
struct Svcd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "svcd",
        abstract: "Puts idle service containers to sleep and wakes them before anybody notices.",
        discussion: """
            Reads a policy, watches Docker, and listens on two sockets: one for operators (svcctl), one for
            gateways. 'svcd run --help' lists the flags; every one has an environment twin, named there.
            """,
        version: productVersion,
        subcommands: [Run.self, Release.self],
        defaultSubcommand: Run.self)

    static func main() async {
        // The runtime asks for a priority above the default, and tells syslog each time that it doesn't get it.
        setenv("LIBDISPATCH_LOG", "NO", 1)
        await main(nil)
    }
}

/// Flags that every subcommand takes.
struct HostOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Docker's socket, unix:///… (DOCKER_HOST).", valueName: "host"))
    var docker: String?

    @Option(help: ArgumentHelp("Where svcd keeps what must survive a crash (STATE_DIRECTORY).", valueName: "dir"))
    var stateDir: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning or error (SVCD_LOG_LEVEL).", valueName: "level"))
    var logLevel: String?
}

/// What the flags, the environment and the defaults add up to.
struct HostPaths {
    var engine: EngineHost
    var stateDirectory: String

    /// - Throws: `ValidationError` for a host of no known kind of engine.
    init(_ options: HostOptions) throws {
        engine = try EngineHost(setting(options.docker, "DOCKER_HOST", DefaultPaths.docker))
        // systemd lists several directories with colons; the first is ours.
        let state = setting(options.stateDir, "STATE_DIRECTORY", DefaultPaths.state)
        stateDirectory = String(state.prefix { $0 != ":" })
    }
}
