import ControlTypes
import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing
import UnixHTTP

extension RealTests {
    /// The configurations under examples/gateways, on the real programs.
    @Suite("gateways")
    struct Gateways {
        private static let names = (0..<10).map { "s\($0)" }
        private static let services = names.map {
            "\($0): {tier: on-demand, activity: [hook], min_awake: 0s, idle_after: 1h, wake_timeout: 5s}"
        }

        private func with(
            _ kind: Gateway.Kind, _ body: (Gateway, TestDaemon, Dockerd) async throws -> Void
        ) async throws {
            try await TestDaemon.with(services: Self.services) { daemon, docker in
                var backends: [String: String] = [:]
                for name in Self.names {
                    try await docker.serve(name)
                    backends[name] = try await docker.address(name) + ":80"
                }
                for name in Self.names { try await daemon.wait(name, is: "awake") }
                let gateway = try await Gateway(kind, daemon, backends)
                do {
                    try await body(gateway, daemon, docker)
                } catch {
                    print("\(kind)'s last words:\n\(gateway.log.suffix(3000))")
                    gateway.stop()
                    throw error
                }
                gateway.stop()
            }
        }

        @Test("200 requests to a service that falls asleep between them, and 50 at once to ten sleepers")
        func wakes() async throws {
            for kind in Gateway.Kind.allCases {
                try await with(kind) { gateway, daemon, _ in
                    var (waking, awake): ([Double], [Double]) = ([], [])
                    for round in 0..<200 {
                        try await daemon.sleep("s0")
                        let answer = try await gateway.ask("s0", "/")
                        try #require(
                            answer.status == 200 && answer.text == "hello", "\(kind), round \(round): \(answer)")
                        #expect(answer.header("Server-Timing")?.hasPrefix("wake;dur=") == true, "\(kind): \(answer)")
                        waking.append(answer.milliseconds)
                        awake.append(try await gateway.ask("s0", "/").milliseconds)
                    }
                    print("\(kind): p50 \(waking.sorted()[100]) ms asleep, \(awake.sorted()[100]) ms awake")
                    for name in Self.names { try await daemon.sleep(name) }
                    let failed = try await withThrowingTaskGroup(of: Int.self) { group in
                        for index in 0..<50 {
                            group.addTask { try await gateway.ask(Self.names[index % 10], "/").status }
                        }
                        return try await group.reduce(into: [Int]()) { if $1 != 200 { $0.append($1) } }
                    }
                    #expect(failed.isEmpty, "\(kind): \(failed)")
                }
            }
        }

        @Test("bodies, upgrades and errors pass through; refusals reach the client as themselves")
        func passesThrough() async throws {
            for kind in Gateway.Kind.allCases {
                try await with(kind) { gateway, daemon, docker in
                    try await daemon.sleep("s0")
                    let body = [UInt8](repeating: 7, count: 3 << 20)
                    let answer = try await gateway.ask("s0", "/size", post: body)
                    #expect(answer.text == "\(3 << 20) \(7 * (3 << 20))", "\(kind): \(answer)")

                    try await daemon.sleep("s0")
                    let upgraded = try TCPConnection(host: "127.0.0.1", port: gateway.port)
                    defer { upgraded.close() }
                    try upgraded.send(
                        "GET /s0/upgrade HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                    )
                    #expect(try upgraded.receive().hasPrefix("HTTP/1.1 101"), "\(kind)")
                    try upgraded.send("ping")
                    #expect(try upgraded.receive() == "ping", "\(kind)")

                    // As the client has written it.
                    for path in ["/path/a%20b", "/path/a%2Fb%3Fc", "/path/%25?d=e%20f"] {
                        #expect(try await gateway.ask("s1", path).text == path, "\(kind)")
                    }
                    let bare = try await gateway.ask("s1", "")
                    #expect(
                        bare.status == 308 && bare.header("Location")?.hasSuffix("/s1/") == true, "\(kind): \(bare)")

                    for status in [400, 401, 404, 423, 500, 502, 503, 504] {
                        let before = try await docker.ask("s1", "/count")
                        let answer = try await gateway.ask("s1", "/status/\(status)")
                        #expect(answer.status == status && answer.text == "mine", "\(kind): \(answer)")
                        // Once, and the counting itself.
                        let after = try await docker.ask("s1", "/count")
                        #expect((Int(after) ?? 0) - (Int(before) ?? 0) == 2, "\(kind): \(status)")
                    }

                    try await docker("pause", "s2")
                    try await docker("stop", "-t", "0", "s3")
                    try await daemon.wait("s2", is: "held")
                    try await daemon.wait("s3", is: "down")
                    let held = try await gateway.ask("s2", "/")
                    #expect(held.status == 423 && !held.text.contains("s2"), "\(kind): \(held)")
                    let down = try await gateway.ask("s3", "/")
                    #expect(down.status == 503 && down.header("Retry-After") != nil, "\(kind): \(down)")
                    #expect(try await gateway.ask("nobody", "/").status == 404, "\(kind)")
                }
            }
        }

