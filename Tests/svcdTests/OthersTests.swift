import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// What operators, crashes and other programs do to containers.
    @Suite("others")
    struct Others {
        private static let github = ["github: {tier: on-demand, activity: [hook], min_awake: 0s}"]

        @Test("paused by someone else: held, 423, and an operator wakes it")
        func held() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                try await docker("pause", "github")
                try await daemon.wait("github", is: "held", within: .seconds(1))
                let answer = try await daemon.hook("github")
                #expect(answer.status == 423)
                #expect(answer.state == "held")
                #expect(try await docker.status("github") == "paused")
                #expect(try await daemon.svcctl("wake", "github").status == 0)
                #expect(try await docker.runs("github"))
                #expect(try await daemon.hook("github").status == 200)
            }
        }

        @Test("unpaused, stopped, started, removed, recreated and renamed by others: seen within a second")
        func seen() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                let second = Duration.seconds(1)

                try await daemon.sleep("github")
                try await docker("unpause", "github")
                try await daemon.wait("github", is: "awake", within: second)

                try await docker("stop", "-t", "1", "github")
                try await daemon.wait("github", is: "down", within: second)
                #expect(try await daemon.hook("github").status == 503)
                try await docker("start", "github")
                try await daemon.wait("github", is: "awake", within: second)
                #expect(try await daemon.hook("github").status == 200)

                try await docker("rm", "-f", "github")
                try await daemon.wait("github", is: "absent", within: second)
                #expect(try await daemon.hook("github").status == 503)
                try await docker.start("github")
                try await daemon.wait("github", is: "awake", within: second)

                // A sleeper that is renamed is nobody's any more, so it is woken.
                try await daemon.sleep("github")
                try await docker("rename", "github", "elsewhere")
                try await daemon.wait("github", is: "absent", within: second)
                try await eventually("elsewhere runs") { try await docker.status("elsewhere") == "running" }
                try await docker("rename", "elsewhere", "github")
                try await daemon.wait("github", is: "awake", within: second)

                // A sleeper that is removed and made anew is a new one.
                try await daemon.sleep("github")
                try await docker("rm", "-f", "github")
                try await docker.start("github")
                try await daemon.wait("github", is: "awake", within: second)
                #expect(try await daemon.hook("github").status == 200)
            }
        }

        @Test("a sleeper that is stopped, restarted or started by others is never stuck")
        func stoppedSleepers() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")

                try await daemon.sleep("github")
                _ = try? await docker("restart", "-t", "1", "github")
                try await settle(daemon, docker)

                try await daemon.sleep("github")
                _ = try? await docker("stop", "-t", "1", "github")
                try await daemon.wait("github", is: "down")
                try await docker("start", "github")
                try await settle(daemon, docker)

                try await daemon.sleep("github")
                _ = try? await docker("start", "github")
                try await settle(daemon, docker)

                try await daemon.sleep("github")
                _ = try? await docker("kill", "github")
                try await daemon.wait("github", is: "down")
            }
        }

        /// Whatever was done, belief and truth agree, and a hook makes it run.
        private func settle(_ daemon: TestDaemon, _ docker: Dockerd) async throws {
            try await eventually("a hook answers 200") { try await daemon.hook("github").status == 200 }
            #expect(try await docker.runs("github"))
            #expect(try await daemon.state("github") == "awake")
        }

        @Test("compose up leaves a sleeper asleep where nothing has changed, and makes a new one awake")
        func compose() async throws {
            let services = ["web: {tier: on-demand, activity: [hook], min_awake: 0s, container: {compose: mcp/web}}"]
            try await TestDaemon.with(services: services) { daemon, docker in
                let file = daemon.directory + "/compose.yml"
                try """
                version: "2.4"
                services:
                  web: {image: svcd-busybox, command: sleep 1000000, init: true, network_mode: none}
                """.write(toFile: file, atomically: true, encoding: .utf8)
                func up(_ more: String...) async throws {
                    let command = ["docker-compose", "-p", "mcp", "-f", file, "up", "-d", "-t", "1"] + more
                    let result = try await Shell.run(command, environment: ["DOCKER_HOST": "unix://\(docker.socket)"])
                    try #require(result.status == 0, "\(result.errors)")
                }
                try await up()
                try await daemon.wait("web", is: "awake")
                try await daemon.sleep("web")
                let sleeper = try await daemon.service("web").container
                try await up()
                #expect(try await daemon.state("web") == "asleep")
                #expect(try await daemon.hook("web").status == 200)
                try await daemon.sleep("web")
                try await up("--force-recreate")
                try await daemon.wait("web", is: "awake")
                #expect(try await daemon.service("web").container?.id != sleeper?.id)
                #expect(try await daemon.hook("web").status == 200)
            }
        }

        @Test("autoheal restarts every sleeper with a health check, and svcd takes it as awake")
        func autoheal() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                let check = ["--health-cmd", "true", "--health-interval", "1s", "--health-retries", "1"]
                try await docker.start("github", options: check)
                try await daemon.wait("github", is: "awake")
                try await eventually("it is healthy") {
                    try await docker("inspect", "-f", "{{.State.Health.Status}}", "github") == "healthy"
                }
                try await daemon.sleep("github")
                // Docker calls whatever it pauses unhealthy. This is the list that autoheal asks for, and what
                // it does with it.
                #expect(try await docker("ps", "--filter", "health=unhealthy", "--format", "{{.Names}}") == "github")
                try await docker("restart", "-t", "1", "github")
                try await settle(daemon, docker)
            }
        }

        @Test("replicas sleep and wake together, and several matches of one are ambiguous")
        func replicas() async throws {
            let services = [
                "all: {tier: on-demand, activity: [hook], min_awake: 0s, container: {label: role=many}, replicas: all}",
                "one: {tier: on-demand, activity: [hook], min_awake: 0s, container: {compose: mcp/web}}",
            ]
            try await TestDaemon.with(services: services) { daemon, docker in
                let compose = [
                    "--label", "com.docker.compose.project=mcp", "--label", "com.docker.compose.service=web",
                ]
                for name in ["r1", "r2", "r3"] { try await docker.start(name, options: ["--label", "role=many"]) }
                try await docker.start("mcp-web-1", options: compose)
                try await daemon.wait("one", is: "awake")
                try await daemon.wait("all", is: "awake")
                try await eventually("all three are known") {
                    try await daemon.sleep("all")
                    for name in ["r1", "r2", "r3"] where try await docker.status(name) != "paused" { return false }
                    return true
                }
                #expect(try await daemon.hook("all").status == 200)
                for name in ["r1", "r2", "r3"] { #expect(try await docker.status(name) == "running") }
                // One of them paused by somebody else: hooks are answered, and an operator releases it.
                try await docker("pause", "r2")
                try await eventually("why names it") {
                    try await daemon.svcctl("why", "all").output.contains("r2 is paused")
                }
                #expect(try await daemon.hook("all").status == 200)
                #expect(try await docker.status("r2") == "paused")
                #expect(try await daemon.svcctl("wake", "all").status == 0)
                #expect(try await docker.status("r2") == "running")

                try await daemon.sleep("one")
                try await docker.start("mcp-web-2", options: compose)
                try await daemon.wait("one", is: "ambiguous")
                // What svcd had put to sleep is not left so.
                try await eventually("the sleeper runs") { try await docker.status("mcp-web-1") == "running" }
                #expect(try await daemon.hook("one").status == 503)
                try await docker("rm", "-f", "mcp-web-1")
                try await daemon.wait("one", is: "awake")
            }
        }

        @Test("kill -9: the next svcd knows its own sleepers, and what others paused")
        func killed() async throws {
            let services = Self.github + ["fetch: {tier: on-demand, activity: [hook], min_awake: 0s}"]
            try await TestDaemon.with(services: services) { daemon, docker in
                try await docker.start("github")
                try await docker.start("fetch")
                try await daemon.wait("github", is: "awake")
                try await daemon.wait("fetch", is: "awake")
                try await daemon.sleep("github")
                try await docker("pause", "fetch")
                try await daemon.stop(SIGKILL)
                #expect(try await docker.status("github") == "paused")
                try await daemon.start()
                try await daemon.wait("github", is: "asleep")
                try await daemon.wait("fetch", is: "held")
                #expect(try await daemon.hook("github").status == 200)
                #expect(try await docker.runs("github"))
                #expect(try await daemon.hook("fetch").status == 423)
            }
        }

        @Test("kill -9 at any moment of a sleep leaves nothing frozen that a hook can't wake")
        func killedWhileFallingAsleep() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github")
                for delay in stride(from: 0, through: 40, by: 4) {
                    try await daemon.wait("github", is: "awake")
                    let sleeping = Task { try? await daemon.sleep("github") }
                    try await ContinuousClock().sleep(for: .milliseconds(delay))
                    try await daemon.stop(SIGKILL)
                    _ = await sleeping.value
                    try await daemon.start()
                    try await eventually("a hook wakes it, killed after \(delay) ms") {
                        try await daemon.hook("github").status == 200
                    }
                    #expect(try await docker.runs("github"), "killed after \(delay) ms")
                }
            }
        }

        @Test("svcd release undoes what a dead svcd left, twice if asked, and not beside a living one")
        func release() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                try await daemon.sleep("github")
                let refused = try await daemon.release()
                #expect(refused.status == 1)
                #expect(refused.errors.contains("\(daemon.pid)"))
                #expect(try await docker.status("github") == "paused")
                try await daemon.stop(SIGKILL)
                for _ in 0..<2 { #expect(try await daemon.release().status == 0) }
                #expect(try await docker.runs("github"))
            }
        }

        @Test("svcd release --all wakes what on_exit leaves, and starts what was stopped")
        func releaseAll() async throws {
            let services =
                Self.github + [
                    "cold: {tier: on-demand, activity: [hook], min_awake: 0s, ready: {tcp: 80}}"
                ]
            try await TestDaemon.with(services: services, top: "on_exit: leave") { daemon, docker in
                try await docker.start("github")
                try await docker.serve("cold")
                for name in ["github", "cold"] { try await daemon.wait(name, is: "awake") }
                try await daemon.sleep("github")
                #expect(try await daemon.send("POST", "/v1/services/cold/sleep?depth=stopped&force=true").status == 200)
                try await daemon.stop(SIGTERM)
                #expect(try await daemon.release().status == 0)
                #expect(try await docker.status("github") == "paused")
                #expect(try await docker.status("cold") == "exited")
                let released = try await daemon.release("--all")
                #expect(released.status == 0, "\(released)")
                for name in ["github", "cold"] {
                    #expect(released.errors.contains("service.name=\(name)"), "\(released)")
                    #expect(try await docker.runs(name))
                }
                // None is svcd's any more.
                try await daemon.start()
                for name in ["github", "cold"] { try await daemon.wait(name, is: "awake") }
                let last = try await daemon.get(History.self, "/v1/history?service=cold").history
                #expect(last.contains { $0.by == "svcd release" && $0.to == "awake" })
            }
        }

        @Test("a second svcd on the same state directory refuses and names the first")
        func second() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, _ in
                let arguments = daemon.arguments.map { $0.hasSuffix(".sock") && !$0.hasPrefix("unix") ? $0 + "2" : $0 }
                let second = try await Shell.run([TestDaemon.binaries + "/svcd"] + arguments)
                #expect(second.status == 1)
                #expect(second.errors.contains("pid \(daemon.pid)"))
            }
        }
    }
}
