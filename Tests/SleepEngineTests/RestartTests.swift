import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("kill -9, and a start")
struct RestartTests {
    @Test("a sleeper is known by its intent, and woken by a hook")
    func sleeper() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s", .reclaimed)
            try await scene.restart()
            #expect(await scene.state("s") == .asleep)
            #expect(await scene.depth("s") == .reclaimed)
            #expect(try await scene.wake("s").get().from == .reclaimed)
            #expect(try await scene.intents().isEmpty)
        }
    }

    @Test("an awake one counts as just used")
    func awake() async throws {
        try await Scene.play(["s"], idleAfter: .seconds(10)) { scene in
            try await scene.advance(by: .seconds(9))
            try await scene.restart()
            try await scene.advance(by: .seconds(9))
            #expect(await scene.state("s") == .awake)
            try await scene.advance(by: .seconds(2))
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("one that someone woke meanwhile is awake, and its intent is forgotten in time")
    func wokenMeanwhile() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s")
            try await scene.restart { _ in scene.engine.put("s", .running) }
            try await scene.advance(by: .seconds(120))
            #expect(await scene.state("s") == .awake)
            #expect(scene.log.only("unpause").isEmpty)
        }
    }

    @Test("a pause that outlives a boot isn't svcd's: held")
    func rebooted() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s")
            try await scene.restart(boot: "another boot")
            #expect(await scene.state("s") == .held)
            #expect(try await scene.intents().isEmpty)
        }
    }

    @Test("a stopped sleeper outlives a boot")
    func stopped() async throws {
        try await Scene.play(["s"]) { policy in
            policy.set("s") { $0.ready = .tcp(port: 80) }
        } _: { scene in
            try await scene.sleep("s", .stopped)
            try await scene.restart(boot: "another boot")
            #expect(await scene.depth("s") == .stopped)
            #expect(try await scene.wake("s").get().from == .stopped)
        }
    }

    @Test("a sleeper whose service the policy no longer names is woken and let go")
    func dropped() async throws {
        try await Scene.play(["s", "t"]) { scene in
            for name in ["s", "t"] { try await scene.sleep(name) }
            try await scene.restart { $0.drop("s") }
            try await scene.advance(by: .milliseconds(10))
            #expect(scene.engine.status("s") == .running && scene.engine.status("t") == .paused)
            #expect(try await scene.intents().map(\.service) == ["t"])
        }
    }

    @Test("the mode survives, and latencies do")
    func modeAndLatencies() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s")
            try await scene.wake("s")
            await scene.supervisor.set(.observe)
            try await scene.restart()
            #expect(await scene.supervisor.mode == .observe)
            #expect(await scene.supervisor.wakes("s") == 1)
        }
    }
}
