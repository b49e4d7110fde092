import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("a reload of the policy")
struct ReloadTests {
    private func play(_ freezer: FreezerKind = .docker, _ body: (Scene) async throws -> Void) async throws {
        try await Scene.play(["s", "t"]) { policy in
            for name in ["s", "t"] { policy.set(name) { $0.freezer = freezer } }
        } _: { scene in
            try await body(scene)
        }
    }

    @Test("a sleeper that it covers alike sleeps on, by its new settings")
    func alike() async throws {
        try await play { scene in
            try await scene.sleep("s")
            try await scene.reload { policy in
                policy.set("s") { $0.reclaim = Reclaim(after: .seconds(1), target: 0.2) }
            }
            #expect(await scene.state("s") == .asleep)
            try await scene.advance(by: .seconds(2))
            #expect(await scene.depth("s") == .reclaimed)
            #expect(scene.host.memory.reclaims.map(\.share) == [0.2])
            #expect(scene.log.only("unpause").isEmpty)
        }
    }

    @Test(
        "a sleeper that it covers differently is woken first, by the old settings",
        arguments: [(FreezerKind.docker, FreezerKind.cgroup), (.cgroup, .docker)])
    func differently(old: FreezerKind, new: FreezerKind) async throws {
        try await play(old) { scene in
            try await scene.sleep("s")
            try await scene.reload { policy in policy.set("s") { $0.freezer = new } }
            try await scene.advance(by: .milliseconds(10))
            let way = [FreezerKind.docker: ["pause s", "unpause s"], .cgroup: ["freeze s", "thaw s"]]
            #expect(scene.log.only("pause", "unpause", "freeze", "thaw") == way[old])
            #expect(await scene.state("s") == .awake)
            #expect(try await scene.intents().isEmpty)
            try await scene.sleep("s")
            try await scene.wake("s")
            #expect(scene.log.only("pause", "unpause", "freeze", "thaw").suffix(2) == way[new]?[...])
        }
    }

    @Test("one whose name means another container now lets go of the old one")
    func otherContainer() async throws {
        try await play { scene in
            scene.engine.put("other", .running)
            try await scene.sleep("s")
            try await scene.reload { policy in
                policy.services[0] = ServicePolicy(
                    name: "s", tier: "on-demand", container: .name("other"), settings: policy.services[0].settings)
            }
            try await scene.advance(by: .milliseconds(10))
            #expect(scene.engine.status("s") == .running)
            #expect(await scene.state("s") == .awake)
            try await scene.sleep("s")
            #expect(scene.engine.status("s") == .running && scene.engine.status("other") == .paused)
        }
    }

    @Test("a sleeper that it drops is woken and left alone", arguments: FreezerKind.allCases)
    func drops(freezer: FreezerKind) async throws {
        try await play(freezer) { scene in
            for name in ["s", "t"] { try await scene.sleep(name) }
            try await scene.reload { $0.drop("s") }
            try await scene.advance(by: .milliseconds(10))
            #expect(scene.engine.status("s") == .running && !scene.host.freezer.isFrozen("s"))
            #expect(await !scene.supervisor.has("s"))
            #expect(await scene.state("t") == .asleep)
            #expect(try await scene.intents().map(\.service) == ["t"])
        }
    }

    @Test("a service that it adds is looked at without waiting for a listing")
    func adds() async throws {
        try await play { scene in
            scene.engine.put("new", .running)
            try await scene.reload { policy in
                var added = policy.services[0]
                added = ServicePolicy(name: "new", tier: "on-demand", settings: added.settings)
                policy.services.append(added)
            }
            #expect(await scene.state("new") == .awake)
            #expect(scene.log.only("list").count == 1)
        }
    }

    @Test("leases, pins and latencies survive one that covers the service differently")
    func survive() async throws {
        try await play { scene in
            try await scene.sleep("s")
            try await scene.wake("s")
            let lease = try #require(await scene.supervisor.takeLease("s", for: .seconds(60), peer: 1))
            #expect(await scene.supervisor.pin("s", for: .seconds(100), by: nil))
            try await scene.reload { policy in policy.set("s") { $0.freezer = .cgroup } }
            #expect(await scene.supervisor.wakes("s") == 1)
            #expect(await scene.vetoes("s") == ["it is pinned for a while", "a lease is live"])
            #expect(await scene.supervisor.renewLease(lease.id, for: .seconds(200), peer: 1))
            try await scene.advance(by: .seconds(101))
            #expect(await scene.vetoes("s") == ["a lease is live"])
            try await scene.advance(by: .seconds(100))
            #expect(await scene.vetoes("s").isEmpty)
        }
    }

    @Test("latencies of a service that it drops are there again when it is named again")
    func namedAgain() async throws {
        try await play { scene in
            try await scene.sleep("s")
            try await scene.wake("s")
            let before = await scene.supervisor.policy
            try await scene.reload { $0.drop("s") }
            try await scene.reload { $0 = before }
            #expect(await scene.supervisor.wakes("s") == 1)
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test("sleep: never wakes a sleeper; so does another mode than auto")
    func neverAndMode() async throws {
        try await play { scene in
            for name in ["s", "t"] { try await scene.sleep(name) }
            try await scene.reload { policy in policy.set("s") { $0.sleep = .never } }
            try await scene.advance(by: .milliseconds(10))
            #expect(await scene.state("s") == .awake)
            #expect(await scene.state("t") == .asleep)
            #expect(try await scene.sleep("s").vetoes == ["the policy says sleep: never"])
            try await scene.reload { $0.mode = .off }
            try await scene.advance(by: .milliseconds(10))
            #expect(await scene.state("t") == .awake)
        }
    }

    @Test("two services on one container: neither puts it to sleep, and each names the other")
    func rivals() async throws {
        try await play { scene in
            try await scene.reload { policy in
                policy.services.append(
                    ServicePolicy(
                        name: "rival", tier: "on-demand", container: .name("s"), settings: policy.services[0].settings))
            }
            try await scene.advance(by: .seconds(301))
            #expect(await scene.vetoes("rival") == ["its container is claimed by s too"])
            #expect(try await scene.sleep("s").vetoes == ["its container is claimed by rival too"])
        }
    }
}
