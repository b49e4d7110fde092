import SleepCore
import Testing

@testable import SleepEngine

@Suite("falling asleep, done")
struct PerformerSleepTests {
    private func container(_ id: String, health: String? = nil, isRemovedOnStop: Bool = false) -> Container {
        var container = Container(id: id, name: id, status: .running, pid: 1)
        container.details = Container.Details()
        container.details?.health = health
        container.details?.isRemovedOnStop = isRemovedOnStop
        return container
    }

    private let byKernel: @Sendable (inout Settings) -> Void = { $0.freezer = .cgroup }

    @Test("a docker exec is in the way of an idle fall, and nothing more is looked at")
    func exec() async throws {
        let stage = try Performance([container("a")], commands: ["sh"])
        let sleeper = Sleeper.plain([container("a")], byKernel)
        let outcome = await stage.perform(.record(["a"], .frozen, unlessUsed: true), on: sleeper)
        #expect(outcome.fault?.isVeto == true && outcome.fault?.message == "a docker exec runs in it: sh")
        #expect(stage.trace.all == ["commands a"])
    }

    @Test("a forced fall asks for no exec, and one through Docker that no packet wakes looks at nothing")
    func forced() async throws {
        let stage = try Performance([container("a")], commands: ["sh"])
        let outcome = await stage.perform(.record(["a"], .frozen, unlessUsed: false), on: .plain([container("a")]))
        #expect(outcome.fault == nil && outcome.choices.isEmpty && outcome.inspected.isEmpty)
        #expect(stage.trace.all.isEmpty)
    }

    @Test("each container gets the freezer that it can have, and whoever has a HEALTHCHECK Docker's")
    func choices() async throws {
        let found = [container("k"), container("h", health: "healthy"), container("n")]
        let stage = try Performance(found) { $0.places = ["k": "/k", "h": "/h"] }
        let outcome = await stage.perform(
            .record(["k", "h", "n", "gone"], .frozen, unlessUsed: false), on: .plain(found, byKernel))
        #expect(
            outcome.choices == [
                "k": .kernel("/k"), "h": .refused(.healthcheck), "n": .refused(.noFreezer), "gone": .docker,
            ])
        #expect(outcome.inspected == found)
    }

    @Test("containers that packets wake are looked at, and their freezer stays Docker's")
    func packets() async throws {
        let stage = try Performance([container("a")]) { $0.places = ["a": "/a"] }
        let sleeper = Sleeper.plain([container("a")]) { $0.wakeOn = [.traffic] }
        let outcome = await stage.perform(.record(["a"], .frozen, unlessUsed: false), on: sleeper)
        #expect(outcome.choices.isEmpty && outcome.inspected == [container("a")])
        let deeper = await stage.perform(.record(["a"], .stopped, unlessUsed: false), on: sleeper)
        #expect(deeper.inspected.isEmpty, "it falls no more")
    }

    @Test("where Docker can't be asked before a fall, there is none")
    func unknown() async throws {
        let stage = try Performance([container("a")])
        stage.engine.script["commands a"] = .unanswered("silence")
        let outcome = await stage.perform(.record(["a"], .frozen, unlessUsed: true), on: .plain([container("a")]))
        #expect(outcome.fault != nil && outcome.fault?.isVeto == false && outcome.isSilence)
    }

    @Test(
        "each is frozen by its own freezer, and the kernel's places are watched: a thaw there is a hint, a freeze none")
    func freezes() async throws {
        let stage = try Performance()
        let sleeper = Sleeper.plain([container("k"), container("d")], places: ["k": "/k"])
        let outcome = await stage.perform(.freeze(["k", "d"], unlessUsed: true), on: sleeper)
        #expect(outcome.fault == nil && Array(outcome.watches.keys) == ["k"])
        #expect(stage.trace.all.sorted() == ["freeze /k", "pause d"])
        stage.host.stir("/k")
        stage.host.set { $0.isFrozen["/k"] = false }
        stage.host.stir("/k")
        withExtendedLifetime(outcome) {}
        #expect(await stage.posted() == ["3 hinted(SleepCore.SleepMachine.Hint.runs)"])
    }

    @Test("one that can't be frozen is told; the others are frozen all the same")
    func freezeFails() async throws {
        let stage = try Performance()
        stage.engine.script["pause a"] = .refused(status: 409, message: "paused")
        let outcome = await stage.perform(
            .freeze(["a", "b"], unlessUsed: false), on: .plain([container("a"), container("b")]))
        #expect(outcome.fault?.isConflict == true)
        #expect(stage.trace.all.sorted() == ["pause a", "pause b"])
    }

    @Test("what must not be stopped is refused before any of them is touched")
    func stopRefused() async throws {
        let found = [container("a", health: "healthy"), container("b", health: "healthy", isRemovedOnStop: true)]
        let stage = try Performance(found)
        let outcome = await stage.perform(.stop(["a", "b"]), on: .plain(found, byKernel))
        #expect(outcome.fault?.isVeto == true)
        #expect(outcome.fault?.message == StopRefusal.isRemovedOnStop(name: "b").description)
        #expect(stage.trace.all == ["inspect a", "inspect b"])
    }

    @Test("a sleeper is thawed, by the way it was frozen, before it is stopped")
    func stops() async throws {
        let found = [container("a", health: "healthy")]
        let stage = try Performance(found)
        let outcome = await stage.perform(.stop(["a"]), on: .plain(found, places: ["a": "/a"]))
        #expect(outcome.fault == nil)
        #expect(stage.trace.all == ["inspect a", "thaw /a", "thawed a", "stop a"])
    }

    @Test("a thaw that Docker refuses doesn't keep the stop back; one that it doesn't answer does")
    func thawBeforeStop() async throws {
        let found = [container("a", health: "healthy")]
        let refused = try Performance(found)
        refused.engine.script["unpause a"] = .refused(status: 500, message: "it runs")
        #expect(await refused.perform(.stop(["a"]), on: .plain(found)).fault == nil)
        #expect(refused.trace.all.last == "stop a")
        let silent = try Performance(found)
        silent.engine.script["unpause a"] = .unanswered("silence")
        #expect(await silent.perform(.stop(["a"]), on: .plain(found)).fault?.mayStillLand == true)
        #expect(silent.trace.all.last == "unpause a")
    }
}
