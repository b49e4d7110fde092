import ControlTypes
import Foundation
import TestSupport
import Testing
import UnixHTTP

extension RealTests {
    /// What counts as use, and what doesn't, with no hook at all.
    @Suite("use")
    struct Use {
        private static func service(_ more: String) -> String {
            "github: {tier: on-demand, idle_after: 2s, min_awake: 0s, reclaim: never\(more.isEmpty ? "" : ", " + more)}"
        }

        /// Three idle times pass, and it never falls asleep.
        private func staysAwake(_ daemon: TestDaemon, for span: Duration = .seconds(6)) async throws {
            let clock = ContinuousClock()
            let end = clock.now + span
            while clock.now < end {
                let state = try await daemon.state("github")
                try #require(state == "awake")
                try await clock.sleep(for: .milliseconds(50))
            }
        }

        /// Reads a slow answer to its end, on a thread of its own.
        private func download(_ docker: Dockerd, _ path: String) async throws -> Shell.Result {
            let url = "http://\(try await docker.address("github"))\(path)"
            return try await Shell.run(["curl", "-sS", "--noproxy", "*", "-o", "/dev/null", url])
        }

        @Test("a slow download keeps it awake, and its end lets it sleep")
        func download() async throws {
            try await TestDaemon.with(services: [Self.service("")]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                async let download = download(docker, "/drip/7000")
                try await staysAwake(daemon)
                let why = try await daemon.svcctl("why", "github").output
                #expect(why.contains("KiB/s of traffic"), "\(why)")
                #expect(try await download.status == 0)
                try await daemon.wait("github", is: "asleep")
            }
        }

        @Test("a long computation keeps it awake, and its end lets it sleep")
        func computation() async throws {
            try await TestDaemon.with(services: [Self.service("")]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                #expect(try await docker.ask("github", "/burn/7000") == "burning")
                try await staysAwake(daemon)
                #expect(try await daemon.svcctl("why", "github").output.contains("% of a core"))
                try await daemon.wait("github", is: "asleep")
            }
        }

        @Test("a silent connection keeps it awake only where the policy says so", arguments: [true, false])
        func connection(counts: Bool) async throws {
            let activity = counts ? "activity: [hook, network, cpu, connections]" : ""
            try await TestDaemon.with(services: [Self.service(activity)]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                let connection = try TCPConnection(host: try await docker.address("github"), port: 80)
                // Its own connection to somewhere else is not an inbound one.
                if counts {
                    try await staysAwake(daemon)
                    #expect(try await daemon.svcctl("why", "github").output.contains("1 connection from "))
                    connection.close()
                }
                try await daemon.wait("github", is: "asleep")
                connection.close()
            }
        }

        @Test("a service's own idle connection to its database is not use")
        func ownConnection() async throws {
            let services = [Self.service("activity: [hook, network, cpu, connections]")]
            try await TestDaemon.with(services: services) { daemon, docker in
                try await docker.serve("database")
                let address = try await docker.address("database")
                try await docker.start("github", command: ["sh", "-c", "sleep 100000 | nc \(address) 80"])
                try await daemon.wait("github", is: "asleep")
                #expect(try await daemon.hook("github").status == 200)
            }
        }

        @Test("a HEALTHCHECK is not use")
        func healthcheck() async throws {
            try await TestDaemon.with(services: [
                "github: {tier: on-demand, idle_after: 6s, min_awake: 0s, reclaim: never}"
            ]) { daemon, docker in
                let check = ["--health-cmd", "wget -q -O - http://127.0.0.1/", "--health-interval", "3s"]
                try await docker.serve("github", options: check)
                try await daemon.wait("github", is: "asleep", within: .seconds(20))
            }
        }

