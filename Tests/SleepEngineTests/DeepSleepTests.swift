import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("deep sleep")
struct DeepSleepTests {
    @Test("a sleeper's memory is handed back after its time, and told in history")
    func reclaims() async throws {
        try await Scene.play(["s"], idleAfter: .milliseconds(100)) { policy in
            policy.set("s") { $0.reclaim = Reclaim(after: .seconds(1), target: 0.7) }
        } _: { scene in
            try await scene.idle("s")
            #expect(await scene.depth("s") == .frozen)
            try await scene.advance(by: .seconds(1))
            #expect(await scene.depth("s") == .reclaimed)
            #expect(scene.host.memory.reclaims.map(\.share) == [0.7])
            let row = try #require(try await scene.journal.transitions(of: "s", since: 0, limit: 1).first)
            #expect(row.depth == "reclaimed" && row.residentBefore == 100 << 20)
            #expect(try #require(row.residentAfter) < 31 << 20)
            #expect(try await scene.wake("s").get().from == .reclaimed)
            #expect(scene.engine.status("s") == .running)
        }
    }

    @Test("a wake halts a reclaim, and is told ready only when that has ended")
    func wakeHaltsReclaim() async throws {
        try await Scene.play(["s", "t"], props: .init(reclaimTakes: .seconds(30))) { scene in
            for name in ["s", "t"] { try await scene.sleep(name) }
            let first = try await scene.begin { await $0.sleep("s", depth: .reclaimed, force: true, by: nil) }
            #expect(scene.host.memory.reclaims.count == 1)
            // The second waits for its turn, and its wake doesn't.
            let second = try await scene.begin { await $0.sleep("t", depth: .reclaimed, force: true, by: nil) }
            #expect(await scene.supervisor.isReclaiming("t"))
            for name in ["t", "s"] {
                #expect(try await scene.wake(name).get().elapsed == .milliseconds(2))
                #expect(scene.engine.status(name) == .running)
            }
            #expect(scene.host.memory.halted == 1)
            for outcome in [first.value, second.value] { #expect(outcome??.vetoes?.isEmpty == false) }
        }
    }

    @Test("memory is handed back by one service at a time")
    func oneAtATime() async throws {
        try await Scene.play(["s", "t"], props: .init(reclaimTakes: .seconds(1))) { scene in
            let first = try await scene.begin { await $0.sleep("s", depth: .reclaimed, force: true, by: nil) }
            let second = try await scene.begin { await $0.sleep("t", depth: .reclaimed, force: true, by: nil) }
            try await scene.advance(by: .milliseconds(900))
            #expect(scene.host.memory.reclaims.map(\.container) == ["s"])
            try await scene.advance(by: .milliseconds(900))
            #expect(scene.host.memory.reclaims.map(\.container) == ["s", "t"])
            for sleep in [first, second] { #expect(try await scene.end(sleep) == .asleep) }
        }
    }

    @Test("where memory can't be handed back it stays frozen, without an error, and says why")
    func unavailable() async throws {
        try await Scene.play(["s"]) { scene in
            scene.host.memory.end(.unavailable("no swap"))
            let outcome = try await scene.sleep("s", .reclaimed)
            #expect(outcome.vetoes == ["its memory can't be handed back: no swap"])
            #expect(await scene.state("s") == .asleep)
            #expect(await scene.depth("s") == .frozen)
            #expect(await scene.error("s") == nil)
            let hindrance = await scene.supervisor.hindrance("s")
            #expect(hindrance?.why == "no swap" && hindrance?.isTriedAgain == false)
        }
    }

    @Test("a reclaim that a guard has stopped is tried again a minute later")
    func guarded() async throws {
        try await Scene.play(["s"]) { policy in
            policy.set("s") { $0.reclaim = Reclaim(after: .seconds(1), target: 0.7) }
        } _: { scene in
            scene.host.memory.end(.guarded("too little swap is free"))
            try await scene.sleep("s")
            try await scene.advance(by: .seconds(2))
            #expect(await scene.supervisor.hindrance("s")?.isTriedAgain == true)
            try await scene.advance(by: .seconds(58))
            #expect(await scene.depth("s") == .frozen)
            try await scene.advance(by: .seconds(2))
            #expect(await scene.depth("s") == .reclaimed)
        }
    }

    @Test("a sleeper is stopped after its time, and a cold start wakes it")
    func stops() async throws {
        try await Scene.play(["s"], idleAfter: .milliseconds(100)) { policy in
            policy.set("s") {
                $0.stopAfter = .seconds(1)
                $0.ready = .tcp(port: 80)
                $0.reclaim = nil
            }
        } _: { scene in
            try await scene.idle("s")
            #expect(await scene.depth("s") == .frozen)
            try await scene.advance(by: .seconds(1))
            #expect(await scene.depth("s") == .stopped)
            #expect(scene.engine.status("s") == .down)
            #expect(try await scene.intents().map(\.depth) == [.stopped])
            #expect(try await scene.wake("s").get().from == .stopped)
            #expect(scene.engine.status("s") == .running)
        }
    }

    @Test(
        "what could not be woken as it was isn't stopped, and why is told",
        arguments: [
            (isRemovedOnStop: true, health: "healthy", wakeOn: Set([WakeSource.hook]), why: "--rm"),
            (false, nil, [.hook], "neither ready nor a HEALTHCHECK"),
            (false, "healthy", [.hook, .traffic], "wake_on names traffic"),
        ] as [(Bool, String?, Set<WakeSource>, String)])
    func notStopped(isRemovedOnStop: Bool, health: String?, wakeOn: Set<WakeSource>, why: String) async throws {
        try await Scene.play(["s"]) { policy in
            policy.set("s") { $0.wakeOn = wakeOn }
        } _: { scene in
            scene.engine.change("s") { details in
                details.isRemovedOnStop = isRemovedOnStop
                details.health = health
            }
            let vetoes = try await scene.sleep("s", .stopped).vetoes
            #expect(vetoes?.count == 1 && vetoes?[0].contains(why) == true, "\(vetoes ?? [])")
            #expect(scene.engine.status("s") == .paused)
            #expect(await scene.depth("s") == .frozen)
        }
    }

    @Test("wakes over budget keep more in memory next time, over restarts too")
    func learns() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s", .reclaimed)
            try await scene.wake("s")
            // Half a second, at what a fault costs here.
            scene.host.memory.comeBack("s", majorFaults: 5000)
            try await scene.advance(by: .seconds(2))
            let share = try #require(await scene.supervisor.share("s"))
            #expect(share < 0.55)
            #expect(scene.log.only("learn", "prefetch") == ["prefetch s", "learn s"])
            let policy = await scene.supervisor.policy
            await scene.kill()
            try await scene.start(policy)
            #expect(await scene.supervisor.share("s") == share)
        }
    }
}
