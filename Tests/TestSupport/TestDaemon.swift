package import ControlTypes
import Foundation
import NIOCore
import NIOPosix
import UnixHTTP

/// A svcd of a test's own, in a directory of its own.
package final class TestDaemon: Sendable {
    package let directory: String
    package let dockerSocket: String
    private let logLevel: String
    private let program: String
    private let more: [String]
    private let process: ProcessBox
    private let control: HTTPClient
    private let hooks: HTTPClient

    private final class ProcessBox: @unchecked Sendable {
        // Guarded by being used by one test, step by step.
        var process: Process?
    }

    package static var binaries: String {
        ProcessInfo.processInfo.environment["SVCD_TEST_BIN"] ?? ".build/debug"
    }

    package var policyPath: String { directory + "/policy.yaml" }
    package var controlPath: String { directory + "/control.sock" }
    package var hookPath: String { directory + "/hook.sock" }
    package var statePath: String { directory + "/state" }
    package var log: String { (try? String(contentsOfFile: directory + "/svcd.log", encoding: .utf8)) ?? "" }

    /// Writes the policy and starts; returns when it serves.
    ///
    /// - Parameter services: the lines below `services:`, as flow mappings.
    /// - Parameter isQuiet: logs no more than a daemon in service.
    /// - Parameter program: the svcd to run; null: the one that is tested.
    package init(
        docker socket: String, services: [String], top: String = "", isQuiet: Bool = false, arguments: [String] = [],
        program: String? = nil
    ) async throws {
        more = arguments
        self.program = program ?? Self.binaries + "/svcd"
        logLevel = isQuiet ? "warning" : "debug"
        let base = ProcessInfo.processInfo.environment["SVCD_TEST_DIR"] ?? NSTemporaryDirectory()
        directory = base + "/d" + UUID().uuidString.prefix(8)
        dockerSocket = socket
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        process = ProcessBox()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        control = HTTPClient(socketPath: directory + "/control.sock", eventLoop: loop)
        hooks = HTTPClient(socketPath: directory + "/hook.sock", eventLoop: loop)
        try write(services: services, top: top)
        try await start()
    }

    package func write(services: [String], top: String = "") throws {
        let text = "version: 1\n\(top)\nservices:\n" + services.map { "  \($0)\n" }.joined()
        try text.write(toFile: policyPath, atomically: true, encoding: .utf8)
    }

    package var arguments: [String] {
        [
            "--policy", policyPath, "--docker", "unix://\(dockerSocket)", "--state-dir", statePath, "--control",
            controlPath, "--hook", hookPath, "--log-level", logLevel,
        ] + more
    }

    package func start() async throws {
        let started = Process()
        started.executableURL = URL(fileURLWithPath: program)
        started.arguments = arguments
        let log = directory + "/svcd.log"
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try handle.seekToEnd()
        started.standardError = handle
        started.standardOutput = handle
        started.standardInput = FileHandle.nullDevice
        try started.run()
        process.process = started
        try await eventually("svcd serves") {
            guard started.isRunning else { throw Overdue(description: "svcd ended: \(self.log.suffix(500))") }
            return (try? await self.get(ServiceList.self, "/v1/services")) != nil
        }
    }

    package var pid: Int32 { process.process?.processIdentifier ?? 0 }

    /// Sends a signal and returns the exit status, 128 more than the signal if one ended it.
    @discardableResult
    package func stop(_ signal: Int32 = SIGTERM, within limit: Duration = .seconds(60)) async throws -> Int32 {
        guard let process = process.process else { return 0 }
        kill(process.processIdentifier, signal)
        try await eventually("svcd is gone", within: limit) { !process.isRunning }
        return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }

    // MARK: Asking

    package struct HookAnswer: Sendable {
        package var status: Int
        package var state: String?
        package var retryAfter: String?
        package var elapsed: Duration
    }

    package func hook(_ service: String) async throws -> HookAnswer {
        let clock = ContinuousClock()
        let began = clock.now
        let response = try await hooks.send(HTTPRequest("GET", "/hook/\(service)"), within: .seconds(30))
        return HookAnswer(
            status: response.status, state: response.header("X-Svcd-State"),
            retryAfter: response.header("Retry-After"), elapsed: clock.now - began)
    }

    package func send(_ method: String, _ target: String) async throws -> (status: Int, body: [UInt8]) {
        let response = try await control.send(HTTPRequest(method, target), within: .seconds(60))
        return (response.status, Array(response.body.readableBytesView))
    }

    package func get<Value: Decodable>(_ type: Value.Type, _ target: String) async throws -> Value {
        try Wire.decode(type, from: try await send("GET", target).body)
    }

    package func service(_ name: String) async throws -> Service { try await get(Service.self, "/v1/services/\(name)") }

    package func state(_ name: String) async throws -> String { try await service(name).state }

    /// Returns when the service is in that state.
    package func wait(_ name: String, is state: String, within limit: Duration = .seconds(10)) async throws {
        var seen = ""
        do {
            try await eventually("\(name) is \(state)", within: limit) {
                seen = try await self.state(name)
                return seen == state
            }
        } catch let overdue as Overdue {
            throw Overdue(description: "\(overdue), but \(seen)\n\(log.suffix(2000))")
        }
    }

    /// Puts it to sleep by force; throws if it doesn't.
    package func sleep(_ name: String) async throws {
        let answer = try await send("POST", "/v1/services/\(name)/sleep?force=true")
        guard answer.status == 200 else {
            throw Overdue(
                description: "sleep \(name): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        }
    }

    /// `svcd release` on this daemon's state directory.
    package func release(_ more: String...) async throws -> Shell.Result {
        try await Shell.run(
            [
                Self.binaries + "/svcd", "release", "--docker", "unix://\(dockerSocket)", "--state-dir", statePath,
            ] + more)
    }

    /// svcctl against this daemon.
    package func svcctl(_ arguments: String...) async throws -> Shell.Result {
        try await Shell.run([Self.binaries + "/svcctl"] + arguments, environment: ["SVCD_CONTROL": controlPath])
    }
}

extension TestDaemon {
    /// Runs a test against a daemon and Docker's containers, and clears both away.
    package static func with(
        services: [String], top: String = "", arguments: [String] = [],
        _ body: (TestDaemon, Dockerd) async throws -> Void
    ) async throws {
        let docker = try Dockerd()
        let daemon = try await TestDaemon(
            docker: docker.socket, services: services, top: top, arguments: arguments)
        do {
            try await body(daemon, docker)
        } catch {
            print("svcd's last words:\n\(daemon.log.suffix(4000))")
            _ = try? await daemon.stop(SIGKILL)
            try? await docker.clear()
            throw error
        }
        try await daemon.stop(SIGKILL)
        try await docker.clear()
    }
}