        @Test("svcd killed under load and released: nothing fails, and hooks work again when it is back")
        func failsOpen() async throws {
            for kind in Gateway.Kind.allCases {
                try await with(kind) { gateway, daemon, _ in
                    for name in Self.names.prefix(5) { try await daemon.sleep(name) }
                    async let load = withThrowingTaskGroup(of: [Int].self) { group in
                        for client in 0..<4 {
                            group.addTask {
                                var failed: [Int] = []
                                for round in 0..<100 {
                                    let name = Self.names[(client + round) % 10]
                                    let status = try await gateway.ask(name, "/").status
                                    if status != 200 { failed.append(status) }
                                    try await Task.sleep(for: .milliseconds(10))
                                }
                                return failed
                            }
                        }
                        return try await group.reduce(into: [Int]()) { $0 += $1 }
                    }
                    try await Task.sleep(for: .milliseconds(200))
                    try await daemon.stop(SIGKILL)
                    // As the unit does, after any end.
                    #expect(try await daemon.release().status == 0)
                    try await Task.sleep(for: .milliseconds(300))
                    try await daemon.start()
                    let failed = try await load
                    #expect(failed.isEmpty, "\(kind): \(failed)")
                    try await daemon.wait("s0", is: "awake")
                    try await daemon.sleep("s0")
                    #expect(try await gateway.ask("s0", "/").status == 200, "\(kind)")
                    #expect(try await daemon.state("s0") == "awake", "\(kind)")
                }
            }
        }
    }
}

/// A gateway with its configuration from examples/gateways, the addresses apart.
private final class Gateway: Sendable {
    enum Kind: String, CaseIterable { case nginx, caddy, haproxy }

    struct Answer: CustomStringConvertible {
        var status: Int
        var text: String
        var headers: [(String, String)]
        var milliseconds: Double

        func header(_ name: String) -> String? { headers.first { $0.0.lowercased() == name.lowercased() }?.1 }
        var description: String { "\(status) \(text.prefix(80)) \(headers)" }
    }

    let port: UInt16
    private let process: ProcessBox
    private let directory: String

    private final class ProcessBox: @unchecked Sendable {
        // Started before anybody else sees it, stopped after everybody else is done.
        let process = Process()
    }

    var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

    init(_ kind: Kind, _ daemon: TestDaemon, _ backends: [String: String]) async throws {
        let index = Kind.allCases.firstIndex(of: kind) ?? 0
        port = UInt16(18_081 + index)
        directory = daemon.directory + "/" + kind.rawValue
        process = ProcessBox()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let example = root.appendingPathComponent("examples/gateways/\(kind.rawValue)").path
        try FileManager.default.copyItem(atPath: example, toPath: directory)
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            let path = directory + "/" + name
            var text = try String(contentsOfFile: path, encoding: .utf8)
            text = text.replacingOccurrences(of: "/run/svcd-hook/hook.sock", with: daemon.hookPath)
            text = text.replacingOccurrences(of: "127.0.0.1:8080", with: "127.0.0.1:\(port)")
            switch name {
            case "Caddyfile":
                text = text.replacingOccurrences(of: ":8080", with: ":\(port)")
            case "backends.map":
                text = backends.map { "\($0.key) \($0.value)\(kind == .nginx ? ";" : "")\n" }.joined()
            case "haproxy.cfg":
                text = text.components(separatedBy: "# One backend per service")[0]
                text += backends.map { "backend \($0.key)\n    server one \($0.value)\n" }.joined()
            default: break
            }
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let command: [String] =
            switch kind {
            case .nginx:
                ["nginx", "-c", directory + "/nginx.conf", "-g", "daemon off; user root; pid \(directory)/pid;"]
            case .caddy: ["caddy", "run", "--config", directory + "/Caddyfile", "--adapter", "caddyfile"]
            case .haproxy: ["haproxy", "-db", "-f", directory + "/haproxy.cfg"]
            }
        try start(command)
        try await eventually("\(kind) serves", within: .seconds(15)) {
            guard self.process.process.isRunning else { throw Overdue(description: "\(kind) ended: \(self.log)") }
            return (try? TCPConnection(host: "127.0.0.1", port: self.port))?.close() != nil
        }
    }

    private func start(_ command: [String]) throws {
        let process = process.process
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["HOME=\(directory)", "XDG_DATA_HOME=\(directory)"] + command
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        _ = FileManager.default.createFile(atPath: directory + "/log", contents: nil)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: directory + "/log"))
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    func stop() {
        process.process.terminate()
        process.process.waitUntilExit()
    }

    func ask(_ service: String, _ path: String, post body: [UInt8]? = nil) async throws -> Answer {
        let client = HTTPClient(
            host: "127.0.0.1", port: Int(port), eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let clock = ContinuousClock()
        let began = clock.now
        let request = HTTPRequest(
            body == nil ? "GET" : "POST", "/\(service)\(path)", headers: [("Connection", "close")], body: body ?? [])
        let response = try await client.send(request, within: .seconds(20))
        return Answer(
            status: response.status, text: String(buffer: response.body),
            headers: response.headers.map { ($0.name, $0.value) },
            milliseconds: Double((clock.now - began) / .microseconds(10)) / 100)
    }
}
