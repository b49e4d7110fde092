import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    @Suite("sleep and wake")
    struct SleepAndWake {
        @Test("sleep pauses, a hook unpauses")
        func pausesAndUnpauses() async throws {
            try await TestDaemon.with(services: ["github: {tier: on-demand, activity: [hook], min_awake: 0s}"]) {
                daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                try await daemon.sleep("github")
                #expect(try await docker.status("github") == "paused")
                #expect(try await daemon.service("github").depth == "frozen")
                let answer = try await daemon.hook("github")
                #expect(answer.status == 200)
                #expect(answer.state == "awake")
                #expect(try await docker.runs("github"))
                let wake = try #require(try await daemon.service("github").lastWake)
                #expect(wake.trigger == "hook" && wake.from == "frozen")
                #expect(wake.elapsedMs >= wake.phases.thawMs)
            }
        }

        @Test("a hook is answered when the kernel says that it runs; an operator when Docker does, too")
        func answeredInTime() async throws {
            try await TestDaemon.with(services: ["github: {tier: on-demand, activity: [hook], min_awake: 0s}"]) {
                daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                let id = try await docker("inspect", "-f", "{{.Id}}", "github")
                let states = [
                    "/sys/fs/cgroup/freezer/docker/\(id)/freezer.state", "/sys/fs/cgroup/docker/\(id)/cgroup.events",
                    "/sys/fs/cgroup/unified/docker/\(id)/cgroup.events",
                ].filter { FileManager.default.fileExists(atPath: $0) }
                func words() -> String {
                    states.map { (try? String(contentsOfFile: $0, encoding: .utf8)) ?? "" }.joined()
                }
                let engine = DockerClient(docker)
                for round in 0..<100 {
                    try await daemon.sleep("github")
                    #expect(words().contains("FROZEN") || words().contains("frozen 1"))
                    if round % 2 == 0 {
                        #expect(try await daemon.hook("github").status == 200)
                    } else {
                        #expect(try await daemon.send("POST", "/v1/services/github/wake").status == 200)
                        #expect(try await engine.isRunning("github"), "round \(round)")
                    }
                    #expect(!words().contains("FROZEN") && !words().contains("frozen 1"), "round \(round)")
                }
                // A sleep right behind it waits for Docker, and loses nothing.
                #expect(try await daemon.service("github").error == nil)
            }
        }

        @Test("one in use is never paused, an idle one is, within a second of its time")
        func idleFallsAsleep() async throws {
            let settings = "{tier: on-demand, activity: [hook], idle_after: 2s, min_awake: 0s}"
            try await TestDaemon.with(services: ["used: \(settings)", "idle: \(settings)"]) { daemon, docker in
                try await docker.start("used")
                try await docker.start("idle")
                try await daemon.wait("used", is: "awake")
                try await daemon.wait("idle", is: "awake")
                let clock = ContinuousClock()
                let idleSince = clock.now
                var idleSlept: Duration?
                while clock.now - idleSince < .seconds(6) {
                    #expect(try await daemon.hook("used").status == 200)
                    if idleSlept == nil, try await daemon.state("idle") == "asleep" {
                        idleSlept = clock.now - idleSince
                    }
                    try await clock.sleep(for: .milliseconds(100))
                }
                let slept = try #require(idleSlept)
                #expect(slept > .seconds(1) && slept < .seconds(3.5))
                let history = try await daemon.get(History.self, "/v1/history?service=used").history
                #expect(!history.contains { $0.to == "asleep" })
                // And when it is no longer used, it sleeps as well.
                try await daemon.wait("used", is: "asleep", within: .seconds(4))
            }
        }

        @Test("forty hooks on one sleeper are forty times 200 and one unpause")
        func manyHooksOneUnpause() async throws {
            try await TestDaemon.with(services: ["github: {tier: on-demand, activity: [hook], min_awake: 0s}"]) {
                daemon, docker in
                let id = try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                try await daemon.sleep("github")
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<40 { group.addTask { try await daemon.hook("github").status } }
                    return try await group.reduce(into: [Int]()) { $0.append($1) }
                }
                #expect(statuses == Array(repeating: 200, count: 40))
                // Docker cuts times to seconds: it waits for the next, so that this one is whole.
                let end = Int(Date().timeIntervalSince1970) + 1
                let events = try await docker.run([
                    "events", "--since", "1m", "--until", "\(end)", "--filter", "event=unpause", "--filter",
                    "container=\(id)", "--format", "{{.Action}}",
                ])
                #expect(events == "unpause")
                // Each of the forty is counted.
                #expect(try await daemon.service("github").wakes.count == 40)
            }
        }

        @Test("wakes of different services run side by side")
        func sideBySide() async throws {
            let names = (1...8).map { "s\($0)" }
            try await TestDaemon.with(
                services: names.map { "\($0): {tier: on-demand, activity: [hook], min_awake: 0s}" }
            ) {
                daemon, docker in
                for name in names { try await docker.start(name) }
                for name in names {
                    try await daemon.wait(name, is: "awake")
                    try await daemon.sleep(name)
                }
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for name in names { group.addTask { try await daemon.hook(name).status } }
                    for try await status in group { #expect(status == 200) }
                }
                // Begun together: none waited for the one before it.
                for name in names {
                    let queued = try await daemon.service(name).lastWake?.phases.queuedMs
                    #expect(try #require(queued) < 100)
                }
            }
        }

        @Test("a hook that meets the pause never fails, never hangs and never ends in a paused container")
        func hookMeetsPause() async throws {
            let settings = "{tier: on-demand, activity: [hook], idle_after: 300ms, min_awake: 0s}"
            try await TestDaemon.with(services: ["github: \(settings)"]) { daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                let clock = ContinuousClock()
                for offset in stride(from: -50, through: 100, by: 5) {
                    #expect(try await daemon.hook("github").status == 200)
                    let used = clock.now
                    try await clock.sleep(until: used + .milliseconds(300 + offset))
                    let answer = try await daemon.hook("github")
                    #expect(answer.status == 200, "at \(offset) ms")
                    #expect(answer.elapsed < .seconds(2), "at \(offset) ms")
                    #expect(try await docker.runs("github"), "at \(offset) ms")
                }
            }
        }

        @Test("every idle time expires, under constant hooks on one of ten")
        func everyExpiryHappens() async throws {
            let names = (0..<10).map { "s\($0)" }
            let services = names.enumerated().map {
                "\($1): {tier: on-demand, activity: [hook], idle_after: \(1000 + $0 * 300)ms, min_awake: 0s}"
            }
            try await TestDaemon.with(services: services, top: "mode: off") { daemon, docker in
                for name in names { try await docker.start(name) }
                for name in names { try await daemon.wait(name, is: "awake") }
                #expect(try await daemon.send("PUT", "/v1/mode?mode=auto").status == 200)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        while !Task.isCancelled { _ = try await daemon.hook("s9") }
                    }
                    for name in names.dropLast() { try await daemon.wait(name, is: "asleep") }
                    #expect(try await daemon.state("s9") == "awake")
                    group.cancelAll()
                }
                try await daemon.wait("s9", is: "asleep")
            }
        }

        @Test("two thousand rounds beside a busy machine: no wrong belief, no failed hook")
        func roundsUnderLoad() async throws {
            try await TestDaemon.with(services: ["github: {tier: on-demand, activity: [hook], min_awake: 0s}"]) {
                daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                let burners = try (0..<2).map { _ in try Burner() }
                defer { burners.forEach { $0.stop() } }
                var refusals: [String] = []
                for round in 0..<2000 {
                    let slept = try await daemon.send("POST", "/v1/services/github/sleep?force=true")
                    if slept.status != 200 { refusals.append(String(decoding: slept.body, as: UTF8.self)) }
                    if round % 50 == 0 {
                        let state = try await daemon.state("github")
                        let truth = try await docker.status("github")
                        #expect((state == "asleep") == (truth == "paused"), "round \(round): \(state), \(truth ?? "")")
                    }
                    let answer = try await daemon.hook("github")
                    #expect(answer.status == 200, "round \(round)")
                    if round % 50 == 0 { #expect(try await docker.runs("github"), "round \(round)") }
                }
                #expect(refusals.isEmpty, "\(refusals.count), first \(refusals.first ?? "")")
                #expect(try await daemon.state("github") == "awake")
            }
        }

        @Test("svcctl run keeps awake and exits as the command does")
        func run() async throws {
            let settings = "{tier: on-demand, activity: [hook], idle_after: 1s, min_awake: 0s}"
            try await TestDaemon.with(services: ["github: \(settings)"]) { daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "asleep")
                let ran = try await daemon.svcctl("run", "github", "--", "sh", "-c", "sleep 3; exit 7")
                #expect(ran.status == 7)
                let woken = try await daemon.get(History.self, "/v1/history?service=github").history
                let first = try #require(woken.first { $0.to == "awake" })
                #expect(first.trigger == "lease")
                // While the command ran it did not fall asleep, though idle for three times its time.
                #expect(woken.filter { $0.to == "asleep" }.count == 1)
                try await daemon.wait("github", is: "asleep")
                let killed = try await daemon.svcctl(
                    "run", "github", "--", "sh", "-c", "kill -TERM $$; sleep 2; exit 5")
                #expect(killed.status == 128 + SIGTERM)
                #expect(try await daemon.svcctl("run", "github", "--", "/no/such/thing").status == 127)
                #expect(try await daemon.svcctl("run", "github", "--", "/").status == 126)
                #expect(try await daemon.svcctl("run", "githup", "--", "true").status == 66)
                #expect(try await daemon.service("github").leases == 0)
            }
        }

        @Test("svcctl run's lease ends with the command, however it dies, and with nothing else")
        func runDies() async throws {
            let settings = "{tier: on-demand, activity: [hook], idle_after: 1h, min_awake: 0s}"
            try await TestDaemon.with(services: ["github: \(settings)"]) { daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                for number in [SIGKILL, SIGUSR1, SIGINT, SIGPIPE] {
                    let pid = daemon.directory + "/pid\(number)"
                    async let ran = daemon.svcctl("run", "github", "--", "sh", "-c", "echo $$ > \(pid); exec sleep 60")
                    var command: pid_t = 0
                    try await eventually("it runs") {
                        command =
                            (try? String(contentsOfFile: pid, encoding: .utf8)).flatMap { pid_t($0.dropLast()) } ?? 0
                        return try await daemon.service("github").leases == 1 && command > 0
                    }
                    kill(command, number)
                    #expect(try await ran.status == 128 + number)
                    try await eventually("the lease of what \(number) ended is over", within: .seconds(3)) {
                        try await daemon.service("github").leases == 0
                    }
                }
                // The command has svcctl's place: what it leaves behind holds nothing, and nothing of ours is its own.
                let left = try await Shell.run([
                    // Passes nothing of this process on.
                    "python3", "-c",
                    "import subprocess, sys; sys.exit(subprocess.run(sys.argv[2:], cwd=sys.argv[1]).returncode)",
                    daemon.directory, TestDaemon.binaries + "/svcctl", "--control", "./control.sock", "run", "github",
                    "--", "sh", "-c",
                    // The shell itself reads its mask: while it starts another program, all its signals are blocked.
                    "setsid sleep 60 </dev/null >/dev/null 2>&1 & ls /proc/$$/fd;"
                        + " while read -r line; do case $line in SigBlk*) echo \"$line\";; esac; done </proc/$$/status;"
                        + " echo left $!; pgrep -P $$ -l; env | grep SVCD_LEASE",
                ])
                let lines = left.output.split(separator: "\n").map(String.init)
                #expect(lines.prefix(4) == ["0", "1", "2", "SigBlk:\t0000000000000000"], "\(left.output)")
                #expect(!left.output.contains("svcctl") && !left.output.contains("SVCD_LEASE="), "\(left.output)")
                try await eventually("its lease is over") { try await daemon.service("github").leases == 0 }
                let rest = try #require(lines.first { $0.hasPrefix("left ") }.flatMap { pid_t($0.dropFirst(5)) })
                kill(rest, SIGKILL)
            }
        }
    }
}
