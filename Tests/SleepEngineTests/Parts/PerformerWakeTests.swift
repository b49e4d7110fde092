import SleepCore
import Testing

@testable import SleepEngine

@Suite("waking, done")
struct PerformerWakeTests {
    private func container(_ id: String, _ status: Container.Status = .paused, twice: Bool = false) -> Container {
        var container = Container(id: id, name: id, status: status, pid: 1)
        container.isPausedTwice = twice
        return container
    }

    @Test("the kernel's sleepers go on first, then Docker's, and what was stopped is started last")
    func order() async throws {
        let stage = try Performance()
        let sleeper = Sleeper.plain([container("d"), container("k"), container("s", .down)], places: ["k": "/k"])
        let outcome = await stage.perform(.wake(thaw: ["d", "k"], start: ["s"]), on: sleeper)
        #expect(outcome.fault == nil && !outcome.isSilence)
        #expect(stage.trace.all == ["thaw /k", "thawed k", "unpause d", "start s"])
    }

    @Test("of one that was paused twice Docker's pause is undone before the kernel's")
    func pausedTwice() async throws {
        let stage = try Performance()
        let sleeper = Sleeper.plain([container("k", twice: true)], places: ["k": "/k"])
        let outcome = await stage.perform(.wake(thaw: ["k"], start: []), on: sleeper)
        #expect(outcome.fault == nil)
        #expect(stage.trace.all == ["unpause k", "thaw /k", "thawed k"])
    }

    @Test("the kernel's thaw is written in the caller's own turn, before anything else can run there")
    @MainActor
    func turn() async throws {
        let stage = try Performance()
        let sleeper = Sleeper.plain([container("k")], places: ["k": "/k"])
        let task = Task { await stage.perform(.wake(thaw: ["k"], start: []), on: sleeper).fault }
        await Task.yield()
        #expect(stage.trace.all == ["thaw /k", "thawed k"])
        #expect(await task.value == nil)
    }

    @Test("where Docker refuses the first of the two, the kernel's isn't undone: a look must tell first")
    func pausedTwiceRefused() async throws {
        let stage = try Performance()
        stage.engine.script["unpause k"] = .refused(status: 500, message: "no")
        let sleeper = Sleeper.plain([container("k", twice: true)], places: ["k": "/k"])
        let outcome = await stage.perform(.wake(thaw: ["k"], start: []), on: sleeper)
        #expect(outcome.fault?.message == "Docker answered 500: no")
        #expect(stage.trace.all == ["unpause k"])
    }

    @Test("one that can't be thawed keeps none of the others asleep; the first fault is told")
    func faults() async throws {
        let stage = try Performance()
        stage.host.script["thaw /k"] = .garbled("gone")
        stage.engine.script["unpause d"] = .refused(status: 500, message: "later")
        let sleeper = Sleeper.plain(
            [container("k"), container("l"), container("d")], places: ["k": "/k", "l": "/l"])
        let outcome = await stage.perform(.wake(thaw: ["k", "l", "d"], start: []), on: sleeper)
        #expect(outcome.fault?.message == "Docker's answer makes no sense: gone")
        #expect(stage.trace.all == ["thaw /k", "thaw /l", "thawed l", "unpause d"])
    }

    @Test(
        "how Docker fails decides what is believed next",
        arguments: [
            (EngineFault.refused(status: 409, message: "x"), true, false, false),
            (.refused(status: 500, message: "x"), false, false, false), (.unanswered("x"), false, true, true),
            (.unreachable("x"), false, false, true), (.cancelled, false, true, false),
        ])
    func outcome(fault: EngineFault, isConflict: Bool, mayStillLand: Bool, isSilence: Bool) async throws {
        let stage = try Performance()
        stage.engine.script["unpause d"] = fault
        let outcome = await stage.perform(.wake(thaw: ["d"], start: []), on: .plain([container("d")]))
        #expect(outcome.fault?.isConflict == isConflict && outcome.fault?.mayStillLand == mayStillLand)
        #expect(outcome.isSilence == isSilence && outcome.fault?.isVeto == false)
    }

    @Test("what Docker thaws is told to run as soon as the kernel says so, before Docker answers")
    func watched() async throws {
        let stage = try Performance { ($0.places, $0.isFrozen) = (["a": "/a"], ["/a": true]) }
        stage.engine.script.when("unpause a") { [host = stage.host] in
            host.stir("/a")
            host.set { $0.isFrozen["/a"] = false }
            host.stir("/a")
        }
        _ = await stage.perform(.wake(thaw: ["a"], start: []), on: .plain([container("a")]))
        stage.host.stir("/a")
        #expect(await stage.posted() == ["3 containersRun(7)"])
    }

    @Test("while one of them is still frozen, nothing is told")
    func watchedInPart() async throws {
        let stage = try Performance { state in
            (state.places, state.isFrozen) = (["a": "/a", "b": "/b"], ["/a": true, "/b": true])
        }
        stage.engine.script.when("unpause a") { [host = stage.host] in
            host.set { $0.isFrozen["/a"] = false }
            host.stir("/a")
        }
        _ = await stage.perform(.wake(thaw: ["a", "b"], start: []), on: .plain([container("a"), container("b")]))
        #expect(await stage.posted().isEmpty)
    }

    @Test("where the kernel can't tell it of all, or something must be started, it is not told at all")
    func unwatched() async throws {
        let stage = try Performance { ($0.places, $0.isFrozen) = (["a": "/a"], ["/a": true]) }
        stage.engine.script.when("unpause a") { [host = stage.host] in
            host.set { $0.isFrozen["/a"] = false }
            host.stir("/a")
        }
        let sleeper = Sleeper.plain([container("a"), container("b"), container("c", .down)])
        _ = await stage.perform(.wake(thaw: ["a"], start: ["c"]), on: sleeper)
        stage.host.set { $0.isFrozen["/a"] = true }
        _ = await stage.perform(.wake(thaw: ["a", "b"], start: []), on: sleeper)
        #expect(await stage.posted().isEmpty)
    }

    @Test("it is ready when those it requires are awake; what others did to one of them holds nothing up")
    func required() async throws {
        let stage = try Performance()
        let sleeper = Sleeper.plain([container("a", .running)]) { $0.requires = ["held", "late", "never asked"] }
        var asked: [String] = []
        let outcome = await stage.perform(.ready(["a"], afterStart: false), on: sleeper) { name, _ in
            asked.append(name)
            return WakeAnswer(
                service: name, result: .failure(name == "held" ? .held : .timedOut), state: .held, budget: .zero)
        }
        #expect(asked == ["held", "late"])
        #expect(outcome.fault?.isTimeout == true && outcome.fault?.message.hasPrefix("late, which it requires") == true)
    }

    @Test("after a start a HEALTHCHECK is waited for until the limit, and then said to be at fault")
    func health() async throws {
        var found = container("a", .running)
        found.details = Container.Details()
        found.details?.health = "starting"
        let stage = try Performance([found])
        let outcome = await stage.perform(.ready(["a"], afterStart: true), on: .plain([found]))
        #expect(outcome.fault?.isTimeout == true && outcome.fault?.message.contains("starting") == true)
        #expect(stage.trace.all.count > 5, "it was asked again and again")
        let without = try Performance([found])
        #expect(await without.perform(.ready(["a"], afterStart: false), on: .plain([found])).fault == nil)
        #expect(without.trace.all.isEmpty, "after a thaw nothing is waited for")
    }
}
