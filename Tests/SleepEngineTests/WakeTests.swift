import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("wakes")
struct WakeTests {
    @Test("only so many at once, the most urgent first")
    func priority() async throws {
        let names = ["slow1", "slow2", "slow3", "fast"]
        try await Scene.play(names) { policy in
            policy.maxConcurrentWakes = 1
            for name in names.dropLast() { policy.set(name) { $0.wakeBudget = .milliseconds(500) } }
        } _: { scene in
            for name in names { try await scene.sleep(name) }
            for name in names { _ = try await scene.begin { await $0.wake(name, trigger: .hook, by: nil) } }
            try await scene.advance(by: .milliseconds(10))
            #expect(scene.log.only("unpause") == ["slow1", "fast", "slow2", "slow3"].map { "unpause \($0)" })
        }
    }

    @Test("a thousand hooks for one sleeper share one unpause")
    func shared() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s")
            let answers: [Bool] = try await scene.answer { supervisor in
                await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<1000 {
                        group.addTask {
                            let answer = await supervisor.wake("s", trigger: .hook, by: nil)
                            return (try? answer?.result.get().woke) == true
                        }
                    }
                    return await group.reduce(into: [Bool]()) { $0.append($1) }
                }
            }
            #expect(answers.count == 1000 && answers.allSatisfy { $0 })
            #expect(scene.log.only("unpause") == ["unpause s"])
        }
    }

    @Test("one that comes while the pause is landing is answered by one unpause, once that has landed")
    func duringPause() async throws {
        try await Scene.play(["s"]) { scene in
            let sleep = try await scene.begin { await $0.sleep("s", force: true, by: nil) }
            #expect(await scene.state("s") == .fallingAsleep)
            let wake = try await scene.begin { await $0.wake("s", trigger: .hook, by: nil) }
            #expect(scene.log.only("unpause").isEmpty)
            let report = try #require(try await scene.end(wake)).result.get()
            #expect(report.woke && report.elapsed == .milliseconds(4))
            #expect(sleep.value == .asleep)
            #expect(scene.log.only("pause", "unpause") == ["pause s", "unpause s"])
        }
    }

    @Test("a caller that goes away doesn't undo it")
    func abandoned() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s")
            let outcome = await scene.supervisor.hook("s", trigger: .hook, by: nil) { _ in
                Issue.record("one that has gone is answered")
            }
            guard case .waiting(let waiter) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            await scene.supervisor.abandon(waiter, of: "s")
            try await scene.advance(by: .milliseconds(2))
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test("where nothing is due, a hook asks the engine nothing")
    func quiet() async throws {
        try await Scene.play(["s"]) { scene in
            scene.log.clear()
            for _ in 0..<1000 {
                let outcome = await scene.supervisor.hook("s", trigger: .hook, by: nil) { _ in }
                if case .awake = outcome {} else { Issue.record("not awake") }
            }
            try await scene.settle()
            #expect(scene.log.all.isEmpty)
        }
    }

    @Test("it waits until the service answers; one that doesn't is timed out, asked again, and heals")
    func readiness() async throws {
        try await Scene.play(["s"]) { policy in
            policy.set("s") { $0.ready = .tcp(port: 80) }
        } _: { scene in
            try await scene.sleep("s")
            scene.readiness.notReady = "nobody listens"
            #expect(try await scene.wake("s").failure == .timedOut)
            #expect(scene.engine.status("s") == .running)
            #expect(await scene.state("s") == .failed)
            scene.readiness.notReady = nil
            try await scene.advance(by: .seconds(2))
            #expect(await scene.state("s") == .awake)
            #expect(scene.log.only("unpause") == ["unpause s"])
        }
    }
}
