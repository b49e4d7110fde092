import ControlServer
import ControlTypes
import Foundation
import NIOConcurrencyHelpers
import SleepCore
import TestSupport
import Testing

/// One after the other: raw sockets block, and the pool has few threads.
@Suite("the sockets, over a fake engine", .serialized)
struct ControlServerTests {
    private static let services = ["github", "fetch"]

    private func with(_ body: (TestServer) async throws -> Void) async throws {
        let server = try await TestServer(services: Self.services)
        do {
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    @Test("an awake hook is 200, at once, whatever is in the way")
    func awakeHook() async throws {
        try await with { server in
            for request in [
                "GET /hook/github HTTP/1.1\r\nHost: x\r\n\r\n",
                "POST /hook/github/some/path?and=query HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
                "PUT /hook/github HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
                "GET /hook/github HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
                "HEAD /hook/github HTTP/1.0\r\n\r\n",
            ] {
                let answer = try await server.exchange(request, on: .hook)
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(answer)")
                #expect(answer.contains("Content-Length: 0\r\n"))
                #expect(answer.contains("X-Svcd-State: awake\r\n"))
            }
        }
    }

    @Test("one connection takes hooks of every form, whole, in pieces and several at once")
    func mixedForms() async throws {
        try await with { server in
            let plain = "GET /hook/github HTTP/1.1\r\nHost: x\r\n\r\n"
            let kept = "POST /hook/github HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
            let connection = try server.connect(.hook)
            defer { connection.close() }
            for round in 0..<3 {
                for request in [plain, kept, plain + kept + plain, kept + plain] {
                    let count = request.components(separatedBy: "/hook/").count - 1
                    try connection.send(String(request.dropLast(round * 7)))
                    if round > 0 {
                        // What is there is read before the rest comes.
                        try await Task.sleep(for: .milliseconds(5))
                        try connection.send(String(request.suffix(round * 7)))
                    }
                    var answer = ""
                    while answer.components(separatedBy: "HTTP/1.1 200 OK\r\n").count - 1 < count {
                        answer += try connection.receive()
                    }
                }
            }
            // What looks like a hook may be the rest of a head that has begun.
            try connection.send(plain + "GET /hook/github HTTP/1.1\r\nX: ")
            #expect(try connection.receive().hasSuffix("wake;dur=0\r\n\r\n"))
            try connection.send(plain)
            let one = try connection.receive()
            #expect(one.components(separatedBy: "HTTP/1.1 200 OK\r\n").count == 2)
            try connection.send(plain)
            #expect(try connection.receive().components(separatedBy: "HTTP/1.1 200 OK\r\n").count == 2)
            // The one behind a hook that waits is answered after it.
            try await server.sleep("github")
            try connection.send(plain)
            try connection.send("GET /hook/fetch HTTP/1.1\r\nHost: x\r\n\r\n")
            var answer = ""
            while answer.components(separatedBy: "\r\n\r\n").count < 3 { answer += try connection.receive() }
            #expect(answer.contains("Server-Timing: wake;dur="))
            #expect(answer.hasSuffix("Server-Timing: wake;dur=0\r\n\r\n"))
        }
    }

    @Test("a sleeper is woken by one engine call, its waiters share it, and each failure has its status")
    func sleeperHook() async throws {
        try await with { server in
            try await server.sleep("github")
            let before = server.engine.calls.count
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await server.exchange("GET /hook/github HTTP/1.1\r\nHost: x\r\n\r\n", on: .hook)
                    }
                }
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.hasPrefix("HTTP/1.1 200") && $0.contains("Server-Timing: wake;dur=") })
            #expect(server.engine.calls.dropFirst(before).filter { $0 != "find github" } == ["unpause github"])

