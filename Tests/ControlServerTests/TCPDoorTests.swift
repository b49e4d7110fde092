import ControlTypes
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ControlServer

@Suite("over TCP", .serialized)
struct TCPDoorTests {
    private static let here = try? SocketAddress(ipAddress: "127.0.0.1", port: 4000)
    private static let elsewhere = try? SocketAddress(ipAddress: "10.0.0.7", port: 4000)
    private static let door = TCPDoor(hosts: ["svcd.internal"], token: TestServer.token)

    private static func admit(_ headers: HTTPHeaders, from peer: SocketAddress? = here) -> TCPDoor.Admission {
        var all: HTTPHeaders = ["Host": "127.0.0.1:9180"]
        for (name, value) in headers { all.replaceOrAdd(name: name, value: value) }
        return door.admit(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: all), from: peer)
    }

    private static func status(_ admission: TCPDoor.Admission) -> Int? {
        if case .refused(let refusal) = admission { Problems.refused(refusal).status } else { nil }
    }

    @Test("who has the token may do everything, who is on this host hooks, who isn't ask for health")
    func powers() {
        let bearer: HTTPHeaders = ["Authorization": "Bearer \(TestServer.token)"]
        #expect(Self.admit([:]) == .admitted(.localCaller))
        #expect(Self.admit([:], from: Self.elsewhere) == .admitted(.stranger))
        #expect(Self.admit(["X-Forwarded-For": "127.0.0.1"], from: Self.elsewhere) == .admitted(.stranger))
        #expect(Self.admit(bearer) == .admitted(.control))
        #expect(Self.admit(bearer, from: Self.elsewhere) == .admitted(.control))
        for wrong in [
            "Bearer ", "Bearer \(TestServer.token)x", "Bearer a token of some lengtH", "Basic abc", TestServer.token,
        ] {
            #expect(Self.status(Self.admit(["Authorization": wrong], from: Self.elsewhere)) == 401, "\(wrong)")
            // What a gateway passes on of its client's.
            #expect(Self.admit(["Authorization": wrong]) == .admitted(.localCaller), "\(wrong)")
        }
        let open = TCPDoor()
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/", headers: ["Host": "localhost", "Authorization": "Bearer "])
        #expect(Self.status(open.admit(head, from: Self.elsewhere)) == 401)
    }

    @Test("no page can make a browser do anything")
    func pages() {
        #expect(Self.status(Self.admit(["Origin": "http://127.0.0.1:9180"])) == 403)
        #expect(Self.status(Self.admit(["Origin": "null", "Authorization": "Bearer \(TestServer.token)"])) == 403)
        #expect(Self.status(Self.admit(["Sec-Fetch-Site": "cross-site"])) == 403)
        for host in ["evil.example", "evil.example:9180", "127.0.0.1.evil.example", "", "localhost:x", "[::1", "a b"] {
            #expect(Self.status(Self.admit(["Host": host])) == 403, "\(host)")
        }
        for host in ["localhost", "LocalHost:9180", "svcd.internal", "[::1]:9180", "[::1]", "10.0.0.1", "10.0.0.1:80"] {
            #expect(Self.admit(["Host": host]) == .admitted(.localCaller), "\(host)")
        }
    }

    @Test("a peer wakes so many sleepers, and then more bit by bit")
    func limiter() {
        let limiter = WakeLimiter()
        let start = NIODeadline.now()
        for _ in 0..<Int(WakeLimiter.burst) { #expect(limiter.take("a", now: start)) }
        #expect(!limiter.take("a", now: start))
        #expect(limiter.take("b", now: start))
        #expect(limiter.take("a", now: start + .seconds(1)))
    }

    @Test("hooks, health, and the rest with the token")
    func onTheWire() async throws {
        let server = try await TestServer(services: ["github"])
        func ask(_ request: String, _ more: String = "") throws -> String {
            let connection = try TCPConnection(host: "127.0.0.1", port: server.port)
            defer { connection.close() }
            try connection.send("\(request) HTTP/1.1\r\nHost: localhost\r\n\(more)\r\n")
            return try connection.receive()
        }
        let bearer = "Authorization: Bearer \(TestServer.token)\r\n"
        try await server.sleep("github")
        #expect(try ask("GET /hook/github").hasPrefix("HTTP/1.1 200"))
        #expect(try await server.state("github") == "awake")
        #expect(try ask("GET /hook/github", "Origin: http://localhost\r\n").hasPrefix("HTTP/1.1 403"))
        #expect(try ask("GET /healthz").hasPrefix("HTTP/1.1 200"))
        let refused = try ask("GET /v1/services")
        #expect(refused.hasPrefix("HTTP/1.1 401") && refused.contains("WWW-Authenticate: Bearer"))
        #expect(try ask("POST /v1/services/github/leases").hasPrefix("HTTP/1.1 401"))
        #expect(try ask("GET /v1/services", bearer).hasPrefix("HTTP/1.1 200"))
        #expect(try ask("POST /v1/services/github/leases", bearer).hasPrefix("HTTP/1.1 201"))
        await server.stop()
    }
}
