import ControlTypes
import Foundation
import TestSupport
import Testing

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
                    let plain = try await Gateway(kind, daemon, gateway.backends, asks: false)
                    defer { plain.stop() }
                    var (waking, awake, alone): ([Double], [Double], [Double]) = ([], [], [])
                    for round in 0..<200 {
                        try await daemon.sleep("s0")
                        let answer = try await gateway.ask("s0", "/")
                        try #require(
                            answer.status == 200 && answer.text == "hello", "\(kind), round \(round): \(answer)")
                        #expect(answer.header("Server-Timing")?.hasPrefix("wake;dur=") == true, "\(kind): \(answer)")
                        waking.append(answer.milliseconds)
                        awake.append(try await gateway.ask("s0", "/").milliseconds)
                        alone.append(try await plain.ask("s0", "/").milliseconds)
                    }
                    let base = alone.sorted()[100]
                    print(
                        String(
                            format: "%@, p50 of 200: %.2f ms without svcd; svcd adds %.2f ms awake, %.2f ms asleep",
                            kind.rawValue, base, awake.sorted()[100] - base, waking.sorted()[100] - base))
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
