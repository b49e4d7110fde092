import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// Sleepers that a packet wakes by itself: nobody calls a hook.
    @Suite("traffic")
    struct Traffic {
        private static func service(_ more: String = "freezer: cgroup") -> String {
            "github: {tier: on-demand, activity: [hook], min_awake: 0s, wake_on: [hook, traffic], \(more)}"
        }

        private func asleep(_ daemon: TestDaemon) async throws {
            try await daemon.wait("github", is: "awake")
            try await daemon.sleep("github")
            #expect(try await daemon.state("github") == "asleep")
        }

        @Test("the first request of a sleeper is answered", arguments: ["freezer: cgroup", "freezer: docker"])
        func firstRequest(freezer: String) async throws {
            try await TestDaemon.with(services: [Self.service(freezer)]) { daemon, docker in
                try await docker.serve("github")
                for round in 0..<50 {
                    try await asleep(daemon)
                    #expect(try await docker.ask("github", "/") == "hello", "round \(round)")
                    try await daemon.wait("github", is: "awake")
                }
                let service = try await daemon.service("github")
                #expect(service.lastWake?.trigger == "traffic")
                #expect(service.wakes.count == 50)
            }
        }

        @Test("data on an old connection wakes it; the end of one doesn't")
        func oldConnection() async throws {
            try await TestDaemon.with(services: [Self.service()]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                let address = try await docker.address("github")
                let connection = try TCPConnection(host: address, port: 80)
                let other = try TCPConnection(host: address, port: 80)
                try connection.send("GET / HTTP/1.1\r\n\r\n")
                #expect(try connection.receive().contains("hello"))
                try await asleep(daemon)
                other.close()
                _ = try? await Shell.run(["ping", "-c", "2", "-i", "0.2", "-W", "1", address])
                try await Task.sleep(for: .milliseconds(500))
                #expect(try await daemon.state("github") == "asleep")
                try connection.send("GET / HTTP/1.1\r\n\r\n")
                #expect(try connection.receive().contains("hello"))
                try await daemon.wait("github", is: "awake")
                connection.close()
            }
        }

        @Test("a datagram wakes it, and so does another container")
        func datagramAndNeighbour() async throws {
            try await TestDaemon.with(services: [Self.service()]) { daemon, docker in
                try await docker.serve("github")
                let address = try await docker.address("github")
                try await asleep(daemon)
                _ = try await Shell.run(["bash", "-c", "echo hello >/dev/udp/\(address)/5000"])
                try await daemon.wait("github", is: "awake")
                try await asleep(daemon)
                let answer = try await docker(
                    "run", "--rm", "svcd-busybox", "wget", "-q", "-O", "-", "http://\(address)/")
                #expect(answer == "hello")
                try await daemon.wait("github", is: "awake")
            }
        }

        @Test("IPv6, every network that it is in, and a published port")
        func allItsNetworks() async throws {
            try await TestDaemon.with(services: [Self.service()]) { daemon, docker in
                try await docker("network", "create", "--ipv6", "--subnet", "fd00:5c::/64", "svcd-six")
                do {
                    try await docker.serve("github", options: ["-p", "127.0.0.1:18080:80"])
                    try await docker("network", "connect", "svcd-six", "github")
                    let format = "{{(index .NetworkSettings.Networks \"svcd-six\")"
                    let six = try await docker("inspect", "-f", "\(format).GlobalIPv6Address}}", "github")
                    let four = try await docker("inspect", "-f", "\(format).IPAddress}}", "github")
                    let first = try await docker.address("github")
                    for url in ["http://[\(six)]/", "http://\(four)/", "http://\(first)/", "http://127.0.0.1:18080/"] {
                        try await asleep(daemon)
                        let answer = try await Shell.run(["curl", "-s", "-m", "5", "--noproxy", "*", url])
                        #expect(answer.output == "hello", "\(url)")
                        try await daemon.wait("github", is: "awake")
                    }
                } catch {
                    try? await docker.clear()
                    _ = try? await docker("network", "rm", "svcd-six")
                    throw error
                }
                try await docker.clear()
                try await docker("network", "rm", "svcd-six")
            }
        }

        @Test("a macvlan container doesn't sleep on idle, and why says so")
        func macvlan() async throws {
            let settings = "{tier: on-demand, activity: [hook], idle_after: 500ms, min_awake: 0s, wake_on: [traffic]}"
            try await TestDaemon.with(services: ["github: \(settings)"]) { daemon, docker in
                let bridge = try String(contentsOfFile: docker.directory + "/bridge", encoding: .utf8)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
                try await docker(
                    "network", "create", "-d", "macvlan", "--subnet", "10.97.0.0/24", "-o", "parent=\(bridge)",
                    "svcd-macvlan")
                do {
                    try await docker.start("github", options: ["--network", "svcd-macvlan"])
                    try await daemon.wait("github", is: "awake")
                    try await eventually("why says so") {
                        try await daemon.svcctl("why", "github").output.contains("macvlan")
                    }
                    #expect(try await daemon.state("github") == "awake")
                } catch {
                    try? await docker.clear()
                    _ = try? await docker("network", "rm", "svcd-macvlan")
                    throw error
                }
                try await docker.clear()
                try await docker("network", "rm", "svcd-macvlan")
            }
        }

        @Test("a protocol in which the server speaks first")
        func serverFirst() async throws {
            try await TestDaemon.with(services: [Self.service()]) { daemon, docker in
                try await docker.start(
                    "github", command: ["sh", "-c", "while true; do echo welcome | nc -l -p 90; done"])
                try await asleep(daemon)
                let connection = try TCPConnection(host: try await docker.address("github"), port: 90)
                #expect(try connection.receive().hasPrefix("welcome"))
                connection.close()
            }
        }

        @Test("ignored sources don't wake it; after kill -9 what came meanwhile does")
        func ignoredAndKilled() async throws {
            let bridge = try String(contentsOfFile: try Dockerd().directory + "/bridge", encoding: .utf8)
            let number = Int(bridge.filter(\.isNumber)) ?? 0
            let ignoring = Self.service("freezer: cgroup, ignore_sources: [172.30.\(number * 16 + 1).1]")
            try await TestDaemon.with(services: [ignoring]) { daemon, docker in
                try await docker.serve("github")
                try await asleep(daemon)
                let ignored = try TCPConnection(host: try await docker.address("github"), port: 80)
                try ignored.send("GET / HTTP/1.1\r\n\r\n")
                try await Task.sleep(for: .seconds(1))
                #expect(try await daemon.state("github") == "asleep")
                ignored.close()
                #expect(try await daemon.hook("github").status == 200)

                try daemon.write(services: [Self.service()])
                #expect(try await daemon.svcctl("reload").status == 0)
                try await asleep(daemon)
                try await daemon.stop(SIGKILL)
                let connection = try TCPConnection(host: try await docker.address("github"), port: 80)
                try connection.send("GET / HTTP/1.1\r\n\r\n")
                try await daemon.start()
                #expect(try connection.receive().contains("hello"))
                connection.close()
                try await asleep(daemon)
                #expect(try await docker.ask("github", "/") == "hello")
            }
        }

        @Test("a sleeper that is removed costs nothing afterwards")
        func linkGoes() async throws {
            try await TestDaemon.with(services: [Self.service()]) { daemon, docker in
                for _ in 0..<3 {
                    try await docker.serve("github")
                    try await asleep(daemon)
                    try await docker("rm", "-f", "github")
                    try await daemon.wait("github", is: "absent")
                }
                func ticks() throws -> Int {
                    let stat = try String(contentsOfFile: "/proc/\(daemon.pid)/stat", encoding: .utf8)
                    let words = stat.split(separator: ")").last?.split(separator: " ") ?? []
                    return (Int(words[11]) ?? 0) + (Int(words[12]) ?? 0)
                }
                let before = try ticks()
                try await Task.sleep(for: .seconds(2))
                #expect(try ticks() - before < 20)
            }
        }

        @Test("a container without packets of its own doesn't sleep on idle, and why says so")
        func hostNetwork() async throws {
            let settings = "{tier: on-demand, activity: [hook], idle_after: 500ms, min_awake: 0s, wake_on: [traffic]}"
            try await TestDaemon.with(services: ["github: \(settings)"]) { daemon, docker in
                try await docker.start("github", options: ["--network", "host"])
                try await daemon.wait("github", is: "awake")
                try await eventually("why says so") {
                    try await daemon.svcctl("why", "github").output.contains("no network of its own")
                }
                #expect(try await daemon.state("github") == "awake")
            }
        }
    }
}
