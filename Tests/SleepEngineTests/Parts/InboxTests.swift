import SleepCore
import Testing

@testable import SleepEngine

@Suite("the inbox of a turn")
struct InboxTests {
    private let at = Instants()
    private var inbox = Inbox()

    private mutating func add(_ keys: UInt64...) {
        for key in keys { inbox.add(.init(key: key, event: .timeCame, at: at[Double(key)])) }
    }

    @Test("first in, first out; what an event leads to comes after all that waited before it")
    mutating func order() {
        add(1, 2)
        var taken: [UInt64] = []
        while let entry = inbox.take() {
            taken.append(entry.key)
            if entry.key < 10 { add(entry.key * 10) }
        }
        #expect(taken == [1, 2, 10, 20])
    }

    @Test("each keeps the instant at which it came")
    mutating func instants() {
        add(3, 5)
        let taken = [inbox.take()?.at, inbox.take()?.at]
        #expect(taken == [at[3], at[5]])
    }

    @Test("it is drained from the first event on until nothing is left")
    mutating func draining() {
        add(1)
        #expect(!inbox.isDraining)
        _ = inbox.take()
        #expect(inbox.isDraining, "the last one is being carried out")
        let end = inbox.take()
        #expect(end == nil && !inbox.isDraining)
    }

    @Test("drained, it is as new, after few events and after very many", arguments: [1, 1000])
    mutating func again(count: Int) {
        for _ in 0..<count { add(1) }
        while inbox.take() != nil {}
        add(2)
        #expect(!inbox.isDraining)
        let taken = [inbox.take()?.key, inbox.take()?.key]
        #expect(taken == [2, nil])
    }
}
