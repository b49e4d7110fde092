import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// Memory that is handed back, cold starts, and readiness.
    @Suite("deep sleep")
    struct Deep {
        private static let settings = "{tier: on-demand, activity: [hook], min_awake: 0s, ready: {http: \":80/\"}}"

        private func sleepDeep(_ daemon: TestDaemon, _ name: String) async throws -> Service {
            let answer = try await daemon.send("POST", "/v1/services/\(name)/sleep?depth=reclaimed&force=true")
            try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
            return try Wire.decode(Service.self, from: answer.body)
        }

        @Test("a sleeper hands 70 % of its memory back, tells so, and is whole when it wakes")
        func handsBack() async throws {
            try await TestDaemon.with(services: ["github: \(Self.settings)"]) { daemon, docker in
                try await docker.serve("github", mebibytes: 100)
                try await daemon.wait("github", is: "awake")
                try await eventually("it has its memory") {
                    try await daemon.service("github").memory.residentBytes ?? 0 > 100 << 20
                }
                let before = try #require(try await daemon.service("github").memory.residentBytes)
                let asleep = try await sleepDeep(daemon, "github")
                #expect(asleep.depth == "reclaimed")
                let resident = try #require(asleep.memory.residentBytes)
                #expect(Double(resident) <= 0.31 * Double(before))
                #expect(try #require(asleep.memory.swappedBytes) >= 60 << 20)
                let row = try #require(try await daemon.get(History.self, "/v1/history?service=github").history.first)
                #expect(row.depth == "reclaimed" && row.residentBeforeBytes ?? 0 > row.residentAfterBytes ?? .max)
                #expect(try await daemon.svcctl("why", "github").output.contains("MiB were handed back"))
                #expect(try await daemon.hook("github").status == 200)
                #expect(try await docker.ask("github", "/check") == "ok")
                #expect(try await daemon.service("github").lastWake?.from == "reclaimed")
            }
        }

        @Test("it goes deeper by itself, step by step, and a cold start wakes it")
        func ladder() async throws {
            let settings = """
                {tier: on-demand, activity: [hook], idle_after: 500ms, min_awake: 0s, \
                reclaim: {after: 1s, target: 70%}, stop_after: 3s, ready: {tcp: 80}}
                """
            try await TestDaemon.with(services: ["github: \(settings)"]) { daemon, docker in
                try await docker.serve("github", mebibytes: 20, delay: 300)
                try await eventually("frozen, reclaimed, stopped") {
                    try await daemon.service("github").depth == "stopped"
                }
                #expect(try await docker.status("github") == "exited")
                // It ended by its own SIGTERM, not by SIGKILL.
                #expect(try await docker("inspect", "-f", "{{.State.ExitCode}}", "github") == "143")
                let history = try await daemon.get(History.self, "/v1/history?service=github").history
                #expect(history.prefix(3).map(\.depth) == ["stopped", "reclaimed", "frozen"])
                #expect(try await daemon.hook("github").status == 200)
                #expect(try await docker.ask("github", "/") == "hello")
                let wake = try #require(try await daemon.service("github").lastWake)
                #expect(wake.from == "stopped")
                // It begins to listen 300 ms after its start, and was told ready no sooner.
                #expect(wake.phases.readyMs > 250)
            }
        }

        @Test("kill -9 after a stop: the next svcd starts its own on demand; release leaves it stopped")
        func stoppedSurvives() async throws {
            try await TestDaemon.with(services: ["github: \(Self.settings)"]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                #expect(
                    try await daemon.send("POST", "/v1/services/github/sleep?depth=stopped&force=true").status == 200)
                try await daemon.stop(SIGKILL)
                #expect(try await daemon.release().status == 0)
                #expect(try await docker.status("github") == "exited")
                try await daemon.start()
                try await daemon.wait("github", is: "asleep")
                #expect(try await daemon.hook("github").status == 200)
            }
        }

        @Test("release leaves stopped what the kernel's freezer held before, too")
        func stoppedDirect() async throws {
            let settings = "{tier: on-demand, activity: [hook], min_awake: 0s, freezer: cgroup, ready: {tcp: 80}}"
            try await TestDaemon.with(services: ["github: \(settings)"]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                #expect(
                    try await daemon.send("POST", "/v1/services/github/sleep?depth=stopped&force=true").status == 200)
                try await daemon.stop(SIGKILL)
                let released = try await daemon.release()
                #expect(released.status == 0 && !released.errors.contains("released"), "\(released)")
                try await daemon.start()
                try await daemon.wait("github", is: "asleep")
                #expect(try await daemon.hook("github").status == 200)
            }
        }

        @Test("stop is refused where Docker would remove the container, or nobody would know when it is up")
        func stopRefused() async throws {
            let services = [
                "once: \(Self.settings)", "mute: {tier: on-demand, activity: [hook], min_awake: 0s}",
            ]
            try await TestDaemon.with(services: services) { daemon, docker in
                try await docker.serve("once", options: ["--rm"])
                try await docker.serve("mute")
                for (name, word) in [("once", "--rm"), ("mute", "HEALTHCHECK")] {
                    try await daemon.wait(name, is: "awake")
                    let answer = try await daemon.send("POST", "/v1/services/\(name)/sleep?depth=stopped&force=true")
                    #expect(answer.status == 409)
                    #expect(String(decoding: answer.body, as: UTF8.self).contains(word))
                    #expect(try await docker.status(name) == "paused")
                    #expect(try await daemon.hook(name).status == 200)
                }
            }
        }

        @Test("a cold start waits for the HEALTHCHECK")
        func healthcheck() async throws {
            try await TestDaemon.with(services: ["github: {tier: on-demand, activity: [hook], min_awake: 0s}"]) {
                daemon, docker in
                let check = ["--health-cmd", "wget -q -O - http://127.0.0.1/", "--health-interval", "1s"]
                try await docker.serve("github", options: check)
                try await daemon.wait("github", is: "awake")
                #expect(
                    try await daemon.send("POST", "/v1/services/github/sleep?depth=stopped&force=true").status == 200)
                #expect(try await daemon.hook("github").status == 200)
                #expect(try await docker("inspect", "-f", "{{.State.Health.Status}}", "github") == "healthy")
            }
        }

        @Test("a wake that nobody answers times out, and the answer is asked for again")
        func notReady() async throws {
            let settings = "{tier: on-demand, activity: [hook], min_awake: 0s, wake_timeout: 1s, ready: {tcp: 81}}"
            try await TestDaemon.with(services: ["github: \(settings)"]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                try await daemon.sleep("github")
                let answer = try await daemon.hook("github")
                #expect(answer.status == 504)
                #expect(answer.elapsed < .seconds(3))
                #expect(try await docker.runs("github"))
                try await daemon.wait("github", is: "failed")
                #expect(try await daemon.svcctl("why", "github").output.contains("not ready"))
                try await docker("exec", "-d", "github", "service", "0", "81")
                try await daemon.wait("github", is: "awake")
            }
        }

        @Test("a wake during a reclaim, and every way to lose one: all recover")
        func lostReclaims() async throws {
            try await TestDaemon.with(services: ["github: \(Self.settings)"]) { daemon, docker in
                try await docker.serve("github", mebibytes: 300)
                try await daemon.wait("github", is: "awake")
                try await eventually("it has its memory") { (try? await docker.ask("github", "/")) == "hello" }

                // A wake 100 ms into it.
                try await daemon.sleep("github")
                async let deep = daemon.send("POST", "/v1/services/github/sleep?depth=reclaimed&force=true")
                try await reclaimBegins(daemon)
                #expect(try await daemon.hook("github").status == 200)
                #expect(try await docker.ask("github", "/check") == "ok")
                _ = try await deep

                // kill -9 in the middle of one.
                try await daemon.sleep("github")
                let orphan = Task { _ = try? await daemon.send("POST", "/v1/services/github/sleep?depth=reclaimed") }
                try await reclaimBegins(daemon)
                try await daemon.stop(SIGKILL)
                await orphan.value
                try await daemon.start()
                try await daemon.wait("github", is: "asleep")
                #expect(try await daemon.hook("github").status == 200)
                #expect(try await docker.ask("github", "/check") == "ok")

                // dockerd restarts in the middle of one.
                try await daemon.sleep("github")
                async let interrupted = daemon.send("POST", "/v1/services/github/sleep?depth=reclaimed&force=true")
                try await reclaimBegins(daemon)
                try await docker.stop()
                try await docker.startAgain()
                _ = try? await interrupted
                try await eventually("a hook answers 200", within: .seconds(15)) {
                    try await daemon.hook("github").status == 200
                }
                #expect(try await docker.runs("github"))

                // The container is removed in the middle of one.
                try await eventually("it has its memory") { (try? await docker.ask("github", "/")) == "hello" }
                try await daemon.sleep("github")
                async let removed = daemon.send("POST", "/v1/services/github/sleep?depth=reclaimed&force=true")
                try await reclaimBegins(daemon)
                try await docker("rm", "-f", "github")
                _ = try? await removed
                try await daemon.wait("github", is: "absent")
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
            }
        }

        private func reclaimBegins(_ daemon: TestDaemon) async throws {
            try await eventually("its memory goes") {
                try await daemon.service("github").memory.swappedBytes ?? 0 > 4 << 20
            }
        }

        @Test("a thousand sleeps with reclaim: not one wrong byte")
        func checksums() async throws {
            let settings = "{tier: on-demand, activity: [hook], min_awake: 0s}"
            try await TestDaemon.with(services: ["github: \(settings)"]) { daemon, docker in
                try await docker.serve("github", mebibytes: 8)
                try await daemon.wait("github", is: "awake")
                for round in 0..<1000 {
                    _ = try await sleepDeep(daemon, "github")
                    #expect(try await daemon.hook("github").status == 200, "round \(round)")
                    if round % 10 == 9 { #expect(try await docker.ask("github", "/check") == "ok", "round \(round)") }
                }
            }
        }

        @Test("a busy loop that is put to sleep uses no CPU at all")
        func noCPU() async throws {
            try await TestDaemon.with(services: ["github: \(Self.settings)"]) { daemon, docker in
                try await docker.serve("github")
                try await daemon.wait("github", is: "awake")
                #expect(try await docker.ask("github", "/burn/3600000") == "burning")
                try await daemon.sleep("github")
                let id = try #require(try await daemon.service("github").container?.id)
                func used() throws -> String {
                    for path in ["cpuacct/docker/\(id)/cpuacct.usage", "docker/\(id)/cpu.stat"] {
                        if let text = try? String(contentsOfFile: "/sys/fs/cgroup/" + path, encoding: .utf8) {
                            return text
                        }
                    }
                    throw Overdue(description: "no CPU accounting")
                }
                let before = try used()
                try await Task.sleep(for: .seconds(10))
                #expect(try used() == before)
            }
        }
    }
}
