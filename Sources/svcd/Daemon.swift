internal import ControlServer
internal import ControlTypes
internal import LinuxHost
internal import Logging
internal import NIOCore
internal import PolicyFile
internal import ServiceLifecycle
internal import SleepCore
internal import SleepEngine
internal import Systemd
internal import UnixSignals

/// Wires the parts together, starts them in order and stops them in reverse.
struct Daemon {
    var policyPath: String
    var policy: Policy
    var paths: HostPaths
    var control: String
    var hook: String
    var hookMode: UInt32
    var listen: ListenPlan?
    var engine: any ContainerEngine
    var doctor: Doctor
    var loop: any EventLoop
    var logger: Logger

    /// Returns after SIGTERM or SIGINT, when what svcd put to sleep is awake again.
    func run() async throws {
        let state = try StateDirectory(locking: paths.stateDirectory)
        let journal = try Journal(path: state.journal, logger: logger)
        let facts = HostFacts.read()
        let time = LoopTime(loop)
        let supervisor = Supervisor(
            policy: policy,
            surroundings: Surroundings(
                engine: engine, host: KernelHost(), readiness: NetworkReadiness(loop: loop, time: time),
                journal: journal, time: time, logger: logger, boot: facts.bootID,
                seed: UInt64.random(in: .min ... .max)),
            executor: loop.executor)
        try await supervisor.prepare()
        announce(policy)

        let doctor = doctor
        let policyPath = policyPath
        let logger = logger
        let reload: @Sendable () async -> Result<Policy, PolicyFaults> = {
            await Self.reload(policyPath, supervisor, logger)
        }
        let server = ControlServer(
            supervisor: supervisor,
            services: ControlServer.Services(
                reload: reload, doctor: { await doctor.examine(await supervisor.policy) }),
            eventLoop: loop)

        let sockets = try Sockets(control: control, hook: hook, hookMode: hookMode)
        try await open(sockets, server)
        // Stopped in reverse: hooks are answered until every sleeper is awake.
        var services: [any ServiceLifecycle.Service] = [
            ServerService(server: server, supervisor: supervisor, files: sockets.files),
            EngineService(supervisor: supervisor, logger: logger),
            HangupService(supervisor: supervisor, reload: reload),
            StatusService(supervisor: supervisor),
        ]
        if let limit = ServiceManager.watchdogLimit {
            services.append(WatchdogService(supervisor: supervisor, limit: limit))
        }
        try await run(services)
        await journal.flush()
        logger.notice("svcd is down")
        withExtendedLifetime(state) {}
    }

    /// Serves the sockets that systemd has passed on, and makes those that it hasn't.
    private func open(_ sockets: Sockets, _ server: ControlServer) async throws {
        for (descriptor, power) in sockets.unix { try await server.serve(descriptor, power) }
        var doors: Logger.Metadata = ["control": "\(control)", "hook": "\(hook)"]
        if let listen {
            if let inherited = sockets.listen {
                try await server.serve(inherited, listen.door)
            } else {
                try await server.listen(on: listen.address, listen.door)
            }
            doors["listen"] = "\(listen.address)"
        }
        logger.notice("svcd is up", metadata: doors)
        ServiceManager.tell(.ready, .status("asking Docker"))
    }

    /// Returns when all of them have stopped.
    private func run(_ services: [any ServiceLifecycle.Service]) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
                logger: quiet))
        try await group.run()
    }

    /// The lifecycle's own messages are worth reading only when something is being debugged.
    private var quiet: Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }

    private func announce(_ policy: Policy) {
        for note in policy.notInEffect {
            logger.warning(
                "policy key is not in effect", metadata: ["policy.key": "\(note.key)", "instead": "\(note.instead)"])
        }
    }

    private static func reload(
        _ path: String, _ supervisor: Supervisor, _ logger: Logger
    ) async -> Result<Policy, PolicyFaults> {
        ServiceManager.tell(.reloading)
        defer { ServiceManager.tell(.ready) }
        do {
            let policy = try HostNeeds.load(path)
            await supervisor.adopt(policy)
            return .success(policy)
        } catch {
            logger.error("policy is invalid, the old one stays", metadata: ["errors": "\(error)"])
            return .failure(error)
        }
    }
}

/// The sockets; stops last.
private struct ServerService: ServiceLifecycle.Service {
    let server: ControlServer
    let supervisor: Supervisor
    let files: [SocketFile]

    func run() async throws {
        await withTaskGroup { group in
            group.addTask { await server.run() }
            try? await gracefulShutdown()
            await server.stopListening()
            for file in files { file.remove() }
            await supervisor.closeSubscriptions()
            group.cancelAll()
        }
    }
}

/// The supervisor; when it is told to stop, sleepers are woken first.
private struct EngineService: ServiceLifecycle.Service {
    let supervisor: Supervisor
    let logger: Logger

    /// Below the 90 s that systemd gives by default.
    private static let limit = Duration.seconds(60)

    func run() async throws {
        await withTaskGroup { group in
            group.addTask { await supervisor.run() }
            try? await gracefulShutdown()
            ServiceManager.tell(
                .stopping, .status("waking what sleeps"), .extendTimeout(Self.limit + .seconds(15)))
            let left = await supervisor.letGo(within: Self.limit)
            if !left.isEmpty {
                logger.error("services are left asleep", metadata: ["services": "\(left.joined(separator: ", "))"])
            }
            group.cancelAll()
        }
    }
}

/// SIGHUP loads the policy anew.
private struct HangupService: ServiceLifecycle.Service {
    let supervisor: Supervisor
    let reload: @Sendable () async -> Result<Policy, PolicyFaults>

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await supervisor.noteRequest("reload", of: nil, by: "SIGHUP")
            _ = await reload()
        }
    }
}
