import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// Reloads, stops, and an engine that goes away.
    @Suite("life")
    struct Life {
        private static let settings = "{tier: on-demand, activity: [hook], min_awake: 0s}"

        @Test("a reload that drops a sleeper, makes it never, or changes its container leaves nothing frozen")
        func reload() async throws {
            let before = ["dropped", "never", "moved", "kept"].map { "\($0): \(Self.settings)" }
            try await TestDaemon.with(services: before) { daemon, docker in
                for name in ["dropped", "never", "moved", "kept", "target"] { try await docker.start(name) }
                for name in ["dropped", "never", "moved", "kept"] {
                    try await daemon.wait(name, is: "awake")
                    try await daemon.sleep(name)
                }
                try daemon.write(services: [
                    "never: {tier: high-priority}",
                    "moved: {tier: on-demand, activity: [hook], min_awake: 0s, container: target}",
                    "kept: \(Self.settings)",
                ])
                kill(daemon.pid, SIGHUP)
                try await daemon.wait("never", is: "awake")
                try await eventually("nothing is left frozen") {
                    for name in ["dropped", "never", "moved"] where try await docker.status(name) != "running" {
                        return false
                    }
                    return true
                }
                #expect(try await docker.status("kept") == "paused")
                try await daemon.wait("moved", is: "awake")
                #expect(try await daemon.service("moved").container?.name == "target")
                #expect(try await daemon.send("GET", "/v1/services/dropped").status == 404)
                let refused = try await daemon.send("POST", "/v1/services/never/sleep?force=true")
                #expect(refused.status == 409)

                // A bad file changes nothing and says why.
                try daemon.write(services: ["kept: {tier: on-demnad}"])
                let answer = try await daemon.svcctl("reload")
                #expect(answer.status == 78)
                #expect(answer.errors.contains("did you mean 'on-demand'"))
                #expect(try await daemon.state("kept") == "asleep")
            }
        }

        @Test("SIGTERM: a hundred sleepers are awake again, exit 0, within seconds")
        func terminate() async throws {
            let names = (0..<100).map { "s\($0)" }
            try await TestDaemon.with(services: names.map { "\($0): \(Self.settings)" }) { daemon, docker in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for lane in 0..<4 {
                        group.addTask {
                            for index in stride(from: lane, to: 100, by: 4) { try await docker.start("s\(index)") }
                        }
                    }
                    try await group.waitForAll()
                }
                let slept = try await daemon.svcctl("sleep", "--all", "--force")
                #expect(slept.status == 0, "\(slept.errors)")
                #expect(
                    try await docker.run(["ps", "-q", "--filter", "status=paused"]).split(separator: "\n").count == 100)
                #expect(try await daemon.stop(SIGTERM, within: .seconds(15)) == 0)
                #expect(try await docker.run(["ps", "-q", "--filter", "status=paused"]).isEmpty)
                #expect(!FileManager.default.fileExists(atPath: daemon.hookPath))
            }
        }

        @Test("on_exit: leave keeps them asleep, and the next svcd wakes them on demand")
        func leave() async throws {
            try await TestDaemon.with(services: ["github: \(Self.settings)"], top: "on_exit: leave") { daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                try await daemon.sleep("github")
                #expect(try await daemon.stop() == 0)
                #expect(try await docker.status("github") == "paused")
                try await daemon.start()
                try await daemon.wait("github", is: "asleep")
                #expect(try await daemon.hook("github").status == 200)
            }
        }

        @Test("pins, leases and the mode survive a restart")
        func wishesSurvive() async throws {
            let settings = "{tier: on-demand, activity: [hook], idle_after: 1s, min_awake: 0s}"
            let services = ["pinned", "leased", "free"].map { "\($0): \(settings)" }
            try await TestDaemon.with(services: services, top: "mode: off") { daemon, docker in
                for name in ["pinned", "leased", "free"] { try await docker.start(name) }
                for name in ["pinned", "leased", "free"] { try await daemon.wait(name, is: "awake") }
                #expect(try await daemon.send("PUT", "/v1/services/pinned/pin").status == 200)
                #expect(try await daemon.send("POST", "/v1/services/leased/leases?ttl=1h").status == 201)
                #expect(try await daemon.send("PUT", "/v1/mode?mode=auto").status == 200)
                try await daemon.stop(SIGKILL)
                try await daemon.start()
                try await daemon.wait("free", is: "asleep")
                #expect(try await daemon.state("pinned") == "awake")
                #expect(try await daemon.state("leased") == "awake")
                #expect(try await daemon.send("PUT", "/v1/mode?mode=off").status == 200)
                // Leaving auto wakes what sleeps.
                try await daemon.wait("free", is: "awake")
                try await daemon.stop(SIGKILL)
                try await daemon.start()
                #expect(try await daemon.get(ModeAnswer.self, "/v1/mode").mode == "off")
            }
        }

        @Test("dockerd hangs: the awake are answered at once, sleepers fail in time, and it heals by itself")
        func engineHangs() async throws {
            let services = [
                "awake: \(Self.settings)",
                "asleep: {tier: on-demand, activity: [hook], min_awake: 0s, wake_timeout: 3s}",
            ]
            try await TestDaemon.with(services: services) { daemon, docker in
                for name in ["awake", "asleep"] {
                    try await docker.start(name)
                    try await daemon.wait(name, is: "awake")
                }
                try await daemon.sleep("asleep")
                try docker.signal(SIGSTOP)
                defer { try? docker.signal(SIGCONT) }
                try await eventually("it is noticed") { try await daemon.send("GET", "/healthz").status == 503 }
                let awake = try await daemon.hook("awake")
                #expect(awake.status == 200)
                #expect(awake.elapsed < .milliseconds(500))
                let asleep = try await daemon.hook("asleep")
                #expect(asleep.status == 503 || asleep.status == 504)
                #expect(asleep.retryAfter != nil)
                #expect(asleep.elapsed < .seconds(4))
                try await eventually("state unknown") { try await daemon.hook("awake").state == "unknown" }
                try docker.signal(SIGCONT)
                try await eventually("healthy again", within: .seconds(5)) {
                    try await daemon.send("GET", "/healthz").status == 200
                }
                try await eventually("reconciled", within: .seconds(5)) {
                    try await daemon.state("awake") == "awake"
                }
                #expect(try await daemon.hook("asleep").status == 200)
                #expect(try await docker.runs("asleep"))
            }
        }

        @Test("dockerd restarts: sleepers that it left exited wake on demand")
        func engineRestarts() async throws {
            let services = ["awake: \(Self.settings)", "asleep: \(Self.settings)", "restarting: \(Self.settings)"]
            try await TestDaemon.with(services: services) { daemon, docker in
                try await docker.start("awake")
                try await docker.start("asleep")
                try await docker.start("restarting", options: ["--restart", "always"])
                for name in ["awake", "asleep", "restarting"] { try await daemon.wait(name, is: "awake") }
                try await daemon.sleep("asleep")
                try await docker.stop()
                try await eventually("it is noticed", within: .seconds(1)) {
                    try await daemon.send("GET", "/healthz").status == 503
                }
                // dockerd stops its containers as it goes; svcd may have seen that, or not.
                let wasSeenStopping = try await daemon.service("awake").container?.status != "running"
                #expect(try await daemon.hook("awake").status == (wasSeenStopping ? 503 : 200))
                try await docker.startAgain()
                try await daemon.wait("restarting", is: "awake", within: .seconds(5))
                // It ran, and now it doesn't: not svcd's doing.
                try await daemon.wait("awake", is: "down", within: .seconds(5))
                try await daemon.wait("asleep", is: "asleep", within: .seconds(5))
                #expect(try await daemon.service("asleep").depth == "stopped")
                #expect(try await daemon.hook("asleep").status == 200)
                #expect(try await docker.runs("asleep"))
            }
        }

        @Test("stale socket files are replaced, living ones are not")
        func staleSockets() async throws {
            try await TestDaemon.with(services: []) { daemon, _ in
                try await daemon.stop(SIGKILL)
                #expect(FileManager.default.fileExists(atPath: daemon.hookPath))
                try await daemon.start()
                let arguments = daemon.arguments.map { $0 == daemon.statePath ? $0 + "2" : $0 }
                let second = try await Shell.run([TestDaemon.binaries + "/svcd"] + arguments)
                #expect(second.status == 1)
                #expect(second.errors.contains("listens there already"))
                #expect(try await daemon.send("GET", "/healthz").status == 200)
            }
        }
    }
}
