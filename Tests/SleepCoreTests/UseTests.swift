import Testing

@testable import SleepCore

@Suite("use")
struct UseTests {
    private let start = SuspendingClock().now

    private var rules: SleepMachine.Rules {
        var settings = Settings()
        settings.idleAfter = .seconds(10)
        settings.minAwake = .seconds(30)
        return .init(settings)
    }

    @Test("decides the idle deadline: the last use, the shortest time awake, the next try")
    func deadline() {
        var use = Use(now: start)
        #expect(use.idleDeadline(rules, retryAt: nil) == start + .seconds(30))
        use.used(at: start + .seconds(25))
        #expect(use.idleDeadline(rules, retryAt: nil) == start + .seconds(35))
        #expect(use.idleDeadline(rules, retryAt: start + .seconds(50)) == start + .seconds(50))
    }

    @Test("that is over doesn't undo a later one")
    func over() {
        var use = Use(now: start)
        use.used(at: start + .seconds(5))
        use.wasUsed(until: start + .seconds(3))
        #expect(use.lastUse == start + .seconds(5))
    }

    @Test("is what a reading says, and a wake or a sleep begins without one")
    func readings() {
        var use = Use(now: start)
        use.sampled(ActivityReading(use: nil), at: start + .seconds(1))
        #expect(use.lastUse == start)
        use.sampled(ActivityReading(use: "9 KiB/s"), at: start + .seconds(2))
        #expect(use.lastUse == start + .seconds(2))
        use.fellAsleep(at: start + .seconds(3))
        #expect(use.activity.use == nil && use.asleepSince == start + .seconds(3))
        use.foundInUse("an exec runs", at: start + .seconds(4))
        use.woke(at: start + .seconds(5))
        #expect(use.activity.use == nil && use.awakeSince == use.lastUse)
    }

    @Test("is reported once in mode observe, until the next one")
    func observed() {
        var use = Use(now: start)
        #expect(!use.isObserved)
        use.observe()
        #expect(use.isObserved)
        use.used(at: start + .seconds(1))
        #expect(!use.isObserved)
    }
}
