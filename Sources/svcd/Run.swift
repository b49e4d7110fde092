internal import ArgumentParser
internal import ControlServer
internal import ControlTypes
internal import LinuxHost
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import PolicyFile
internal import ServiceLifecycle
internal import SleepCore
internal import SleepEngine
internal import Systemd

/// The daemon itself.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the daemon (the default).")

    @OptionGroup var host: HostOptions

    @Option(help: ArgumentHelp("The policy file (SVCD_POLICY).", valueName: "file"))
    var policy: String?

    @Option(help: ArgumentHelp("The operators' socket (SVCD_CONTROL).", valueName: "path"))
    var control: String?

    @Option(help: ArgumentHelp("The gateways' socket (SVCD_HOOK).", valueName: "path"))
    var hook: String?

    @Option(help: ArgumentHelp("Mode of the gateways' socket, octal (SVCD_HOOK_MODE).", valueName: "mode"))
    var hookMode: String?

    @Option(help: ArgumentHelp("A TCP address to listen on, too (SVCD_LISTEN).", valueName: "host:port"))
    var listen: String?

    @Option(help: ArgumentHelp("Holds the bearer token for TCP (SVCD_LISTEN_TOKEN_FILE).", valueName: "file"))
    var listenTokenFile: String?

    @Option(
        help: ArgumentHelp(
            "Names by which it may be called over TCP, with commas (SVCD_LISTEN_HOSTS).", valueName: "names"))
    var listenHosts: String?

    @Flag(help: "Loads the policy, looks at the host, and exits.")
    var check = false

    func run() async throws {
        let paths = try HostPaths(host)
        let policyPath = setting(policy, "SVCD_POLICY", DefaultPaths.policy)
        let levelName = setting(host.logLevel, "SVCD_LOG_LEVEL", "notice")
        guard let level = Logger.Level(rawValue: levelName) else {
            throw ValidationError("log level '\(levelName)', expected trace, debug, info, notice, warning or error")
        }
        let modeText = setting(hookMode, "SVCD_HOOK_MODE", "660")
        guard let mode = UInt32(modeText, radix: 8), mode <= 0o777 else {
            throw ValidationError("hook mode '\(modeText)', expected octal digits like 660")
        }
        let plan = try ListenPlan(
            setting(listen, "SVCD_LISTEN", ""), tokenFile: setting(listenTokenFile, "SVCD_LISTEN_TOKEN_FILE", ""),
            hosts: setting(listenHosts, "SVCD_LISTEN_HOSTS", ""))
        keepHeapSmall()
        let logger = makeLogger(level)
        let loaded = try load(policyPath)

        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
        let engine = paths.engine.engine(on: loop)
        let doctor = Doctor(engine: engine, engineAddress: paths.engine.address)
        if check {
            try await report(doctor.examine(loaded))
            return
        }
        prepareProcess()
        let daemon = Daemon(
            policyPath: policyPath, policy: loaded, paths: paths,
            control: setting(control, "SVCD_CONTROL", DefaultPaths.control),
            hook: setting(hook, "SVCD_HOOK", DefaultPaths.hook), hookMode: mode, listen: plan, engine: engine,
            doctor: doctor,
            loop: loop, logger: logger)
        defer { JournalLog.flush() }
        do {
            try await daemon.run()
        } catch {
            complain("\(error)")
            throw ExitCode(1)
        }
    }

    private func load(_ path: String) throws -> Policy {
        do {
            return try HostNeeds.load(path)
        } catch {
            for fault in error.faults { complain("\(fault)") }
            throw ExitCode(78)
        }
    }

    private func report(_ answer: DoctorAnswer) throws {
        for check in answer.checks {
            print("\(check.verdict.rawValue): \(check.name): \(check.detail)")
            if let remedy = check.remedy { print("    \(remedy)") }
        }
        if answer.checks.contains(where: { $0.verdict == .error }) { throw ExitCode(1) }
    }
}
