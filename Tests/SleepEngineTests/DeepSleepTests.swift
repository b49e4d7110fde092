import Foundation
import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("deep sleep, use and readiness, over a fake engine and a fake host")
struct DeepSleepTests {
    @Test("a sleeper's memory is handed back after its time, and told in history")
    func reclaims() async throws {
        let host = FakeHost()
        try await withSupervisor(["s"], idleAfter: .milliseconds(100), host: host) { policy in
            policy.services[0].settings.reclaim = Reclaim(after: .milliseconds(50), target: 0.7)
        } _: { supervisor, engine in
            try await eventually("reclaimed") { await supervisor.depth("s") == .reclaimed }
            #expect(host.reclaims.map(\.share) == [0.7])
            let row = try #require(try await supervisor.journal.transitions(of: "s", since: 0, limit: 1).first)
            #expect(row.depth == "reclaimed" && row.residentBefore == 100 << 20)
            #expect(try #require(row.residentAfter) < 31 << 20)
            let answer = try #require(await supervisor.wake("s", trigger: .hook, by: nil))
            #expect(try answer.result.get().from == .reclaimed)
            #expect(engine.status("s") == .running)
        }
    }

    @Test("a wake halts a reclaim, and is told ready only when that has ended")
    func wakeHaltsReclaim() async throws {
        let host = FakeHost(reclaimTakes: .seconds(30))
        try await withSupervisor(["s", "t"], host: host) { supervisor, engine in
            for name in ["s", "t"] { #expect(await supervisor.sleep(name, force: true, by: nil) == .asleep) }
            async let first = supervisor.sleep("s", depth: .reclaimed, force: true, by: nil)
            try await eventually("it is under way") { host.reclaims.count == 1 }
            // The second waits for its turn, and its wake doesn't.
            async let second = supervisor.sleep("t", depth: .reclaimed, force: true, by: nil)
            try await eventually("it waits") { await supervisor.isReclaiming("t") == true }
            for name in ["t", "s"] {
                let answer = try #require(await supervisor.wake(name, trigger: .hook, by: nil))
                #expect(try answer.result.get().elapsed < .seconds(5))
                #expect(engine.status(name) == .running)
            }
            #expect(host.halted == 1)
            for outcome in [await first, await second] { #expect(outcome != .asleep) }
        }
    }

    @Test("where memory can't be handed back it stays frozen, without an error, and says why")
    func unavailable() async throws {
        let host = FakeHost()
        host.end(.unavailable("no swap"))
        try await withSupervisor(["s"], host: host) { supervisor, _ in
            let outcome = await supervisor.sleep("s", depth: .reclaimed, force: true, by: nil)
            #expect(outcome?.vetoes == ["its memory can't be handed back: no swap"])
            #expect(await supervisor.state("s") == .asleep)
            #expect(await supervisor.depth("s") == .frozen)
            #expect(await supervisor.error("s") == nil)
            let hindrance = await supervisor.hindrance("s")
            #expect(hindrance?.why == "no swap" && hindrance?.isTriedAgain == false)
        }
    }

    @Test("what a meter calls use keeps it awake, and is named")
    func metered() async throws {
        let host = FakeHost()
        host.use = "3 connections from 10.0.0.7"
        try await withSupervisor(["s"], idleAfter: .milliseconds(200), host: host) { policy in
            policy.services[0].settings.activity = [.hook, .connections]
        } _: { supervisor, engine in
            // Many times the idle time.
            try await eventually("it has been read often") { host.readings > 10 }
            #expect(engine.status("s") == .running)
            let vetoes = await supervisor.vetoes("s")
            #expect(vetoes == ["it is in use: 3 connections from 10.0.0.7"])
            let refused = await supervisor.sleep("s", force: false, by: nil)
            #expect(refused?.vetoes == ["it is in use: 3 connections from 10.0.0.7"])
            host.use = nil
            try await eventually("it falls asleep") { engine.status("s") == .paused }
        }
    }

    @Test("a running exec vetoes sleep, but not an operator's force")
    func exec() async throws {
        try await withSupervisor(["s"], idleAfter: .milliseconds(100)) { supervisor, engine in
            engine.commands = ["sh -c backup"]
            try await eventually("it has been asked") { engine.calls.contains("execs s") }
            let refused = await supervisor.sleep("s", force: false, by: nil)
            #expect(refused?.vetoes == ["it is in use: a docker exec runs in it: sh -c backup"])
            #expect(engine.status("s") == .running)
            #expect(await supervisor.sleep("s", force: true, by: nil) == .asleep)
        }
    }

    @Test("what has come while it fell asleep thaws it at once")
    func newcomer() async throws {
        let host = FakeHost()
        try await withSupervisor(["s"], host: host) { policy in
            policy.services[0].settings.activity = [.hook, .network]
        } _: { supervisor, engine in
            try await eventually("its meter is open") { host.readings > 0 }
            host.unread = "something waits on port 80"
            #expect(await supervisor.sleep("s", force: false, by: nil) == .asleep)
            try await eventually("it runs again") { engine.status("s") == .running }
            try await eventually("by traffic") { await supervisor.trigger("s") == .traffic }
        }
    }

    @Test("a wake waits until the service answers; one that doesn't is timed out, asked again, and heals")
    func readiness() async throws {
        let readiness = FakeReadiness()
        try await withSupervisor(["s"], readiness: readiness) { policy in
            policy.services[0].settings.ready = .tcp(port: 80)
            policy.services[0].settings.wakeTimeout = .milliseconds(300)
        } _: { supervisor, engine in
            #expect(await supervisor.sleep("s", force: true, by: nil) == .asleep)
            readiness.notReady = "nobody listens"
            let answer = try #require(await supervisor.wake("s", trigger: .hook, by: nil))
            guard case .failure(.timedOut) = answer.result else {
                Issue.record("\(answer.result)")
                return
            }
            #expect(engine.status("s") == .running)
            try await eventually("it counts as failed") { await supervisor.state("s") == .failed }
            readiness.notReady = nil
            try await eventually("it heals by itself") { await supervisor.state("s") == .awake }
            #expect(engine.calls.filter { $0 == "unpause s" }.count == 1)
        }
    }

    @Test("what is required is woken with it, kept awake while it is, and sleeps after it")
    func requires() async throws {
        try await withSupervisor(["front", "back", "deep"], idleAfter: .milliseconds(300)) { policy in
            policy.services[0].settings.requires = ["back"]
            policy.services[1].settings.requires = ["deep"]
        } _: { supervisor, engine in
            for name in ["front", "back", "deep"] {
                try await eventually("\(name) sleeps") { engine.status(name) == .paused }
            }
            let order = engine.calls.filter { $0.hasPrefix("pause") }
            #expect(order == ["pause front", "pause back", "pause deep"])
            let answer = try #require(await supervisor.wake("front", trigger: .hook, by: nil))
            #expect(try answer.result.get().woke)
            for name in ["front", "back", "deep"] { #expect(engine.status(name) == .running) }
            #expect(await supervisor.trigger("back") == .dependency)
            let refused = await supervisor.sleep("back", force: false, by: nil)
            #expect(refused?.vetoes == ["front requires it"])
            // An operator may insist; the next hook of the one in front wakes it again.
            #expect(await supervisor.sleep("deep", force: true, by: nil) == .asleep)
            _ = await supervisor.wake("front", trigger: .hook, by: nil)
            #expect(engine.status("deep") == .running)
        }
    }

    @Test("a sleeper is stopped after its time, and a cold start wakes it")
    func stops() async throws {
        try await withSupervisor(["s"], idleAfter: .milliseconds(100)) { policy in
            policy.services[0].settings.stopAfter = .milliseconds(100)
            policy.services[0].settings.ready = .tcp(port: 80)
            policy.services[0].settings.reclaim = nil
        } _: { supervisor, engine in
            try await eventually("stopped") { await supervisor.depth("s") == .stopped }
            #expect(engine.status("s") == .down)
            let intents = try await supervisor.journal.load().intents
            #expect(intents.map(\.depth) == [.stopped])
            let answer = try #require(await supervisor.wake("s", trigger: .hook, by: nil))
            #expect(try answer.result.get().from == .stopped)
            #expect(engine.status("s") == .running)
        }
    }

    @Test("under memory pressure idle services sleep early, and sleepers go deeper, one at a time")
    func pressure() async throws {
        let host = FakeHost()
        host.pressure = 0.5
        try await withSupervisor(["s", "t"], idleAfter: .seconds(600), host: host) { policy in
            policy.pressure = Pressure(memorySomeAvg10: 0.1)
        } _: { supervisor, engine in
            // Used within the last ten seconds, neither is idle.
            #expect(engine.status("s") == .running)
            try await eventually("both sleep", within: .seconds(25)) {
                engine.status("s") == .paused && engine.status("t") == .paused
            }
            try await eventually("both deep", within: .seconds(10)) {
                let depths = [await supervisor.depth("s"), await supervisor.depth("t")]
                return depths == [.reclaimed, .reclaimed]
            }
            #expect(await supervisor.trigger("s") == .pressure)
        }
    }

    @Test("wakes over budget keep more in memory next time, over restarts too")
    func learns() async throws {
        let host = FakeHost()
        try await withSupervisor(["s"], host: host) { supervisor, _ in
            #expect(await supervisor.sleep("s", depth: .reclaimed, force: true, by: nil) == .asleep)
            _ = await supervisor.wake("s", trigger: .hook, by: nil)
            host.majorFaults = 5000  // half a second, at what a fault costs here
            try await eventually("it is assessed") {
                guard let share = await supervisor.share("s") else { return false }
                return share < 0.55
            }
            let settings = try await supervisor.journal.load().settings
            #expect(settings["share.s"] == "0.5" || settings["share.s"]?.hasPrefix("0.49") == true)
        }
    }
}
