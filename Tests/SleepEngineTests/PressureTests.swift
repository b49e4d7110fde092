import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("memory pressure")
struct PressureTests {
    private func play(
        _ names: [String], props: Scene.Props = .init(), change: (inout Policy) -> Void = { _ in },
        _ body: (Scene) async throws -> Void
    ) async throws {
        try await Scene.play(names, idleAfter: .seconds(600), props: props) { policy in
            policy.pressure = Pressure(memorySomeAvg10: 0.1)
            change(&policy)
        } _: { scene in
            try await body(scene)
        }
    }

    private func use(_ name: String, _ scene: Scene) async throws {
        try await scene.advance(by: .milliseconds(10))
        #expect(await scene.supervisor.touch(name))
    }

    @Test("the longest idle falls asleep first, one at a time, and none that was used within ten seconds")
    func order() async throws {
        try await play(["a", "b", "c"]) { scene in
            try await scene.advance(by: .seconds(20))
            for name in ["b", "c", "a"] { try await use(name, scene) }
            scene.host.memory.pressure = 0.5
            try await scene.advance(by: .seconds(9))
            #expect(scene.log.only("pause").isEmpty)
            try await scene.advance(by: .seconds(8))
            #expect(scene.log.only("pause") == ["pause b", "pause c", "pause a"])
            #expect(await scene.trigger("a") == .pressure)
        }
    }

    @Test("then sleepers go deeper, the longest asleep first")
    func deeper() async throws {
        try await play(["a", "b"]) { policy in
            policy.set("b") {
                $0.stopAfter = .seconds(3000)
                $0.ready = .tcp(port: 80)
            }
        } _: { scene in
            for name in ["b", "a"] {
                try await scene.advance(by: .seconds(1))
                try await scene.sleep(name)
            }
            scene.log.clear()
            scene.host.memory.pressure = 0.5
            try await scene.advance(by: .seconds(12))
            #expect(scene.log.only("reclaim", "stop") == ["reclaim b", "stop b", "reclaim a"])
            #expect(await scene.depth("a") == .reclaimed)
            #expect(await scene.depth("b") == .stopped)
        }
    }

    @Test("while memory is being handed back nothing more is asked for")
    func waitsForReclaim() async throws {
        try await play(["a", "b"], props: .init(reclaimTakes: .seconds(60))) { scene in
            try await scene.advance(by: .seconds(20))
            try await scene.sleep("a")
            scene.host.memory.pressure = 0.5
            try await scene.advance(by: .seconds(2))
            #expect(await scene.state("b") == .asleep)
            try await scene.advance(by: .seconds(40))
            #expect(scene.log.only("reclaim") == ["reclaim a"])
            try await scene.advance(by: .seconds(40))
            #expect(scene.log.only("reclaim") == ["reclaim a", "reclaim b"])
        }
    }

    @Test("it begins at the threshold and is over only well below it")
    func hysteresis() async throws {
        try await play(["a", "b", "c"]) { scene in
            scene.host.memory.pressure = 0.08
            try await scene.advance(by: .seconds(20))
            #expect(scene.log.only("pause").isEmpty)
            scene.host.memory.pressure = 0.1
            try await scene.advance(by: .seconds(2))
            #expect(scene.log.only("pause").count == 1)
            scene.host.memory.pressure = 0.08
            try await scene.advance(by: .seconds(2))
            #expect(scene.log.only("pause").count == 2)
            scene.host.memory.pressure = 0.06
            try await scene.advance(by: .seconds(2))
            scene.host.memory.pressure = 0.08
            try await scene.advance(by: .seconds(10))
            #expect(scene.log.only("pause").count == 2)
        }
    }

    @Test("what is in use, pinned or needed is spared")
    func spared() async throws {
        try await play(["pinned", "used", "front", "back"]) { policy in
            policy.set("used") { $0.activity = [.hook, .cpu] }
            policy.set("front") { $0.requires = ["back"] }
        } _: { scene in
            scene.host.memory.pressure = 0.5
            scene.host.meters["used"].use = "it computes"
            #expect(await scene.supervisor.pin("pinned", for: nil, by: nil))
            #expect(await scene.supervisor.takeLease("front", for: .seconds(60), peer: 1) != nil)
            try await scene.advance(by: .seconds(40))
            #expect(scene.log.only("pause").isEmpty)
        }
    }

    @Test("a policy without it watches nothing any more, and a reload may ask for it again")
    func reload() async throws {
        try await play(["a"]) { scene in
            scene.host.memory.pressure = 0.5
            try await scene.reload { $0.pressure = nil }
            try await scene.advance(by: .seconds(30))
            #expect(await scene.state("a") == .awake)
            try await scene.reload { $0.pressure = Pressure(memorySomeAvg10: 0.1) }
            try await scene.advance(by: .seconds(3))
            #expect(await scene.state("a") == .asleep)
        }
    }
}
