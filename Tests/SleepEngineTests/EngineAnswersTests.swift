import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

/// dockerd errs, lags and falls silent. Each is tried with a kernel that can be asked, and with one that can't.
@Suite("what the engine answers")
struct EngineAnswersTests {
    @Test(
        "whatever the engine answers to an unpause, the truth is found",
        arguments: [
            [FakeEngine.Fault.refused(500)], [.refused(409)], [.refused(500), .refused(500), .refused(409)],
            [.doneButRefused(500)], [.doneButRefused(409)], [.doneButSilent], [.silent],
        ], [true, false])
    func unpauseErrs(faults: [FakeEngine.Fault], hasFreezer: Bool) async throws {
        try await Scene.play(["s"], props: .init(hasFreezer: hasFreezer)) { scene in
            try await scene.sleep("s")
            for fault in faults { scene.engine.fail("unpause", fault) }
            #expect(try await scene.wake("s").failure == nil)
            #expect(scene.engine.status("s") == .running)
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test(
        "whatever the engine answers to a pause, the truth is found",
        arguments: [
            (FakeEngine.Fault.refused(500), true), (.refused(409), true), (.doneButRefused(500), true),
            (.doneButSilent, true), (.silent, false), (.stuck, false),
        ], [true, false])
    func pauseErrs(fault: (answer: FakeEngine.Fault, sleeps: Bool), hasFreezer: Bool) async throws {
        try await Scene.play(["s"], props: .init(hasFreezer: hasFreezer)) { scene in
            scene.engine.fail("pause", fault.answer)
            let outcome = try await scene.sleep("s")
            #expect((outcome == .asleep) == fault.sleeps)
            #expect(scene.engine.status("s") == (fault.sleeps ? .paused : .running))
            #expect(await scene.state("s") == (fault.sleeps ? .asleep : .awake))
            #expect(try await scene.wake("s").failure == nil)
            #expect(scene.engine.status("s") == .running)
        }
    }

    @Test("a pause that got no answer and lands later is known as svcd's own")
    func lateFreeze() async throws {
        try await Scene.play(["s"]) { scene in
            scene.engine.fail("pause", .silent)
            try await scene.sleep("s")
            #expect(await scene.state("s") == .awake)
            scene.engine.pause("s")
            try await scene.settle()
            #expect(await scene.state("s") == .asleep)
            #expect(try await scene.wake("s").failure == nil)
        }
    }

    @Test("and where a hook has come meanwhile, it is woken at once")
    func lateFreezeInUse() async throws {
        try await Scene.play(["s"]) { scene in
            scene.engine.fail("pause", .silent)
            try await scene.sleep("s")
            #expect(try await scene.wake("s").failure == nil)
            try await scene.advance(by: .seconds(1))
            scene.engine.pause("s")
            try await scene.advance(by: .milliseconds(10))
            #expect(scene.engine.status("s") == .running)
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test("a wake that keeps failing is reported, tried again, and heals")
    func failing() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s")
            for _ in 0..<5 { scene.engine.fail("unpause", .refused(500)) }
            let failure = try await scene.wake("s").failure
            guard case .failed = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(await scene.state("s") == .failed)
            #expect(await scene.error("s")?.contains("500") == true)
            try await scene.advance(by: .seconds(2))
            #expect(scene.engine.status("s") == .running)
            #expect(await scene.state("s") == .awake)
            #expect(await scene.error("s") == nil)
        }
    }

    @Test("where dockerd's books lag behind, the kernel's word counts")
    func lyingLooks() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s")
            scene.engine.lie("s", .running, .running, .running)
            scene.engine.emit("unpause", "s")
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .asleep)
            scene.engine.lie("s", .running, .running, .running, .running, .running, .running, .running)
            scene.engine.emit("unpause", "s")
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("a hook is answered when the kernel says that it runs, an operator when Docker says so")
    func kernelAnswers() async throws {
        try await Scene.play(["s"], props: .init(bookkeeping: .milliseconds(10))) { scene in
            try await scene.sleep("s")
            let byHook = try await scene.begin { await $0.wake("s", trigger: .hook, by: nil) }
            let byOperator = try await scene.begin { await $0.wake("s", trigger: .operator, by: "root") }
            try await scene.advance(by: .milliseconds(2))
            #expect(byHook.value == nil && byOperator.value == nil)
            try await scene.advance(by: .milliseconds(10))
            #expect(byHook.value != nil && byOperator.value != nil)
            try await scene.sleep("s")
            let alone = try await scene.begin { await $0.wake("s", trigger: .hook, by: nil) }
            try await scene.advance(by: .milliseconds(2))
            #expect(try alone.value??.result.get().thaw == .milliseconds(2))
            #expect(scene.engine.status("s") == .paused)
            let after = try await scene.begin { await $0.wake("s", trigger: .operator, by: "root") }
            try await scene.advance(by: .milliseconds(9))
            #expect(after.value == nil)
            try await scene.advance(by: .milliseconds(1))
            #expect(after.value != nil)
        }
    }
}
