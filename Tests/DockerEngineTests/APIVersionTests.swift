import NIOConcurrencyHelpers
import NIOPosix
import SleepCore
import TestSupport
import Testing

@testable import DockerEngine

@Suite("which version of the API is spoken")
struct APIVersionTests {
    /// What a dockerd of that version takes, and how it refuses the rest.
    private struct Release: Sendable {
        var newest: String
        var oldest: String

        static let v20 = Release(newest: "1.41", oldest: "1.12")
        static let v28 = Release(newest: "1.51", oldest: "1.24")
        static let v29 = Release(newest: "1.52", oldest: "1.44")
        static let v29later = Release(newest: "1.55", oldest: "1.44")
        /// Of which svcd knows nothing.
        static let future = Release(newest: "1.70", oldest: "1.60")

        func answer(_ request: String) -> StubServer.Answer {
            if request.contains("_ping") { return .json(200, "OK", ["Api-Version": newest]) }
            let path = request.split(separator: " ").last ?? ""
            if path.hasPrefix("/v"), let asked = APIVersion(String(path.dropFirst(2).prefix { $0 != "/" })) {
                if let oldest = APIVersion(oldest), asked < oldest {
                    return refusal("client version \(asked) is too old. Minimum supported API version is \(oldest)")
                }
                if let newest = APIVersion(newest), asked > newest {
                    return refusal("client version \(asked) is too new. Maximum supported API version is \(newest)")
                }
            }
            if path.contains("/events") {
                return .brokenStream([#"{"Type":"container","Action":"start","Actor":{"ID":"x"}}"# + "\n"])
            }
            if path.hasSuffix("/version") {
                return .json(200, #"{"Version":"x","ApiVersion":"\#(newest)","MinAPIVersion":"\#(oldest)"}"#)
            }
            return .json(200, "[]")
        }

        private func refusal(_ message: String) -> StubServer.Answer {
            .json(400, #"{"message":"\#(message), please change your client"}"#)
        }
    }

    /// Docker, which an operator upgrades.
    private final class Docker: Sendable {
        let release: NIOLockedValueBox<Release>
        let stub: StubServer
        let engine: DockerEngine

        init(_ release: Release) async throws {
            let box = NIOLockedValueBox(release)
            self.release = box
            stub = try await StubServer { request in box.withLockedValue { $0.answer(request) } }
            engine = DockerEngine(socketPath: stub.path, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        }

        func become(_ release: Release) { self.release.withLockedValue { $0 = release } }

        /// The version of the last request.
        var spoken: String? {
            guard let path = stub.requests.last?.split(separator: " ").last, path.hasPrefix("/v1.") else { return nil }
            return String(path.dropFirst(2).prefix { $0 != "/" })
        }

        /// Whether the event stream begins.
        func streams() async -> Bool {
            let isReady = NIOLockedValueBox(false)
            try? await engine.events {
                isReady.withLockedValue { $0 = true }
            } receive: { _ in
            }
            return isReady.withLockedValue { $0 }
        }
    }

    private func with(_ release: Release, _ body: (Docker) async throws -> Void) async throws {
        let docker = try await Docker(release)
        do {
            try await body(docker)
        } catch {
            try await docker.stub.close()
            throw error
        }
        try await docker.stub.close()
    }

    @Test(
        "the newest that both know",
        arguments: [
            (Release.v20, "1.41"), (.v28, "1.51"), (.v29, "1.52"), (.v29later, "1.55"),
            (Release(newest: "1.58", oldest: "1.50"), "1.55"),
        ])
    private func newest(release: Release, version: String) async throws {
        try await with(release) { docker in
            try await docker.engine.ping(within: .seconds(2))
            _ = try await docker.engine.list(within: .seconds(2))
            #expect(docker.spoken == version)
            #expect(await docker.streams())
            #expect(docker.spoken == version)
            #expect(docker.stub.requests.count == 3)
        }
    }

    @Test("one that wants a newer version than any known here is spoken to in its oldest, after every ping, too")
    func future() async throws {
        try await with(.future) { docker in
            for _ in 0..<3 {
                try await docker.engine.ping(within: .seconds(2))
                #expect(await docker.streams())
                #expect(docker.spoken == "1.60")
                #expect(try await docker.engine.list(within: .seconds(2)).isEmpty)
                try await docker.engine.pause(id: "x", within: .seconds(2))
                #expect(docker.spoken == "1.60")
            }
            // Once refused, never again.
            #expect(docker.stub.requests.count { $0.contains("/v1.55/") } == 2)
        }
    }

    @Test("the event stream takes over what it is offered, with no other call before it")
    func eventsAlone() async throws {
        try await with(.v20) { docker in
            try await docker.engine.ping(within: .seconds(2))
            docker.become(.v29)
            #expect(await docker.streams())
            #expect(docker.spoken == "1.44")
        }
    }

    @Test("an upgrade or a downgrade while svcd runs takes one more request, and no ping")
    func upgrade() async throws {
        try await with(.v20) { docker in
            try await docker.engine.ping(within: .seconds(2))
            for (release, atOnce, afterPing) in [
                (Release.v29, "1.44", "1.52"), (.future, "1.60", "1.60"), (.v20, "1.41", "1.41"),
                (.v28, "1.41", "1.51"),
                (.v29later, "1.51", "1.55"), (.v20, "1.41", "1.41"),
            ] {
                docker.become(release)
                try await docker.engine.pause(id: "x", within: .seconds(2))
                #expect(docker.spoken == atOnce)
                try await docker.engine.ping(within: .seconds(2))
                _ = try await docker.engine.list(within: .seconds(2))
                #expect(docker.spoken == afterPing)
            }
        }
    }

    @Test("an engine that refuses whatever it is asked in is asked twice, not for ever")
    func neverContent() async throws {
        let stub = try await StubServer { request in
            request.contains("_ping")
                ? .json(200, "OK", ["Api-Version": "1.41"])
                : .json(400, #"{"message":"client version 1.41 is too old. Minimum supported API version is 1.99"}"#)
        }
        let engine = DockerEngine(socketPath: stub.path, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        try await engine.ping(within: .seconds(2))
        await #expect(throws: EngineFault.self) { try await engine.list(within: .seconds(2)) }
        #expect(stub.requests.count == 3)
        try await stub.close()
    }

    @Test("no version", arguments: ["", "1", "1.", ".1", "1.2.3", "1.-2", "-1.2", "one.two", "1.99999999999999999999"])
    func garbage(text: String) {
        #expect(APIVersion(text) == nil)
    }
}
