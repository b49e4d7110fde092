import SleepCore
import TestSupport
import Testing

@testable import ControlServer

@Suite("the plainest hook")
struct PlainHookTests {
    private static func service(_ text: String) -> String? {
        Array(text.utf8).withUnsafeBufferPointer { PlainHook.service(Span(_unsafeElements: $0)) }
    }

    @Test(
        "is read by itself",
        arguments: [
            "GET /hook/github HTTP/1.1\r\n\r\n",
            "GET /hook/github/a/b?c=%20d HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n",
            "GET /hook/github?wake HTTP/1.1\r\nCookie: a=\u{e4}; b\r\nContent-Type:\r\n\r\n",
        ])
    func plain(request: String) { #expect(Self.service(request) == "github") }

    @Test(
        "is told from everything else",
        arguments: [
            "", "GET", "GET /hook/", "GET /hook/github", "GET /hook/github HTTP/1.1\r\n",
            "GET /hook/github HTTP/1.1\r\nHost: x\r\n", "GET /hook/github HTTP/1.1\r\nHost: x\r\n\r",
            "GET /hook/ HTTP/1.1\r\n\r\n", "GET /hook/git%68ub HTTP/1.1\r\n\r\n",
            "GET /hook/github HTTP/1.0\r\n\r\n", "GET /hook/github  HTTP/1.1\r\n\r\n",
            "POST /hook/github HTTP/1.1\r\n\r\n", "GET /healthz HTTP/1.1\r\n\r\n",
            "GET /hook/github HTTP/1.1\r\n\r\nGET",
            "GET /hook/github HTTP/1.1\r\n\r\nGET /hook/github HTTP/1.1\r\n\r\n",
            "GET /hook/github HTTP/1.1\r\nConnection: close\r\n\r\n",
            "GET /hook/github HTTP/1.1\r\ncontent-length: 3\r\n\r\n",
            "GET /hook/github HTTP/1.1\r\nTRANSFER-ENCODING: chunked\r\n\r\n",
            "GET /hook/github HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
            "GET /hook/github HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
            "GET /hook/github HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "GET /hook/github HTTP/1.1\r\nHost : x\r\n\r\n",
            "GET /hook/github HTTP/1.1\r\nHost: x\n\r\n", "GET /hook/github HTTP/1.1\r\n: x\r\n\r\n",
            "GET /hook/github HTTP/1.1\r\nHost: a\0b\r\n\r\n", "GET /hook/git\u{e4} HTTP/1.1\r\n\r\n",
        ])
    func other(request: String) { #expect(Self.service(request) == nil) }

    /// What it takes for a hook, the parser must answer in the same way.
    @Test("means to the parser what it means here", arguments: [1, 2, 3])
    func asTheParser(seed: UInt64) async throws {
        var random = SplitMix(state: seed)
        let whole = Array("GET /hook/github/x?y HTTP/1.1\r\nHost: svcd\r\nUser-Agent: curl/8\r\nA-b: c\r\n\r\n".utf8)
        let server = try await TestServer(services: ["github"])
        var taken = 0
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let at = Int.random(in: bytes.indices, using: &random)
                let sign = Array("aZ0 \t\r\n:;-_%/?\u{7f}\0".utf8).randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[at] = sign
                case 1: bytes.insert(sign, at: at)
                default: bytes.remove(at: at)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard Array(text.utf8) == bytes, Self.service(text) == "github" else { continue }
            taken += 1
            // A header of no meaning that only the parser takes.
            let slow = String(text.dropLast(2)) + "Expect: nothing\r\n\r\n"
            guard slow.hasSuffix("\r\n\r\n"), Self.service(slow) == nil else { continue }
            let answers = [
                try await server.exchange(text, on: .hook), try await server.exchange(slow, on: .hook),
            ]
            #expect(answers[0] == answers[1], "\(text.debugDescription)")
        }
        await server.stop()
        #expect(taken > 100)
    }
}
