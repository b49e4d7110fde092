import Testing

@testable import SleepCore

@Suite("wishes")
struct WishesTests {
    private let now = SuspendingClock().now

    private func waiter(_ id: UInt64, _ trigger: Trigger = .hook) -> SleepMachine.Waiter {
        .init(id: id, arrived: now, deadline: now + .seconds(60), trigger: trigger)
    }

    @Test("let no waiter wait longer than the policy says")
    func deadlines() {
        var wishes = Wishes()
        wishes.wait(waiter(1), atMost: .seconds(10))
        #expect(wishes.waiters.map(\.deadline) == [now + .seconds(10)])
    }

    @Test("take out who is to be answered, in order, and leave the others")
    func answers() {
        var wishes = Wishes()
        for id in 1...3 { wishes.wait(waiter(UInt64(id), id == 2 ? .operator : .hook), atMost: .seconds(10)) }
        let hooks = wishes.takeWaiters { $0.trigger == .hook }
        #expect(hooks.map(\.id) == [1, 3] && wishes.waiters.map(\.id) == [2] && wishes.releasesHeld)
        wishes.leave(2)
        #expect(!wishes.isWanted)
    }

    @Test("name the first waiter as a wake's cause, else what was demanded")
    func cause() {
        var wishes = Wishes()
        #expect(wishes.wakeCause == nil)
        wishes.demandUnlessAny(Demand(trigger: .recovery))
        wishes.demandUnlessAny(Demand(trigger: .dependency))
        #expect(wishes.wakeCause?.trigger == .recovery)
        wishes.demand(Demand(trigger: .operator, releasesHeld: true))
        #expect(wishes.wakeCause?.trigger == .operator)
        wishes.wait(waiter(1), atMost: .seconds(1))
        #expect(wishes.wakeCause == Demand(trigger: .hook))
    }

    @Test("end leases and a pin in time, and say when the last of them ended")
    func expiry() {
        var wishes = Wishes()
        wishes.lease("a", until: now + .seconds(1))
        wishes.lease("b", until: now + .seconds(5))
        wishes.pin(until: now + .seconds(2))
        let early = wishes.expire(now)
        let ended = wishes.expire(now + .seconds(3))
        #expect(early == nil && ended == now + .seconds(2))
        #expect(wishes.leases.keys.sorted() == ["b"] && wishes.pin == nil)
    }

    @Test("know whether a lease or a pin was there to be ended")
    func ends() {
        var wishes = Wishes()
        wishes.lease("a", until: now)
        wishes.pin(until: nil)
        let ended = [wishes.endLease("b"), wishes.endLease("a"), wishes.unpin(), wishes.unpin()]
        #expect(ended == [false, true, true, false])
    }
}