        @Test("a monitor in ignore_sources neither counts nor hides who else comes")
        func monitor() async throws {
            let docker = try Dockerd()
            let bridge = try String(contentsOfFile: docker.directory + "/bridge", encoding: .utf8)
            let number = Int(bridge.filter(\.isNumber)) ?? 0
            let host = "172.30.\(number * 16 + 1).1"
            try await TestDaemon.with(services: [Self.service("ignore_sources: [\(host)]")]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                // The host is the monitor: it asks ten times a second, with bodies above the floor.
                let monitor = Task {
                    while !Task.isCancelled {
                        _ = try? await docker.ask("github", "/drip/100", within: .seconds(1))
                        try? await Task.sleep(for: .milliseconds(100))
                    }
                }
                defer { monitor.cancel() }
                try await daemon.wait("github", is: "asleep")
                monitor.cancel()
                await monitor.value
                #expect(try await daemon.hook("github").status == 200)
                // Another container isn't.
                let address = try await docker.address("github")
                try await docker.start(
                    "client",
                    command: ["sh", "-c", "while true; do wget -q -O /dev/null http://\(address)/drip/500; done"])
                try await staysAwake(daemon)
                try await docker("rm", "-f", "client")
                try await daemon.wait("github", is: "asleep")
            }
        }

        @Test("a docker exec keeps it awake while it runs, and is named")
        func exec() async throws {
            try await TestDaemon.with(services: [Self.service("")]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                try await docker("exec", "-d", "github", "sleep", "7")
                try await staysAwake(daemon)
                let refused = try await daemon.svcctl("sleep", "github")
                #expect(refused.status == 1 && refused.errors.contains("docker exec"), "\(refused.errors)")
                try await daemon.wait("github", is: "asleep")
            }
        }

        @Test("where traffic can't be told from others', it doesn't sleep on idle, and why says so")
        func hostNetwork() async throws {
            try await TestDaemon.with(services: [Self.service("")]) { daemon, docker in
                try await docker.start("github", options: ["--network", "host"])
                try await daemon.wait("github", is: "awake")
                try await staysAwake(daemon)
                #expect(try await daemon.svcctl("why", "github").output.contains("no network of its own (host)"))
            }
        }

        @Test("a request that is worked on in silence keeps it awake until it is answered")
        func silentRequest() async throws {
            try await TestDaemon.with(services: [Self.service("")]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                async let waited = docker.ask("github", "/wait/7000")
                try await staysAwake(daemon)
                #expect(try await waited == "waited")
                try await daemon.wait("github", is: "asleep")
            }
        }

        @Test("a connection on which the client keeps having the last word is no use for ever")
        func pongs() async throws {
            try await TestDaemon.with(services: [Self.service("")]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                let connection = try TCPConnection(host: try await docker.address("github"), port: 80)
                defer { connection.close() }
                try connection.send("GET /sink HTTP/1.1\r\n\r\n")
                #expect(try connection.receive().hasSuffix("hello"))
                // Something now and then, as a pong, which nothing answers.
                async let asleep: Void = daemon.wait("github", is: "asleep", within: .seconds(20))
                for _ in 0..<40 {
                    try connection.send("x")
                    try await Task.sleep(for: .milliseconds(300))
                    if try await daemon.state("github") == "asleep" { break }
                }
                try await asleep
            }
        }

        @Test("what is required is woken with it, and sleeps after it")
        func requires() async throws {
            let services = [
                "front: {tier: on-demand, activity: [hook], idle_after: 1s, min_awake: 0s, requires: [back]}",
                "back: {tier: on-demand, activity: [hook], idle_after: 500ms, min_awake: 0s, ready: {http: \":80/\"}}",
            ]
            try await TestDaemon.with(services: services) { daemon, docker in
                for name in ["front", "back"] {
                    try await docker.serve(name)
                    try await daemon.wait(name, is: "awake")
                }
                try await daemon.wait("back", is: "asleep")
                let slept = try await daemon.get(History.self, "/v1/history").history.filter { $0.to == "asleep" }
                #expect(slept.reversed().map(\.service) == ["front", "back"])
                #expect(try await daemon.hook("front").status == 200)
                for name in ["front", "back"] { #expect(try await docker.runs(name)) }
                #expect(try await daemon.service("back").lastWake?.trigger == "dependency")
            }
        }
    }
}
