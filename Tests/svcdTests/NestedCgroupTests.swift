import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// Containers that make cgroups of their own, as systemd and Docker do within one.
    @Suite("nested cgroups")
    struct NestedCgroups {
        private static func service(_ freezer: String) -> String {
            "github: {tier: on-demand, idle_after: 2s, min_awake: 0s, reclaim: never, freezer: \(freezer)}"
        }

        /// Moves its first process into a child cgroup, in every hierarchy that takes it; the service stays above.
        private func nest(_ docker: Dockerd, _ name: String) async throws {
            let pid = try await docker("inspect", "-f", "{{.State.Pid}}", name)
            var moved = 0
            for line in try String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8).split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                guard parts.count == 3, parts[2] != "/" else { continue }
                let roots = parts[0] == "0" ? ["/unified", ""] : parts[1].split(separator: ",").map { "/\($0)" }
                for root in roots {
                    let child = "/sys/fs/cgroup\(root)\(parts[2])/init"
                    guard mkdir(child, 0o755) == 0 else { continue }
                    // A cpuset wants its processors first; nothing here goes by it.
                    if (try? pid.write(toFile: child + "/cgroup.procs", atomically: false, encoding: .utf8)) != nil {
                        moved += 1
                    }
                }
            }
            try #require(moved > 0)
        }

        /// Starts it before svcd looks: meters stay open.
        private func serveNested(_ daemon: TestDaemon, _ docker: Dockerd) async throws {
            try await daemon.stop()
            try await docker.serve("github")
            try await nest(docker, "github")
            try await daemon.start()
        }

        /// Ticks that the container's processes have computed.
        private func ticks(_ docker: Dockerd, _ name: String) async throws -> Int {
            let pids = try await docker("top", name, "-o", "pid").split(separator: "\n").dropFirst()
            return try pids.reduce(0) { sum, pid in
                let path = "/proc/\(pid.trimmingCharacters(in: .whitespaces))/stat"
                let fields = try String(contentsOfFile: path, encoding: .utf8).split(separator: ")").last ?? ""
                let words = fields.split(separator: " ")
                return sum + (Int(words[11]) ?? 0) + (Int(words[12]) ?? 0)
            }
        }

        @Test(
            "what computes outside of its first process's cgroup is use", arguments: ["docker", "cgroup"])
        func computation(freezer: String) async throws {
            try await TestDaemon.with(services: [Self.service(freezer)]) { daemon, docker in
                try await serveNested(daemon, docker)
                try await daemon.wait("github", is: "awake")
                #expect(try await docker.ask("github", "/burn/7000") == "burning")
                let end = ContinuousClock.now + .seconds(6)
                while ContinuousClock.now < end {
                    try #require(try await daemon.state("github") == "awake")
                    try await Task.sleep(for: .milliseconds(50))
                }
                try await daemon.wait("github", is: "asleep")
            }
        }

        @Test("a sleeper's processes stand still, wherever they are", arguments: ["docker", "cgroup"])
        func standsStill(freezer: String) async throws {
            try await TestDaemon.with(services: [Self.service(freezer)]) { daemon, docker in
                try await serveNested(daemon, docker)
                try await daemon.wait("github", is: "awake")
                #expect(try await docker.ask("github", "/burn/60000") == "burning")
                try await daemon.sleep("github")
                #expect(try await daemon.service("github").freezer == freezer)
                let before = try await ticks(docker, "github")
                try await Task.sleep(for: .seconds(1))
                #expect(try await ticks(docker, "github") - before <= 1)
                #expect(try await daemon.hook("github").status == 200)
                let awake = try await ticks(docker, "github")
                try await eventually("it computes again") { try await ticks(docker, "github") > awake + 5 }
            }
        }
    }
}
