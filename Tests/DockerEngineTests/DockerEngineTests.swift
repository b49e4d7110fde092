import NIOConcurrencyHelpers
import NIOPosix
import SleepCore
import TestSupport
import Testing

@testable import DockerEngine

@Suite("the Docker client, against a stub on a real socket")
struct DockerEngineTests {
    private let id = String(repeating: "a", count: 64)

    private func engine(_ stub: StubServer) -> DockerEngine {
        DockerEngine(socketPath: stub.path, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
    }

    private func with(
        _ handler: @escaping @Sendable (String) -> StubServer.Answer,
        _ body: (DockerEngine, StubServer) async throws -> Void
    ) async throws {
        let stub = try await StubServer(handler)
        do {
            try await body(engine(stub), stub)
        } catch {
            try await stub.close()
            throw error
        }
        try await stub.close()
    }

    private func inspected(_ name: String, status: String = "running") -> String {
        #"{"Id":"\#(id)","Name":"/\#(name)","State":{"Status":"\#(status)","Pid":7},"Config":{"Image":"i"}}"#
    }

    @Test("keeps a connection alive, and asks again where it turns out dead")
    func keepAlive() async throws {
        try await with { _ in
            .json(200, "[]")
        } _: { engine, stub in
            for _ in 0..<20 { _ = try await engine.list(within: .seconds(2)) }
            #expect(stub.connections == 1)
        }
        let count = NIOLockedValueBox(0)
        try await with { _ in
            // The second request finds its connection closed.
            count.withLockedValue {
                $0 += 1; return $0
            } == 2 ? .hangUp : .json(200, "[]")
        } _: { engine, stub in
            for _ in 0..<3 { _ = try await engine.list(within: .seconds(2)) }
            #expect(stub.connections == 2)
        }
    }

    @Test("a pause whose connection broke is not sent twice, and may have landed")
    func postIsNotRepeated() async throws {
        try await with { request in
            request.hasPrefix("POST") ? .hangUp : .json(200, "[]")
        } _: { engine, stub in
            _ = try await engine.list(within: .seconds(2))
            let fault = await #expect(throws: EngineFault.self) { try await engine.pause(id: "x", within: .seconds(2)) }
            #expect(fault?.mayStillLand == true)
            #expect(stub.requests.count { $0.hasPrefix("POST") } == 1)
        }
    }

    @Test("every call has a deadline, and can be cancelled")
    func deadlines() async throws {
        try await with { _ in
            .silence
        } _: { engine, _ in
            let clock = ContinuousClock()
            let began = clock.now
            let fault = await #expect(throws: EngineFault.self) { try await engine.ping(within: .milliseconds(100)) }
            #expect(fault?.isSilence == true)
            #expect(clock.now - began < .seconds(5))
            let waiting = Task { try await engine.unpause(id: "x", within: .seconds(600)) }
            waiting.cancel()
            await #expect(throws: EngineFault.cancelled) { try await waiting.value }
        }
        let nowhere = DockerEngine(
            socketPath: "/nonexistent/docker.sock", eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let fault = await #expect(throws: EngineFault.self) { try await nowhere.pause(id: "x", within: .seconds(1)) }
        #expect(fault?.mayStillLand == false)
        #expect(fault?.description == "Docker can't be reached: /nonexistent/docker.sock: no such socket")
    }

    @Test("errors keep Docker's message, and nonsense is told from refusal")
    func errors() async throws {
        try await with { request in
            request.contains("pause")
                ? .json(409, #"{"message":"Container x is already paused"}"#) : .json(200, "<html>")
        } _: { engine, _ in
            await #expect(throws: EngineFault.refused(status: 409, message: "Container x is already paused")) {
                try await engine.pause(id: "x", within: .seconds(2))
            }
            let fault = await #expect(throws: EngineFault.self) { try await engine.list(within: .seconds(2)) }
            if case .garbled = fault {} else { Issue.record("\(String(describing: fault))") }
        }
    }

    @Test(
        "no name reaches another endpoint",
        arguments: ["../images", "a/b", "..", ".", "a?b=c", "a#b", "%2e%2e", "ä b", ""])
    func escaping(name: String) async throws {
        try await with { _ in
            .json(404, "{}")
        } _: { engine, stub in
            let found = try await engine.inspect(id: name, within: .seconds(2))
            #expect(found == nil)
            for request in stub.requests {
                let path = request.dropFirst("GET ".count)
                #expect(path.hasPrefix("/containers/") && path.hasSuffix("/json"))
                #expect(path.split(separator: "/", omittingEmptySubsequences: false).count == 4)
                #expect(!path.contains("?") && !path.contains("#"))
            }
        }
    }

    @Test("the beginning of an id is not a name")
    func idPrefix() async throws {
        let answer = inspected("github")
        try await with { _ in
            .json(200, answer)
        } _: { engine, _ in
            #expect(try await engine.find(.name("aaaa"), within: .seconds(2)).isEmpty)
            let found = try await engine.find(.name("github"), within: .seconds(2))
            #expect(found.map(\.pid) == [7])
        }
    }

    @Test("a wake is one call")
    func oneCall() async throws {
        try await with { _ in
            .json(204, "")
        } _: { engine, stub in
            try await engine.unpause(id: id, within: .seconds(2))
            try await engine.start(id: id, within: .seconds(2))
            try await engine.stop(id: id, grace: .seconds(5), within: .seconds(2))
            #expect(
                stub.requests == [
                    "POST /containers/\(id)/unpause", "POST /containers/\(id)/start", "POST /containers/\(id)/stop?t=5",
                ])
        }
    }

    @Test("events: lines split across chunks, unknown kinds, a huge line and garbage are survived")
    func events() async throws {
        func event(_ action: String, type: String = "container") -> String {
            #"{"Type":"\#(type)","Action":"\#(action)","Actor":{"ID":"x","Attributes":{"name":"n"}}}"# + "\n"
        }
        let pause = event("pause")
        let chunks = [
            String(pause.prefix(20)), String(pause.dropFirst(20).dropLast(3)), String(pause.suffix(3)),
            "garbage\n\n{\"Type\":7}\n", event("mount", type: "volume"), event("exec_start: sh -c x"),
            String(repeating: "y", count: 3 << 20) + "\n", event("unpause") + event("die").dropLast(1) + "\r\n",
        ]
        try await with { _ in
            .brokenStream(chunks)
        } _: { engine, stub in
            let seen = NIOLockedValueBox<[String]>([])
            await #expect(throws: EngineFault.self) {
                try await engine.events {
                    seen.withLockedValue { $0.append("ready") }
                } receive: { event in
                    seen.withLockedValue { $0.append(event.action) }
                }
            }
            #expect(seen.withLockedValue { $0 } == ["ready", "pause", "exec_start", "unpause", "die"])
            #expect(stub.requests.first?.contains("since=") == true)
        }
    }
}
