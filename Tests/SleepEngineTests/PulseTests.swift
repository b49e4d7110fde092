import SleepCore
import Synchronization
import TestSupport
import Testing

@testable import SleepEngine

@Suite("signs of life")
struct PulseTests {
    /// What a pulse does in the background.
    private final class Pulse: Sendable {
        private let hasCome = Mutex(false)
        var isBack: Bool { hasCome.withLock { $0 } }
        func come() { hasCome.withLock { $0 = true } }
    }

    @Test("there is one while the engine answers, and while it is away")
    func turns() async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            await supervisor.pulse()
            engine.isUp = false
            await supervisor.pulse()
            #expect(await !supervisor.isEngineReachable)
            engine.isUp = true
            await supervisor.pulse()
        }
    }

    @Test("there is none while the task that minds the engine is stuck")
    func stuck() async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            await supervisor.pulse()
            engine.isStuck = true
            // This one reaches it, and leaves it where it is.
            await supervisor.pulse()
            let pulse = Pulse()
            let task = Task {
                await supervisor.pulse()
                pulse.come()
            }
            try await Task.sleep(for: .milliseconds(200))
            #expect(!pulse.isBack)
            engine.isStuck = false
            await task.value
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
