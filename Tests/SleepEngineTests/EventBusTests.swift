import Testing

@testable import SleepEngine

@Suite("the event stream's bus")
struct EventBusTests {
    private func notice(_ service: String) -> EngineNotice {
        EngineNotice(number: 0, kind: .transition, atMilliseconds: 1, service: service)
    }

    private func all(_ notices: AsyncStream<EngineNotice>) async -> [EngineNotice] {
        await notices.reduce(into: []) { $0.append($1) }
    }

    @Test("every subscriber gets every notice, numbered from 1 on")
    func numbers() async {
        var bus = EventBus()
        let (first, second) = (bus.subscribe(), bus.subscribe())
        #expect(first.id != second.id)
        for service in ["a", "b"] { bus.publish(notice(service)) }
        bus.close()
        for notices in [first.notices, second.notices] {
            let got = await all(notices)
            #expect(got.map(\.number) == [1, 2] && got.map(\.service) == ["a", "b"])
        }
    }

    @Test("a later subscriber gets what comes from then on, with the daemon's numbers")
    func late() async {
        var bus = EventBus()
        bus.publish(notice("a"))
        let subscriber = bus.subscribe()
        bus.publish(notice("b"))
        bus.close()
        #expect(await all(subscriber.notices).map(\.number) == [2])
    }

    @Test("one that ends its subscription gets no more, and the others do")
    func unsubscribe() async {
        var bus = EventBus()
        let (gone, staying) = (bus.subscribe(), bus.subscribe())
        bus.publish(notice("a"))
        bus.unsubscribe(gone.id)
        bus.unsubscribe(gone.id)
        bus.publish(notice("b"))
        bus.close()
        #expect(await all(gone.notices).map(\.service) == ["a"])
        #expect(await all(staying.notices).map(\.service) == ["a", "b"])
    }

    @Test("one that falls too far behind loses its subscription, and nothing of what it was given")
    func slow() async {
        var bus = EventBus()
        let slow = bus.subscribe()
        for _ in 0..<EventBus.backlog + 10 { bus.publish(notice("a")) }
        // Its stream has ended, though the bus is still open.
        #expect(await all(slow.notices).map(\.number) == Array(1...UInt64(EventBus.backlog)))
    }
}
