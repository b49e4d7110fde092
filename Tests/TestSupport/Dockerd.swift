import Foundation
import NIOCore
import NIOPosix
import UnixHTTP

/// Asks the engine by its API: the command line tool takes longer than what is to be seen.
package struct DockerClient: Sendable {
    private let client: HTTPClient

    package init(_ docker: Dockerd) {
        client = HTTPClient(socketPath: docker.socket, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
    }

    package func isRunning(_ name: String) async throws -> Bool {
        let response = try await client.send(HTTPRequest("GET", "/containers/\(name)/json"), within: .seconds(5))
        return String(buffer: response.body).contains("\"Paused\":false")
    }
}

/// The Docker Engine that the test command has started, by its command line tool.
package struct Dockerd: Sendable {
    package let directory: String
    package var socket: String { directory + "/docker.sock" }

    package init() throws {
        guard let directory = ProcessInfo.processInfo.environment["SVCD_TEST_DOCKER"] else {
            throw Overdue(description: "no Docker Engine for tests; run Tests/run.sh")
        }
        self.directory = directory
    }

    @discardableResult
    package func callAsFunction(_ arguments: String...) async throws -> String { try await run(arguments) }

    @discardableResult
    package func run(_ arguments: [String]) async throws -> String {
        let result = try await Shell.run(["docker", "-H", "unix://\(socket)"] + arguments)
        guard result.status == 0 else {
            throw Overdue(description: "docker \(arguments.joined(separator: " ")): \(result.errors)")
        }
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Starts a container that does nothing, or runs a command.
    @discardableResult
    package func start(
        _ name: String, options: [String] = [], command: [String] = ["sleep", "1000000"]
    ) async throws -> String {
        try await run(["run", "-d", "--init", "--name", name] + options + ["svcd-busybox"] + command)
    }

    /// Starts the service of `service.c` on port 80.
    @discardableResult
    package func serve(_ name: String, mebibytes: Int = 1, options: [String] = [], delay: Int = 0) async throws
        -> String
    {
        try await start(name, options: options, command: ["service", "\(mebibytes)", "80", "\(delay)"])
    }

    /// What a container's service answers on port 80, with its status; throws where it doesn't within `limit`.
    package func ask(_ name: String, _ path: String, within limit: Duration = .seconds(20)) async throws -> String {
        let client = HTTPClient(
            host: try await address(name), port: 80, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let response = try await client.send(
            HTTPRequest("GET", path, headers: [("Connection", "close")]), within: limit)
        return String(buffer: response.body)
    }

    package func address(_ name: String) async throws -> String {
        try await run(["inspect", "-f", "{{.NetworkSettings.IPAddress}}", name])
    }

    /// running, paused, exited, …; null if there is no such container.
    package func status(_ name: String) async throws -> String? {
        try? await run(["inspect", "-f", "{{.State.Status}}", name])
    }

    /// Whether Docker's books say that it runs. They follow the kernel by some milliseconds.
    package func runs(_ name: String) async throws -> Bool {
        do {
            try await eventually("\(name) runs", within: .seconds(1)) { try await status(name) == "running" }
            return true
        } catch is Overdue {
            return false
        }
    }

    /// Removes all containers.
    package func clear() async throws {
        let ids = try await run(["ps", "-aq"]).split(separator: "\n").map(String.init)
        if !ids.isEmpty { try await run(["rm", "-f"] + ids) }
    }

    package var pid: Int32 {
        get throws {
            let text = try String(contentsOfFile: directory + "/dockerd.pid", encoding: .utf8)
            guard let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw Overdue(description: "no dockerd")
            }
            return pid
        }
    }

    package func signal(_ number: Int32) throws { kill(try pid, number) }

    /// Whether containers go on while the engine is away.
    package func setLiveRestore(_ isOn: Bool) async throws {
        try "{\"live-restore\": \(isOn)}".write(toFile: directory + "/daemon.json", atomically: true, encoding: .utf8)
        try signal(SIGHUP)
        try await eventually("dockerd has read it") {
            try await run(["info", "-f", "{{.LiveRestoreEnabled}}"]) == "\(isOn)"
        }
    }

    /// Stops the engine; its containers go with it.
    package func stop() async throws {
        let pid = try pid
        kill(pid, SIGTERM)
        try await eventually("dockerd is gone", within: .seconds(30)) { kill(pid, 0) != 0 }
    }

    package func startAgain() async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let bridge = try String(contentsOfFile: directory + "/bridge", encoding: .utf8)
        let number = bridge.filter(\.isNumber)
        let result = try await Shell.run([script.appendingPathComponent("dockerd.sh").path, "start", directory, number])
        guard result.status == 0 else { throw Overdue(description: result.errors) }
    }
}
