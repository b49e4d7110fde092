import Foundation
import NIOCore
import Testing

@testable import svcd

@Suite("--listen")
struct ListenPlanTests {
    /// Calls `body` with the path of a token file.
    private func withToken(
        _ text: String = "0123456789abcdef\n", mode: Int = 0o600, _ body: (String) throws -> Void
    ) throws {
        let path = NSTemporaryDirectory() + "svcd-token-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        try body(path)
    }

    private func refusal(_ text: String, tokenFile: String = "") -> String? {
        do {
            _ = try ListenPlan(text, tokenFile: tokenFile, hosts: "")
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("without the flag there is no listener")
    func none() throws {
        #expect(try ListenPlan("", tokenFile: "", hosts: "") == nil)
    }

    @Test(
        "addresses, with a port, IPv6 in brackets",
        arguments: [
            ("127.0.0.1:9180", "127.0.0.1", 9180), ("localhost:80", "127.0.0.1", 80), ("[::1]:9180", "::1", 9180),
            ("127.0.0.1:0", "127.0.0.1", 0),
        ])
    func addresses(text: String, host: String, port: Int) throws {
        let plan = try #require(try ListenPlan(text, tokenFile: "", hosts: ""))
        #expect(plan.address.ipAddress == host && plan.address.port == port)
    }

    @Test(
        "what is no address",
        arguments: ["9180", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "db:80", "127.0.0.1:-1"])
    func noAddress(text: String) {
        #expect(refusal(text)?.contains("listen address '\(text)'") == true)
    }

    @Test("an address that others can reach needs a token")
    func needsToken() throws {
        #expect(refusal("0.0.0.0:9180")?.contains("needs --listen-token-file") == true)
        #expect(refusal("[::]:9180")?.contains("needs --listen-token-file") == true)
        try withToken { #expect(refusal("0.0.0.0:9180", tokenFile: $0) == nil) }
    }

    @Test("a token is secret, long enough, and in a file that can be read")
    func tokens() throws {
        try withToken(mode: 0o640) { #expect(refusal("127.0.0.1:1", tokenFile: $0) == nil) }
        try withToken(mode: 0o644) {
            #expect(refusal("127.0.0.1:1", tokenFile: $0)?.contains("chmod 600") == true)
        }
        try withToken("0123456789 abcde\n") {
            #expect(refusal("127.0.0.1:1", tokenFile: $0)?.contains("shorter than 16 bytes") == true)
        }
        #expect(refusal("127.0.0.1:1", tokenFile: "/nowhere/token")?.contains("can't be read") == true)
    }
}
