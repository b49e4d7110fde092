import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// What goes on for long, through a gateway. SVCD_TEST_STREAM_SECONDS says how long: 60, or 600 for the promise.
    @Suite("streams")
    struct Streams {
        private static let span = Duration.seconds(
            ProcessInfo.processInfo.environment["SVCD_TEST_STREAM_SECONDS"].flatMap(Int.init) ?? 60)

        private static func services(idleAfter: String) -> [String] {
            ["upload", "socket", "pooled", "silent"].map {
                let more = $0 == "silent" ? ", activity: [hook, network, cpu, connections]" : ""
                return "\($0): {tier: on-demand, idle_after: \(idleAfter), min_awake: 0s, reclaim: never\(more)}"
            }
        }

        @Test("uploads, WebSockets and counted silent connections hold awake through nginx; a silent pool doesn't")
        func throughNginx() async throws {
            try await TestDaemon.with(services: Self.services(idleAfter: "1h")) { daemon, docker in
                let names = ["upload", "socket", "silent", "pooled"]
                var backends: [String: String] = [:]
                for name in names {
                    try await docker.serve(name)
                    backends[name] = try await docker.address(name) + ":80"
                }
                for name in names { try await daemon.wait(name, is: "awake") }
                let nginx = try await Gateway(.nginx, daemon, backends, pooled: "pooled")
                defer { nginx.stop() }
                let seconds = Int(Self.span / .seconds(1))
                let uploading = try open(
                    nginx, "POST /upload/size HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(seconds << 13)\r\n\r\n")
                let (talking, silent) = (try upgrade(nginx, "socket"), try upgrade(nginx, "silent"))
                // Not before they have begun: Docker and nginx may take their time.
                try daemon.write(services: Self.services(idleAfter: "5s"))
                #expect(try await daemon.svcctl("reload").status == 0)
                let end = ContinuousClock().now + Self.span
                async let uploaded: Void = upload(uploading, until: end)
                async let talked: Void = exchange(talking, kibibytes: 1, until: end)
                async let kept: Void = exchange(silent, kibibytes: 0, until: end)
                async let pooled: Void = pool(nginx, daemon, docker)
                _ = try await (uploaded, talked, kept, pooled)
                for connection in [uploading, talking, silent] { connection.close() }
                let slept = try await daemon.get(History.self, "/v1/history").history
                    .filter { $0.to == "asleep" }.map(\.service)
                #expect(Set(slept) == ["pooled"])
                // Nothing holds them any more.
                for name in names { try await daemon.wait(name, is: "asleep", within: .seconds(20)) }
            }
        }

        private func open(_ nginx: Gateway, _ request: String) throws -> TCPConnection {
            let connection = try TCPConnection(host: "127.0.0.1", port: nginx.port)
            try connection.send(request)
            return connection
        }

        private func upgrade(_ nginx: Gateway, _ name: String) throws -> TCPConnection {
            let connection = try open(
                nginx,
                "GET /\(name)/upgrade HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            try #require(try connection.receive().hasPrefix("HTTP/1.1 101"))
            return connection
        }

        /// 8 KiB a second. Every byte of it arrives.
        private func upload(_ connection: TCPConnection, until end: ContinuousClock.Instant) async throws {
            let blocks = Int(Self.span / .seconds(1)) << 3
            let block = String(repeating: "x", count: 1 << 10)
            for part in 1...blocks {
                try connection.send(block)
                try await ContinuousClock().sleep(until: end - .milliseconds(125) * (blocks - part))
            }
            let answer = try connection.receive()
            #expect(answer.hasSuffix("\(blocks << 10) \((blocks << 10) * 120)"), "\(answer)")
        }

        /// So much four times a second, to the service and back, and something at the end.
        private func exchange(
            _ connection: TCPConnection, kibibytes: Int, until end: ContinuousClock.Instant
        ) async throws {
            let block = String(repeating: "x", count: kibibytes << 10)
            while ContinuousClock().now < end {
                if !block.isEmpty { try connection.send(block) }
                var echoed = 0
                while echoed < block.utf8.count { echoed += try connection.receive().utf8.count }
                try await Task.sleep(for: .milliseconds(250))
            }
            try connection.send("still there")
            #expect(try connection.receive() == "still there")
        }

        /// Eight connections that nginx keeps to the service, and says nothing on.
        private func pool(_ nginx: Gateway, _ daemon: TestDaemon, _ docker: Dockerd) async throws {
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await nginx.ask("pooled", "/wait/300").status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 200, count: 8))
            try await daemon.wait("pooled", is: "asleep", within: .seconds(20))
            let pid = try await docker("inspect", "-f", "{{.State.Pid}}", "pooled")
            let table =
                try String(contentsOfFile: "/proc/\(pid)/net/tcp6", encoding: .utf8)
                + String(contentsOfFile: "/proc/\(pid)/net/tcp", encoding: .utf8)
            // Local port 80, state 01: established (proc_net_tcp in the kernel's documentation).
            let open = table.split(separator: "\n").map { $0.split(separator: " ") }
                .filter { $0.count > 3 && $0[1].hasSuffix(":0050") && $0[3] == "01" }
            #expect(open.count >= 2, "\(table)")
            #expect(try await nginx.ask("pooled", "/").text == "hello")
        }
    }
}
