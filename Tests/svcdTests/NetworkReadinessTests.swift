import Foundation
import NIOPosix
import SleepCore
import TestSupport
import Testing

@testable import svcd

/// Neither root nor Docker is needed: the addresses are the loopback's own.
@Suite("readiness over the network")
struct NetworkReadinessTests {
    /// A port on which 127.0.0.2 takes no more connections, as an address behind which packets vanish, while
    /// 127.0.0.3 accepts them and, if asked for a page, answers with a status.
    private final class Hosts {
        let port: Int
        private var descriptors: [CInt] = []
        private let isServing: Bool

        init(status: Int = 200, isServing: Bool = true) throws {
            self.isServing = isServing
            let dead = try Self.listener("127.0.0.2", 0, backlog: 0)
            descriptors.append(dead.descriptor)
            port = dead.port
            // One connection more than the backlog; the kernel drops what would begin another.
            for _ in 0..<4 {
                let filler = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
                Self.withAddress("127.0.0.2", port) { _ = connect(filler, $0, $1) }
                descriptors.append(filler)
            }
            guard isServing else { return }
            let live = try Self.listener("127.0.0.3", port, backlog: 64)
            descriptors.append(live.descriptor)
            Thread.detachNewThread {
                while case let peer = accept(live.descriptor, nil, nil), peer >= 0 {
                    var buffer = [UInt8](repeating: 0, count: 4096)
                    if read(peer, &buffer, buffer.count) > 0 {
                        let answer = Array("HTTP/1.1 \(status) Status\r\nContent-Length: 0\r\n\r\n".utf8)
                        _ = write(peer, answer, answer.count)
                    }
                    close(peer)
                }
            }
        }

        deinit {
            for descriptor in descriptors {
                // Wakes the thread that accepts.
                shutdown(descriptor, CInt(SHUT_RDWR))
                close(descriptor)
            }
        }

        var container: Container {
            var container = Container(id: "x", name: "x", status: .running)
            container.details = .init()
            container.details?.addresses = isServing ? ["127.0.0.2", "127.0.0.3"] : ["127.0.0.2"]
            return container
        }

        private static func withAddress<Result>(
            _ host: String, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
        ) -> Result {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = inet_addr(host)
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }

        private static func listener(_ host: String, _ port: Int, backlog: CInt) throws -> (descriptor: CInt, port: Int)
        {
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            let isBound = withAddress(host, port) { bind(descriptor, $0, $1) == 0 }
            guard isBound, listen(descriptor, backlog) == 0 else { throw Overdue(description: "no port on \(host)") }
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &address) {
                _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            }
            return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
        }
    }

    private let probe = NetworkReadiness(loop: MultiThreadedEventLoopGroup.singleton.next(), time: RealTime())

    @Test("an address that can't be reached keeps no other from being asked", arguments: [true, false])
    func unreachableFirst(page: Bool) async throws {
        let hosts = try Hosts()
        let readiness = page ? Readiness.http(port: hosts.port, path: "/") : .tcp(port: hosts.port)
        let began = ContinuousClock.now
        try await probe.wait(for: readiness, of: hosts.container, within: .seconds(10))
        // One after the other, the first would have eaten all ten.
        #expect(ContinuousClock.now - began < .seconds(5))
    }

    @Test("a published port is asked at once, too", arguments: [true, false])
    func published(page: Bool) async throws {
        let hosts = try Hosts()
        var container = hosts.container
        container.details?.addresses = ["127.0.0.2"]
        container.details?.published = [hosts.port: .init(address: "127.0.0.3", port: hosts.port)]
        let readiness = page ? Readiness.http(port: hosts.port, path: "/") : .tcp(port: hosts.port)
        let began = ContinuousClock.now
        try await probe.wait(for: readiness, of: container, within: .seconds(10))
        // One after the other, the first would have eaten all ten.
        #expect(ContinuousClock.now - began < .seconds(5))
    }

    @Test("the winner ends what the others wait for")
    func othersAreCancelled() async throws {
        let hosts = try Hosts()
        let began = ContinuousClock.now
        for _ in 0..<20 {
            try await probe.wait(for: .tcp(port: hosts.port), of: hosts.container, within: .seconds(600))
        }
        #expect(ContinuousClock.now - began < .seconds(10))
    }

    @Test("where none answers well, every address says why, and the limit holds")
    func noneAnswers() async throws {
        let hosts = try Hosts(status: 503)
        let fault = await #expect(throws: NotReady.self) {
            try await probe.wait(
                for: .http(port: hosts.port, path: "/x"), of: hosts.container, within: .seconds(3))
        }
        #expect(fault?.description.contains("127.0.0.3:\(hosts.port)/x answers 503") == true)
        #expect(fault?.description.contains("127.0.0.2:\(hosts.port)/x: ") == true)
        let nowhere = await #expect(throws: NotReady.self) {
            try await probe.wait(
                for: .tcp(port: 1), of: Container(id: "x", name: "x", status: .running), within: .milliseconds(100))
        }
        #expect(nowhere?.description == "it has no address")
    }

    @Test("cancelled, it ends at once")
    func cancelled() async throws {
        let hosts = try Hosts(isServing: false)
        let (probe, container, port) = (probe, hosts.container, hosts.port)
        let waiting = Task { try await probe.wait(for: .tcp(port: port), of: container, within: .seconds(600)) }
        waiting.cancel()
        let began = ContinuousClock.now
        await #expect(throws: NotReady.self) { try await waiting.value }
        #expect(ContinuousClock.now - began < .seconds(5))
    }
}
