import Testing

@testable import SleepCore

@Suite("belief")
struct BeliefTests {
    private let now = SuspendingClock().now

    /// A belief in which `c` was found in that state, svcd's own so deep, the engine's stream unbroken since.
    private func belief(_ status: Container.Status, owned depth: Depth? = nil) -> Belief {
        var belief = Belief()
        if let depth { belief.recall(["c": depth], for: [], now) }
        _ = belief.adopt([.named("c", status)], now, .one, isChanging: false)
        return belief
    }

    private func adopt(_ belief: inout Belief, _ found: [Container], _ after: Duration = .zero) -> [String: Depth] {
        belief.adopt(found, now + after, .one, isChanging: false)
    }

    @Test("tells svcd's own sleepers from what others paused and stopped")
    func conditions() {
        #expect(Belief().condition(.one) == .unknown)
        #expect(belief(.running).condition(.one) == .running)
        #expect(belief(.paused).condition(.one) == .held)
        #expect(belief(.down).condition(.one) == .down)
        #expect(belief(.paused, owned: .reclaimed).condition(.one) == .asleep(.reclaimed))
        #expect(belief(.down, owned: .stopped).condition(.one) == .asleep(.stopped))
    }

    @Test("takes one that others paused as well for held")
    func pausedTwice() {
        var belief = Belief()
        var twice = Container.named("c", .paused)
        twice.isPausedTwice = true
        belief.recall(["c": .frozen], for: [], now)
        _ = adopt(&belief, [twice])
        #expect(belief.condition(.one) == .held)
    }

    @Test("of several containers is ambiguous, or that of replicas: one asleep is enough")
    func replicas() {
        var belief = Belief()
        belief.recall(["a": .frozen], for: [], now)
        _ = belief.adopt([.named("a", .paused), .named("b")], now, .all, isChanging: false)
        #expect(belief.condition(.all) == .asleep(.frozen))
        #expect(belief.condition(.one) == .ambiguous)
    }

    @Test("loses what others woke; its intent is forgotten a while later")
    func loses() {
        var belief = belief(.paused, owned: .frozen)
        let disowned = adopt(&belief, [.named("c")])
        #expect(disowned.isEmpty && belief.owned.isEmpty)
        let early = belief.expire(now + .seconds(14))
        let late = belief.expire(now + .seconds(15))
        #expect(early.isEmpty && late == ["c"])
    }

    @Test("takes what an engine that shuts down stopped for a sleeper still")
    func engineShutsDown() {
        var belief = belief(.paused, owned: .frozen)
        _ = adopt(&belief, [.named("c", .down)])
        #expect(belief.condition(.one) == .down)
        let forgotten = belief.engineLost(now + .seconds(3))
        #expect(forgotten.isEmpty && belief.condition(.one) == .asleep(.stopped))
    }

    @Test("takes a sleeper that is found stopped after a break for stopped by the engine")
    func afterBreak() {
        var belief = belief(.paused, owned: .frozen)
        _ = belief.engineLost(now)
        _ = adopt(&belief, [.named("c", .down)])
        #expect(belief.owned == ["c": .stopped] && !belief.isAfterBreak)
    }

    @Test("disowns a container that is another one's now")
    func disowns() {
        var belief = belief(.paused, owned: .frozen)
        let disowned = adopt(&belief, [.named("d")])
        #expect(disowned == ["c": .frozen] && belief.owned.isEmpty)
    }

    @Test("keeps the intent of a pause that may still land, for a minute")
    func lateFreeze() {
        var belief = belief(.running)
        belief.own(["c"], .frozen)
        belief.expectLateFreeze(["c"], began: now, now)
        let forgotten = belief.disclaim(["c"])
        _ = adopt(&belief, [.named("c")], .seconds(30))
        #expect(forgotten.isEmpty && belief.owned == ["c": .frozen])
        #expect(belief.expectsLateFreeze(before: now + .seconds(1)) && !belief.expectsLateFreeze(before: now))
        _ = adopt(&belief, [.named("c")], .seconds(61))
        #expect(belief.owned.isEmpty && !belief.expectsLateFreeze)
    }

    @Test("keeps what runs though it is owned while it falls asleep or wakes")
    func changing() {
        var belief = belief(.paused, owned: .frozen)
        _ = belief.adopt([.named("c")], now, .one, isChanging: true)
        #expect(belief.owned == ["c": .frozen])
    }

    @Test("deepens what is frozen, and only that")
    func deepens() {
        var belief = belief(.paused, owned: .frozen)
        let first = belief.deepen()
        let second = belief.deepen()
        #expect(first == ["c": .reclaimed] && second.isEmpty && belief.condition(.one) == .asleep(.reclaimed))
    }
}
