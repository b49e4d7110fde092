import SleepCore
import Synchronization
import TestSupport
import Testing

@testable import SleepEngine

@Suite("signs of life")
struct PulseTests {
    private func pulse(_ scene: Scene) async throws {
        try await scene.answer { supervisor in
            await withCheckedContinuation { continuation in
                Task { await supervisor.pulse { continuation.resume() } }
            }
        }
    }

    @Test("there is one while the engine answers, and while it is away")
    func turns() async throws {
        try await Scene.play(["s"]) { scene in
            try await pulse(scene)
            scene.engine.isUp = false
            try await scene.settle()
            #expect(await !scene.supervisor.isEngineReachable)
            try await pulse(scene)
            scene.engine.isUp = true
            try await pulse(scene)
        }
    }

    @Test("one that comes asks the engine nothing")
    func asksNothing() async throws {
        try await Scene.play(["s"]) { scene in
            scene.engine.isStuck = true
            try await pulse(scene)
            try await pulse(scene)
            #expect(!scene.engine.isSomebodyStuck)
            scene.engine.isStuck = false
        }
    }

    @Test("there is none while the task that minds the engine is stuck")
    func stuck() async throws {
        try await Scene.play(["s"]) { scene in
            scene.engine.isStuck = true
            // Whoever loses the stream asks whether the engine is there.
            scene.engine.breakStream()
            try await scene.advance(by: .seconds(1))
            #expect(scene.engine.isSomebodyStuck)
            let hasCome = Mutex(false)
            await scene.supervisor.pulse { hasCome.withLock { $0 = true } }
            try await scene.advance(by: .seconds(60))
            #expect(!hasCome.withLock { $0 })
            scene.engine.isStuck = false
            try await scene.advance(by: .seconds(2))
            #expect(hasCome.withLock { $0 })
        }
    }

    @Test("the summary counts sleepers and what they have handed back")
    func summary() async throws {
        try await Scene.play(["a", "b"]) { scene in
            #expect(await scene.supervisor.summary.services == 2)
            #expect(await scene.supervisor.summary.asleep == 0)
            try await scene.sleep("a", .reclaimed)
            let summary = await scene.supervisor.summary
            #expect(summary.asleep == 1 && summary.handedBackBytes > 0, "\(summary)")
            try await scene.wake("a")
            #expect(await scene.supervisor.summary.handedBackBytes == 0)
        }
    }
}
