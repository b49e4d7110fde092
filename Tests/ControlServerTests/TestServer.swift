import ControlServer
import ControlTypes
import Foundation
import Logging
import NIOCore
import NIOPosix
import PolicyFile
import SleepCore
import SleepEngine
import TestSupport

/// A server with its supervisor, over a fake engine.
final class TestServer: Sendable {
    enum Door { case control, hook }
    static let token = "a token of some length"

    let engine: FakeEngine
    private let supervisor: Supervisor
    private let server: ControlServer
    private let directory: String
    let port: UInt16
    private let running: Task<Void, Never>

    /// - Parameter never: services that the policy never lets sleep.
    init(services: [String], never: Set<String> = []) async throws {
        directory = NSTemporaryDirectory() + "svcd-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        engine = FakeEngine(names: services)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var policy = Policy()
        policy.services = services.map { name in
            var settings = Settings()
            settings.activity = [.hook]
            settings.minAwake = .zero
            settings.sleep = never.contains(name) ? .never : .allowed
            return ServicePolicy(name: name, tier: "on-demand", settings: settings)
        }
        let supervisor = Supervisor(
            policy: policy,
            surroundings: .init(
                engine: engine, host: FakeHost(), readiness: FakeReadiness(),
                journal: try Journal(path: directory + "/journal.db", logger: logger), time: RealTime(), logger: logger,
                boot: "boot", seed: 1), executor: loop.executor)
        try await supervisor.prepare()
        let server = ControlServer(
            supervisor: supervisor,
            services: .init(
                reload: {
                    .failure(PolicyFaults(faults: [PolicyFault(file: "p.yaml", mark: nil, message: "bad")]))
                },
                doctor: { DoctorAnswer(checks: []) }),
            eventLoop: loop)
        try await server.serve(
            SocketFile(path: directory + "/control", mode: 0o660, group: "svcd").descriptor, .control)
        try await server.serve(SocketFile(path: directory + "/hook", mode: 0o660, group: "svcd").descriptor, .hook)
        port = UInt16(
            try await server.listen(
                on: SocketAddress(ipAddress: "127.0.0.1", port: 0),
                TCPDoor(hosts: ["svcd.internal"], token: Self.token)))
        running = Task {
            await withTaskGroup { group in
                group.addTask { await supervisor.run() }
                group.addTask { await server.run() }
            }
        }
        (self.supervisor, self.server) = (supervisor, server)
        for service in services {
            try await eventually("\(service) is awake") { try await self.state(service) == "awake" }
        }
    }

    func stop() async {
        await server.stopListening()
        running.cancel()
        await running.value
        try? FileManager.default.removeItem(atPath: directory)
    }

    func connect(_ door: Door) throws -> RawConnection {
        try RawConnection(directory + (door == .control ? "/control" : "/hook"))
    }

    /// One request on a connection of its own, off the pool: it blocks.
    func exchange(_ request: String, on door: Door) async throws -> String {
        let connection = try connect(door)
        defer { connection.close() }
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try connection.exchange(request) }) }
        }
    }

    func state(_ name: String) async throws -> String { await supervisor.state(of: name)?.rawValue ?? "" }

    func sleep(_ name: String) async throws {
        guard await supervisor.sleep(name, force: true, by: nil) == .asleep else {
            throw Overdue(description: "\(name) did not fall asleep")
        }
    }

    /// Somebody else does something to its container.
    func external(_ name: String, _ status: Container.Status) async throws {
        engine.put(name, status)
        engine.emit(status == .paused ? "pause" : status == .running ? "unpause" : "die", name)
        let expected = status == .paused ? "held" : status == .running ? "awake" : "down"
        try await eventually("\(name) is \(expected)") { try await self.state(name) == expected }
    }
}