            try await server.external("github", .paused)
            let held = try await server.exchange("GET /hook/github HTTP/1.1\r\nHost: x\r\n\r\n", on: .hook)
            #expect(held.hasPrefix("HTTP/1.1 423") && held.contains("X-Svcd-State: held"))
            #expect(!held.contains("github"))
            let unknown = try await server.exchange("GET /hook/githbu HTTP/1.1\r\nHost: x\r\n\r\n", on: .hook)
            #expect(unknown.hasPrefix("HTTP/1.1 404") && !unknown.contains("github"))
            try await server.external("github", .down)
            let down = try await server.exchange("GET /hook/github HTTP/1.1\r\nHost: x\r\n\r\n", on: .hook)
            #expect(down.hasPrefix("HTTP/1.1 503") && down.contains("Retry-After: "))
            #expect(down.contains("application/problem+json"))
        }
    }

    @Test(
        "the hook socket serves hooks, leases and health, and nothing else",
        arguments: [
            "GET /v1/services", "POST /v1/services/github/wake", "POST /v1/services/github/sleep",
            "PUT /v1/mode?mode=off",
            "POST /v1/reload", "GET /v1/events", "PUT /v1/services/github/pin", "GET /v1/policy",
        ])
    func powers(request: String) async throws {
        try await with { server in
            let answer = try await server.exchange("\(request) HTTP/1.1\r\nHost: x\r\n\r\n", on: .hook)
            #expect(answer.hasPrefix("HTTP/1.1 403"), "\(answer)")
            for request in ["GET /healthz", "POST /v1/services/github/leases"] {
                let answer = try await server.exchange("\(request) HTTP/1.1\r\nHost: x\r\n\r\n", on: .hook)
                #expect(answer.hasPrefix("HTTP/1.1 20"), "\(answer)")
            }
        }
    }

    @Test(
        "what is wrong with a request is said as a problem",
        arguments: [
            ("GET /nowhere", 404), ("GET /v1/services/githbu", 404), ("DELETE /v1/services", 405),
            ("POST /v1/services/github/wake?timeout=soon", 400), ("POST /v1/services/github/wake?wait=maybe", 400),
            ("POST /v1/services/github/sleep?depth=deep", 400), ("POST /v1/services/github/sleep?force=perhaps", 400),
            ("PUT /v1/services/github/pin?for=-1h", 400), ("POST /v1/services/github/leases?ttl=2h", 400),
            ("PUT /v1/mode?mode=fast", 400), ("PUT /v1/mode", 400), ("DELETE /v1/leases/none", 404),
            ("GET /v1/history?since=yesterday", 400), ("GET /v1/history?limit=0", 400), ("GET /v1/services/%zz", 404),
            ("GET /hook/", 404), ("POST /v1/reload", 422),
        ])
    func problems(request: String, status: Int) async throws {
        try await with { server in
            let answer = try await server.exchange("\(request) HTTP/1.1\r\nHost: x\r\n\r\n", on: .control)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.contains("application/problem+json"))
            let body = Array((answer.components(separatedBy: "\r\n\r\n").last ?? "").utf8)
            let problem = try Wire.decode(Problem.self, from: body)
            #expect(problem.status == status && !problem.title.isEmpty && !problem.detail.isEmpty)
        }
    }

    @Test("every key of a service is always there")
    func serviceKeys() async throws {
        try await with { server in
            let answer = try await server.exchange("GET /v1/services/github HTTP/1.1\r\nHost: x\r\n\r\n", on: .control)
            for key in [
                "name", "tier", "state", "depth", "since", "trigger", "by", "container", "freezer", "wake_budget_ms",
                "idle_s", "pinned", "leases", "error", "retry_at", "memory", "wakes", "last_wake", "resident_bytes",
                "within_budget", "p50_ms",
            ] { #expect(answer.contains("\"\(key)\":"), "\(key)") }
        }
    }

    @Test("what may never sleep says so in a word for scripts, other vetoes don't")
    func reasons() async throws {
        let server = try await TestServer(services: ["gateway", "github"], never: ["gateway"])
        func refused(_ name: String) async throws -> Problem {
            let request = "POST /v1/services/\(name)/sleep HTTP/1.1\r\nHost: x\r\n\r\n"
            let answer = try await server.exchange(request, on: .control)
            #expect(answer.hasPrefix("HTTP/1.1 409"), "\(answer)")
            return try Wire.decode(
                Problem.self, from: Array((answer.components(separatedBy: "\r\n\r\n").last ?? "").utf8))
        }
        let never = try await refused("gateway")
        #expect(never.reason == "never-sleeps" && never.vetoes == ["the policy says sleep: never"])
        let pin = "PUT /v1/services/github/pin HTTP/1.1\r\nHost: x\r\n\r\n"
        #expect(try await server.exchange(pin, on: .control).hasPrefix("HTTP/1.1 200"))
        let pinned = try await refused("github")
        #expect(pinned.reason == nil && pinned.vetoes == ["it is pinned"])
        await server.stop()
    }

    @Test("leases keep awake, end, expire, and belong to their peer")
    func leases() async throws {
        try await with { server in
            try await server.sleep("github")
            let answer = try await server.exchange(
                "POST /v1/services/github/leases?ttl=1h HTTP/1.1\r\nHost: x\r\n\r\n", on: .hook)
            #expect(answer.hasPrefix("HTTP/1.1 201"))
            let body = Array((answer.components(separatedBy: "\r\n\r\n").last ?? "").utf8)
            let lease = try Wire.decode(Lease.self, from: body)
            #expect(lease.wake.woke && lease.id.count == 32)
            let refused = try await server.exchange(
                "POST /v1/services/github/sleep HTTP/1.1\r\nHost: x\r\n\r\n", on: .control)
            #expect(refused.hasPrefix("HTTP/1.1 409") && refused.contains("a lease is live"))
            for (method, status) in [("PUT", 204), ("DELETE", 204), ("DELETE", 404)] {
                let answer = try await server.exchange(
                    "\(method) /v1/leases/\(lease.id) HTTP/1.1\r\nHost: x\r\n\r\n", on: .hook)
                #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
            }
        }
    }

    @Test("a thousand live leases of one peer are enough")
    func leaseLimit() async throws {
        try await with { server in
            let request = "POST /v1/services/github/leases?ttl=1h HTTP/1.1\r\nHost: x\r\n\r\n"
            let connection = try server.connect(.hook)
            defer { connection.close() }
            for _ in 0..<1000 { #expect(try connection.exchange(request).hasPrefix("HTTP/1.1 201")) }
            #expect(try connection.exchange(request).hasPrefix("HTTP/1.1 429"))
        }
    }

    @Test("pipelined requests are answered in order")
    func pipelining() async throws {
        try await with { server in
            try await server.sleep("github")
            let connection = try server.connect(.control)
            defer { connection.close() }
            // The first has to wait for a wake; the others must not overtake it.
            let requests = ["/hook/github", "/v1/mode", "/hook/nobody", "/v1/services/fetch"]
            try connection.send(requests.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
            var answers = ""
            while answers.components(separatedBy: "HTTP/1.1 ").count < 5 { answers += try connection.receive() }
            let statuses = answers.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
            #expect(statuses == ["200", "200", "404", "200"])
            #expect(answers.contains("Server-Timing: wake;dur="))
        }
    }

    @Test("half-closed callers still get their answer")
    func halfClosed() async throws {
        try await with { server in
            try await server.sleep("github")
            let connection = try server.connect(.hook)
            defer { connection.close() }
            try connection.send("GET /hook/github HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.closeOutput()
            #expect(try connection.receive().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("a caller that goes away undoes nothing")
    func goneCaller() async throws {
        try await with { server in
            try await server.sleep("github")
            let connection = try server.connect(.hook)
            try connection.send("GET /hook/github HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.close()
            try await eventually("it wakes all the same") { try await server.state("github") == "awake" }
        }
    }

    @Test("hostile callers delay nobody's hook", arguments: Hostility.allCases)
    func hostile(_ hostility: Hostility) async throws {
        try await with { server in
            var connections: [RawConnection] = []
            defer { connections.forEach { $0.close() } }
            switch hostility {
            case .thousandOpen:
                for _ in 0..<1000 { connections.append(try server.connect(.hook)) }
            case .slowHeads:
                for _ in 0..<200 {
                    let connection = try server.connect(.hook)
                    try connection.send("GET /hook/github HTT")
                    connections.append(connection)
                }
            case .hugeHead:
                let connection = try server.connect(.hook)
                try? connection.send("GET /hook/github HTTP/1.1\r\n")
                for _ in 0..<200 { try? connection.send("X-Long: \(String(repeating: "x", count: 1000))\r\n") }
                #expect(try connection.receive().hasPrefix("HTTP/1.1 431"))
                connections.append(connection)
            case .hugeBody:
                let connection = try server.connect(.hook)
                try? connection.send("POST /hook/github HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
                for _ in 0..<5000 {
                    if (try? connection.send(String(repeating: "x", count: 1000))) == nil { break }
                }
                connections.append(connection)
            case .garbage:
                for text in ["\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
                    let connection = try server.connect(.hook)
                    try connection.send(text)
                    #expect(try connection.receive().hasPrefix("HTTP/1.1 400"))
                    connections.append(connection)
                }
            case .pipelinedFlood:
                let connection = try server.connect(.hook)
                let flood = String(repeating: "GET /hook/github HTTP/1.1\r\nHost: x\r\n\r\n", count: 2000)
                try? connection.send(flood)
                connections.append(connection)
            }
            for _ in 0..<50 {
                let answer = try await server.exchange("GET /hook/fetch HTTP/1.1\r\nHost: x\r\n\r\n", on: .hook)
                #expect(answer.hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    enum Hostility: CaseIterable { case thousandOpen, slowHeads, hugeHead, hugeBody, garbage, pipelinedFlood }

    @Test("events are told as they happen")
    func events() async throws {
        try await with { server in
            let connection = try server.connect(.control)
            defer { connection.close() }
            try connection.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            var text = try connection.receive()
            while !text.contains(": svcd") { text += try connection.receive() }
            #expect(text.contains("text/event-stream"))
            try await server.sleep("github")
            while !text.contains("\"to\":\"asleep\"") { text += try connection.receive() }
            #expect(text.contains("event: transition\n"))
        }
    }

    @Test("health follows the engine")
    func health() async throws {
        try await with { server in
            let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            #expect(try await server.exchange(request, on: .hook).hasPrefix("HTTP/1.1 200"))
            server.engine.isUp = false
            try await eventually("unhealthy") {
                try await server.exchange(request, on: .hook).hasPrefix("HTTP/1.1 503")
            }
            // What ran when Docker was last asked is let through.
            let hook = try await server.exchange("GET /hook/github HTTP/1.1\r\nHost: x\r\n\r\n", on: .hook)
            #expect(hook.hasPrefix("HTTP/1.1 200"))
            server.engine.isUp = true
            try await eventually("healthy") { try await server.exchange(request, on: .hook).hasPrefix("HTTP/1.1 200") }
        }
    }
}
