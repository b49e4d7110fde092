import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// The state directory of an earlier svcd, and containers that sleep as it left them.
    @Suite("upgrade")
    struct Upgrade {
        private func place(_ id: String) throws -> String {
            let places = ["/sys/fs/cgroup/unified/docker/\(id)", "/sys/fs/cgroup/docker/\(id)"]
            guard let place = places.first(where: { FileManager.default.fileExists(atPath: $0 + "/cgroup.events") })
            else { throw Overdue(description: "\(id) has no v2 cgroup") }
            return place
        }

        private func isFrozen(_ place: String) throws -> Bool {
            try String(contentsOfFile: place + "/cgroup.events", encoding: .utf8).contains("frozen 1")
        }

        /// Gives `body` a svcd that is yet to be started on the old state, and the place where `frozen` is held.
        private func withOldState(_ body: (TestDaemon, Dockerd, String) async throws -> Void) async throws {
            try await TestDaemon.with(services: ["other: {tier: high-priority}"]) { daemon, docker in
                try await daemon.stop(SIGKILL)
                var ids: [String: String] = [:]
                for name in OldState.services { ids[name] = try await docker.serve(name) }
                for name in ["paused", "reclaimed"] { try await docker("pause", name) }
                try await docker("stop", "stopped")
                let place = try place(try #require(ids["frozen"]))
                try "1".write(toFile: place + "/cgroup.freeze", atomically: false, encoding: .utf8)
                try await eventually("it is frozen") { try isFrozen(place) }

                let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
                try FileManager.default.removeItem(atPath: daemon.statePath)
                try FileManager.default.createDirectory(atPath: daemon.statePath, withIntermediateDirectories: false)
                try OldState(boot: boot.trimmingCharacters(in: .whitespacesAndNewlines), ids: ids, place: place)
                    .write(to: daemon.statePath + "/svcd.db")
                try FileManager.default.removeItem(atPath: daemon.policyPath)
                try FileManager.default.copyItem(atPath: OldState.policyPath, toPath: daemon.policyPath)
                try await body(daemon, docker, place)
            }
        }

        @Test("its sleepers are svcd's own, of either freezer and every depth, and hooks wake them")
        func takesOver() async throws {
            try await withOldState { daemon, docker, place in
                try await daemon.start()
                for (name, depth) in zip(OldState.sleepers, ["frozen", "frozen", "reclaimed", "stopped"]) {
                    try await daemon.wait(name, is: "asleep")
                    let service = try await daemon.service(name)
                    #expect(service.depth == depth && service.freezer == (name == "frozen" ? "cgroup" : "docker"))
                }
                #expect(try isFrozen(place))
                for name in OldState.sleepers {
                    #expect(try await daemon.hook(name).status == 200)
                    #expect(try await docker.runs(name))
                    #expect(try await docker.ask(name, "/") == "hello")
                }
                #expect(try await daemon.svcctl("history", "paused").output.contains("hook"))
            }
        }

        @Test("the operator's mode, pins and leases hold")
        func keepsWishes() async throws {
            try await withOldState { daemon, _, _ in
                try await daemon.start()
                for name in OldState.services.dropFirst(OldState.sleepers.count) {
                    try await daemon.wait(name, is: "awake")
                }
                #expect(try await daemon.svcctl("mode").output.hasPrefix("auto"))
                for name in ["pinned", "pinned-for-a-while"] { #expect(try await daemon.service(name).pinned) }
                #expect(try await daemon.service("leased").leases == 1)
                #expect(try await daemon.service("paused").wakes.count == 1)
            }
        }

        @Test("svcd release wakes what it froze, leaves what it stopped, and --all starts that, too")
        func release() async throws {
            try await withOldState { daemon, docker, place in
                let released = try await daemon.release()
                #expect(released.status == 0, "\(released.errors)")
                #expect(try !isFrozen(place))
                for name in ["paused", "frozen", "reclaimed"] {
                    #expect(try await docker.ask(name, "/") == "hello")
                }
                #expect(try await docker.status("stopped") == "exited")
                #expect(try await daemon.release("--all").status == 0)
                #expect(try await docker.ask("stopped", "/") == "hello")
            }
        }
    }
}
