import SleepCore
import Synchronization
import TestSupport
import Testing

@testable import SleepEngine

@Suite("signs of life")
struct PulseTests {
    private func pulse(_ supervisor: Supervisor) async {
        await withCheckedContinuation { continuation in
            Task { await supervisor.pulse { continuation.resume() } }
        }
    }

    @Test("there is one while the engine answers, and while it is away")
    func turns() async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            await pulse(supervisor)
            engine.isUp = false
            try await eventually("it is lost") { await !supervisor.isEngineReachable }
            await pulse(supervisor)
            engine.isUp = true
            await pulse(supervisor)
        }
    }

    @Test("one that comes asks the engine nothing")
    func asksNothing() async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            await pulse(supervisor)
            engine.isStuck = true
            await pulse(supervisor)
            await pulse(supervisor)
            engine.isStuck = false
        }
    }

    @Test("there is none while the task that minds the engine is stuck")
    func stuck() async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            await pulse(supervisor)
            engine.isStuck = true
            await supervisor.doubt()
            try await eventually("somebody is stuck") { engine.isSomebodyStuck }
            let hasCome = Mutex(false)
            await supervisor.pulse { hasCome.withLock { $0 = true } }
            try await eventually("only the engine's task is left") { await supervisor.isAwaitingTurn }
            try await Task.sleep(for: .milliseconds(100))
            #expect(!hasCome.withLock { $0 })
            engine.isStuck = false
            try await eventually("it comes then") { hasCome.withLock { $0 } }
        }
    }

    @Test("the summary counts sleepers and what they have handed back")
    func summary() async throws {
        let host = FakeHost()
        try await withSupervisor(["a", "b"], host: host) { supervisor, _ in
            #expect(await supervisor.summary.services == 2)
            #expect(await supervisor.summary.asleep == 0)
            #expect(await supervisor.sleep("a", depth: .reclaimed, force: true, by: nil) == .asleep)
            let summary = await supervisor.summary
            #expect(summary.asleep == 1 && summary.handedBackBytes > 0, "\(summary)")
            _ = await supervisor.wake("a", trigger: .hook, by: nil)
            #expect(await supervisor.summary.handedBackBytes == 0)
        }
    }
}

extension Supervisor {
    fileprivate func doubt() { dispatcher.link.doubt() }
    fileprivate var isAwaitingTurn: Bool { dispatcher.link.isAwaitingTurn }
}
