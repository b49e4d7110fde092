import Testing

@testable import SleepCore

@Suite("the outlook")
struct OutlookTests {
    private func plans(_ service: Scenario) -> [Outlook.What] { service.machine.outlook(service.now).map(\.what) }

    @Test("of an idle service: it falls asleep, when the timer says")
    func idle() {
        let service = Scenario()
        #expect(service.machine.outlook(service.now) == [Outlook(what: .fallsAsleep, at: service.now + .seconds(10))])
        #expect(service.step.nextCall == service.now + .seconds(10))
    }

    @Test("of a leased and pinned one: what ends, the soonest first")
    func kept() {
        var service = Scenario()
        service.send(.pinned(until: service.now + .seconds(9)))
        service.send(.leaseTaken(id: "l", until: service.now + .seconds(4)))
        #expect(plans(service) == [.leaseEnds, .pinEnds])
        service.pass(.seconds(9))
        #expect(plans(service) == [.fallsAsleep])
    }

    @Test("names no sleep that a veto stands against, though the timer goes off")
    func vetoed() {
        var service = Scenario()
        service.send(.neededBy(["front"]))
        #expect(plans(service).isEmpty)
        #expect(service.step.nextCall == service.now + .seconds(10))
    }

    @Test("of a sleeper: its memory goes back, and its container is stopped")
    func asleep() throws {
        var service = Scenario.asleep {
            $0.reclaim = Reclaim(after: .seconds(60), target: 0.7)
            $0.stopAfter = .seconds(600)
        }
        #expect(plans(service) == [.handsMemoryBack, .stops])
        service.pass(.seconds(60))
        let id = try #require(service.step.reclaim?.id)
        service.send(.reclaimFinished(id, ReclaimOutcome(.guarded("pressure"))))
        #expect(plans(service) == [.handsMemoryBackAgain, .stops])
        service.send(.modeChanged(.observe))
        #expect(plans(service).isEmpty, "it is being woken")
    }

    @Test("of a failed one: it is woken again")
    func failed() {
        var service = Scenario.asleep { $0.ready = .tcp(port: 80) }
        service.wake()
        service.finish()
        service.finish(.timeout)
        #expect(plans(service).contains(.wakes))
    }
}
