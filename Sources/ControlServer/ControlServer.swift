package import ControlTypes
internal import Libc
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import PolicyFile
package import SleepCore
package import SleepEngine

/// The daemon's doors: HTTP/1.1 over unix sockets, one with all powers and one for gateways.
///
/// A connection is read on the event loop that is also the supervisor's executor. A hook for an awake
/// service is therefore answered where it is read. Everything else becomes a job that `run` owns. No
/// request has a body that matters: every answer follows from the headers, and a connection whose request
/// announced a body is closed after the answer.
package actor ControlServer {
    /// What a socket lets its callers do.
    package enum Power: Sendable {
        /// Everything.
        case control
        /// Hooks, leases and health.
        case hook
        /// Over TCP from this host, without a token: hooks and health.
        case localCaller
        /// Over TCP from elsewhere, without a token: health.
        case stranger
    }

    /// What the daemon does for the server beyond the supervisor.
    package struct Services: Sendable {
        /// Loads the policy anew.
        package var reload: @Sendable () async -> Result<Policy, PolicyFaults>
        package var doctor: @Sendable () async -> DoctorAnswer

        package init(
            reload: @escaping @Sendable () async -> Result<Policy, PolicyFaults>,
            doctor: @escaping @Sendable () async -> DoctorAnswer
        ) {
            self.reload = reload
            self.doctor = doctor
        }
    }

    struct Job: Sendable {
        var route: Route
        var query: Query
        var power: Power
        var peer: Peer
        var reply: Reply
    }

    /// Connections that may wait for the event loop: a burst of hooks, or all of them while svcd restarts.
    private static let backlog: CInt = 4096

    private let supervisor: Supervisor
    private let services: Services
    private let eventLoop: any EventLoop
    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation
    private var listeners: [any Channel] = []
    private lazy var connections = NIOLoopBound(Connections(), eventLoop: eventLoop)

    package nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    /// - Parameter eventLoop: the supervisor's.
    package init(supervisor: Supervisor, services: Services, eventLoop: any EventLoop) {
        self.supervisor = supervisor
        self.services = services
        self.eventLoop = eventLoop
        (jobs, queue) = AsyncStream.makeStream()
    }

    /// Serves a unix socket that is bound already.
    package func serve(_ descriptor: CInt, _ power: Power) async throws {
        listeners.append(try await bootstrap(.socket(power)).withBoundSocket(descriptor).get())
        // NIO listens anew on a socket that it takes over, with its own backlog of 128.
        _ = Libc.listen(descriptor, Self.backlog)
    }

    /// Serves a TCP socket that is bound already.
    package func serve(_ descriptor: CInt, _ door: TCPDoor) async throws {
        let listener = try await bootstrap(.tcp(door))
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .withBoundSocket(descriptor).get()
        listeners.append(listener)
        _ = Libc.listen(descriptor, Self.backlog)
    }

    /// Listens on a TCP address.
    ///
    /// - Returns: the port, where the address leaves it to the kernel.
    @discardableResult
    package func listen(on address: SocketAddress, _ door: TCPDoor) async throws -> Int {
        let listener = try await bootstrap(.tcp(door))
            .serverChannelOption(.backlog, value: Int32(Self.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .bind(to: address).get()
        listeners.append(listener)
        return listener.localAddress?.port ?? 0
    }

    private func bootstrap(_ entrance: ConnectionHandler.Entrance) -> ServerBootstrap {
        let supervisor = supervisor
        let queue = queue
        let connections = connections
        return ServerBootstrap(group: eventLoop)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (headGuard, connection) = (HeadGuard(), Connection(channel))
                    let handler = ConnectionHandler(
                        entrance, supervisor: supervisor, headGuard: headGuard, connection: connection,
                        connections: connections.value, jobs: queue)
                    let pipeline = channel.pipeline.syncOperations
                    if case .socket = entrance {
                        try pipeline.addHandler(
                            HookShortcut(
                                supervisor: supervisor, headGuard: headGuard, connection: connection,
                                connections: connections.value))
                    }
                    try pipeline.addHandler(headGuard)
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: false)
                    try pipeline.addHandler(handler)
                    connections.value.add(connection)
                }
            }
    }

    /// Works on requests until the task is cancelled.
    package func run() async {
        let responder = Responder(supervisor: supervisor, services: services)
        await withDiscardingTaskGroup { group in
            for await job in jobs {
                group.addImmediateTask { await responder.answer(job) }
            }
            group.cancelAll()
        }
    }

    /// Takes no more connections; those that are open go on.
    package func stopListening() async {
        for listener in listeners { try? await listener.close() }
        listeners = []
    }
}
