import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// Sleepers by the kernel's freezer, of which Docker knows nothing.
    @Suite("freezer: cgroup")
    struct Freezer {
        private static let github = ["github: {tier: on-demand, activity: [hook], min_awake: 0s, freezer: cgroup}"]

        /// Ends by itself at once when it is told to, and says so.
        private static let polite = [
            "sh", "-c", "trap 'echo last words; exit 0' TERM; while true; do sleep 0.05; done",
        ]

        private func place(_ docker: Dockerd, _ name: String) async throws -> String {
            let id = try await docker("inspect", "-f", "{{.Id}}", name)
            let places = ["/sys/fs/cgroup/unified/docker/\(id)", "/sys/fs/cgroup/docker/\(id)"]
            guard let place = places.first(where: { FileManager.default.fileExists(atPath: $0 + "/cgroup.events") })
            else { throw Overdue(description: "\(name) has no v2 cgroup") }
            return place
        }

        private func isFrozen(at place: String) throws -> Bool {
            try String(contentsOfFile: place + "/cgroup.events", encoding: .utf8).contains("frozen 1")
        }

        private func isFrozen(_ docker: Dockerd, _ name: String) async throws -> Bool {
            try isFrozen(at: try await place(docker, name))
        }

        private func setFrozen(_ docker: Dockerd, _ name: String, _ word: String) async throws {
            let path = try await place(docker, name) + "/cgroup.freeze"
            try word.write(toFile: path, atomically: false, encoding: .utf8)
        }

        private func asleep(_ daemon: TestDaemon, _ docker: Dockerd) async throws {
            try await daemon.wait("github", is: "awake")
            try await daemon.sleep("github")
            try #require(try await isFrozen(docker, "github"))
        }

        private func endedPolitely(_ docker: Dockerd) async throws {
            #expect(try await docker("inspect", "-f", "{{.State.ExitCode}}", "github") == "0")
            #expect(try await docker("logs", "github").contains("last words"))
        }

        @Test("freezes and thaws, and Docker believes that it runs")
        func sleepsAndWakes() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github")
                for _ in 0..<100 {
                    try await asleep(daemon, docker)
                    let service = try await daemon.service("github")
                    #expect(service.freezer == "cgroup" && service.depth == "frozen")
                    #expect(try await daemon.hook("github").status == 200)
                    #expect(try await !isFrozen(docker, "github"))
                }
                #expect(try await docker.runs("github"))
            }
        }

        @Test("docker stop: it hears its SIGTERM and ends by itself")
        func dockerStop() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github", command: Self.polite)
                try await asleep(daemon, docker)
                let began = ContinuousClock.now
                try await docker("stop", "-t", "10", "github")
                #expect(ContinuousClock.now - began < .seconds(5))
                try await endedPolitely(docker)
                try await daemon.wait("github", is: "down")
            }
        }

        @Test("docker stop while no svcd was there: the next one lets it hear")
        func stopWithoutDaemon() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github", command: Self.polite)
                try await asleep(daemon, docker)
                try await daemon.stop(SIGKILL)
                async let stop = docker("stop", "-t", "30", "github")
                try await Task.sleep(for: .seconds(1))
                #expect(try await isFrozen(docker, "github"))
                try await daemon.start()
                _ = try await stop
                try await endedPolitely(docker)
            }
        }

        @Test("dockerd goes down: sleepers hear its SIGTERM and end by themselves")
        func dockerdStops() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github", command: Self.polite)
                try await asleep(daemon, docker)
                try await docker.stop()
                try await docker.startAgain()
                try await endedPolitely(docker)
            }
        }

        @Test("dockerd goes down with live-restore: sleepers go on within 100 ms, and sleep again when it is back")
        func liveRestore() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.setLiveRestore(true)
                do {
                    try await docker.start("github")
                    try await asleep(daemon, docker)
                    let place = try await place(docker, "github")
                    let pid = try await docker("inspect", "-f", "{{.State.Pid}}", "github")
                    let events = try RawConnection(docker.socket)
                    defer { events.close() }
                    try events.send("GET /events HTTP/1.1\r\nHost: docker\r\n\r\n")
                    _ = try events.receive()
                    async let stop: Void = docker.stop()
                    let began = await withCheckedContinuation { continuation in
                        Thread.detachNewThread {
                            while (try? events.receive()) != nil {}
                            continuation.resume(returning: ContinuousClock.now)
                        }
                    }
                    try await eventually("it runs", every: .milliseconds(1)) { try !isFrozen(at: place) }
                    #expect(ContinuousClock.now - began < .milliseconds(100))
                    _ = try await stop
                    #expect(try await daemon.hook("github").status == 200)
                    try await docker.startAgain()
                    try await daemon.wait("github", is: "awake")
                    #expect(try await docker("inspect", "-f", "{{.State.Pid}}", "github") == pid)
                    try await asleep(daemon, docker)
                    #expect(try await daemon.hook("github").status == 200)
                    #expect(try await !isFrozen(docker, "github"))
                } catch {
                    try? await docker.setLiveRestore(false)
                    throw error
                }
                try await docker.setLiveRestore(false)
            }
        }

        @Test("top, cp, update and logs of a sleeper are answered, and it wakes afterwards")
        func otherCommands() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github", command: ["sh", "-c", "echo hello; exec sleep 100000"])
                for command in [
                    ["top", "github"], ["logs", "github"], ["cp", "github:/bin/busybox", daemon.directory],
                    ["cp", "/etc/hostname", "github:/tmp/"], ["update", "--cpu-shares", "512", "github"],
                    ["inspect", "github"], ["stats", "--no-stream", "github"], ["diff", "github"],
                ] {
                    try await asleep(daemon, docker)
                    let began = ContinuousClock.now
                    try await docker.run(command)
                    #expect(ContinuousClock.now - began < .seconds(5), "\(command)")
                    #expect(["asleep", "awake"].contains(try await daemon.state("github")), "\(command)")
                    #expect(try await daemon.hook("github").status == 200)
                    #expect(try await !isFrozen(docker, "github"))
                }
                // A new process, in another cgroup where the driver moves it.
                try await asleep(daemon, docker)
                try await docker("restart", "-t", "1", "github")
                try await asleep(daemon, docker)
                #expect(try await daemon.hook("github").status == 200)
            }
        }

        @Test("a cgroup namespace and another parent are no hindrance", arguments: ["private", "host"])
        func namespaces(cgroupns: String) async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start(
                    "github", options: ["--cgroupns", cgroupns, "--cgroup-parent", "/svcd-tests/inner"])
                try await daemon.wait("github", is: "awake")
                let pid = try await docker("inspect", "-f", "{{.State.Pid}}", "github")
                let groups = try String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8).split(separator: "\n")
                let path = groups.first { $0.hasPrefix("0::") }?.dropFirst(3) ?? ""
                let roots = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
                let place = try #require(
                    roots.map { $0 + path }.first { FileManager.default.fileExists(atPath: $0 + "/cgroup.events") })
                for _ in 0..<3 {
                    try await daemon.sleep("github")
                    #expect(try isFrozen(at: place))
                    #expect(try await daemon.service("github").freezer == "cgroup")
                    #expect(try await daemon.hook("github").status == 200)
                    #expect(try !isFrozen(at: place))
                }
            }
        }

        @Test("kill -9: the next svcd knows its sleepers; release needs neither svcd nor Docker")
        func killed() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github")
                try await asleep(daemon, docker)
                try await daemon.stop(SIGKILL)
                try await daemon.start()
                try await daemon.wait("github", is: "asleep")
                #expect(try await isFrozen(docker, "github"))
                #expect(try await daemon.hook("github").status == 200)
                #expect(try await !isFrozen(docker, "github"))

                try await daemon.sleep("github")
                try await daemon.stop(SIGKILL)
                try docker.signal(SIGSTOP)
                defer { try? docker.signal(SIGCONT) }
                for _ in 0..<2 { #expect(try await daemon.release().status == 0) }
                try docker.signal(SIGCONT)
                #expect(try await !isFrozen(docker, "github"))
            }
        }

        @Test("paused by Docker as well: held, and an operator's wake puts both right")
        func pausedTwice() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github")
                try await asleep(daemon, docker)
                try await docker("pause", "github")
                try await daemon.wait("github", is: "held")
                #expect(try await daemon.hook("github").status == 423)
                #expect(try await daemon.svcctl("wake", "github").status == 0)
                #expect(try await docker.runs("github"))
                #expect(try await !isFrozen(docker, "github"))
                try await asleep(daemon, docker)
                #expect(try await daemon.hook("github").status == 200)
            }
        }

        @Test("docker exec wakes it; so does a thaw from outside")
        func execAndThaw() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github")
                var refused = 0
                for _ in 0..<20 {
                    try await asleep(daemon, docker)
                    if (try? await docker("exec", "github", "true")) == nil { refused += 1 }
                    try await daemon.wait("github", is: "awake", within: .seconds(1))
                }
                print("docker exec into a sleeper: \(refused) of 20 first tries were refused")
                try await asleep(daemon, docker)
                try await setFrozen(docker, "github", "0")
                try await daemon.wait("github", is: "awake", within: .seconds(1))
            }
        }

        @Test("a container with a HEALTHCHECK is paused through Docker, and why says so")
        func healthcheck() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github", options: ["--health-cmd", "true", "--health-interval", "1s"])
                try await daemon.wait("github", is: "awake")
                try await daemon.sleep("github")
                #expect(try await docker.status("github") == "paused")
                #expect(try await daemon.service("github").freezer == "docker")
                #expect(try await daemon.svcctl("why", "github").output.contains("HEALTHCHECK"))
                #expect(try await daemon.hook("github").status == 200)
            }
        }

        @Test("a reload, a rename and SIGTERM leave nothing frozen; memory is handed back all the same")
        func leavesNothing() async throws {
            let services = ["gone", "renamed", "left"].map {
                "\($0): {tier: on-demand, activity: [hook], min_awake: 0s, freezer: cgroup}"
            }
            try await TestDaemon.with(services: services) { daemon, docker in
                for name in ["gone", "renamed", "left"] {
                    try await docker.serve(name, mebibytes: 20)
                    try await daemon.wait(name, is: "awake")
                    let answer = try await daemon.send("POST", "/v1/services/\(name)/sleep?depth=reclaimed&force=true")
                    #expect(answer.status == 200)
                    #expect(try await isFrozen(docker, name))
                }
                try await docker("rename", "renamed", "elsewhere")
                try await eventually("the renamed one runs") { try await !isFrozen(docker, "elsewhere") }
                try daemon.write(services: [services[1], services[2]])
                #expect(try await daemon.svcctl("reload").status == 0)
                try await eventually("the dropped one runs") { try await !isFrozen(docker, "gone") }
                #expect(try await isFrozen(docker, "left"))
                #expect(try await daemon.stop() == 0)
                #expect(try await !isFrozen(docker, "left"))
                for name in ["gone", "elsewhere", "left"] { #expect(try await docker.ask(name, "/check") == "ok") }
            }
        }
    }
}
