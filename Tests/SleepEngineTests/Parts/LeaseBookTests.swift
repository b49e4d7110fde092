import SleepCore
import Testing

@testable import SleepEngine

@Suite("the book of leases")
struct LeaseBookTests {
    private let at = Instants()
    private var book = LeaseBook()

    private func lease(_ peer: UInt32, until seconds: Double, _ service: String = "s") -> LeaseBook.Lease {
        LeaseBook.Lease(service: service, peer: peer, until: at[seconds])
    }

    private mutating func fill(_ peer: UInt32, until seconds: Double) -> Int {
        (0...LeaseBook.mostPerPeer).reduce(0) { taken, number in
            taken + (book.take("\(peer)-\(number)", lease(peer, until: seconds)) ? 1 : 0)
        }
    }

    @Test("a peer holds as many as the limit says, and that is no other peer's business")
    mutating func limit() {
        let taken = fill(7, until: 10)
        #expect(taken == LeaseBook.mostPerPeer)
        let other = book.take("other", lease(8, until: 10))
        #expect(other)
    }

    @Test("one that has ended, or has expired, makes room for another")
    mutating func room() {
        _ = fill(7, until: 10)
        let ended = book.end("7-0", by: 7, at[1])
        #expect(ended == lease(7, until: 10))
        let taken = [book.take("new", lease(7, until: 99)), book.take("newer", lease(7, until: 99))]
        #expect(taken == [true, false])
        let expired = book.takeExpired(at[10])
        #expect(expired.count == LeaseBook.mostPerPeer - 1)
        let full = fill(7, until: 99)
        #expect(full == LeaseBook.mostPerPeer - 1)
    }

    @Test("a lease of the journal is taken over, though its peer holds more than it could take")
    mutating func restored() {
        _ = fill(7, until: 10)
        book.restore("old", lease(7, until: 10))
        let renewed = book.renew("old", until: at[20], by: 7, at[1])
        #expect(renewed == lease(7, until: 20))
        _ = book.end("7-0", by: 7, at[1])
        let taken = book.take("new", lease(7, until: 10))
        #expect(!taken, "the one that was taken over counts")
    }

    @Test("another peer can neither renew nor end it; an operator can")
    mutating func owners() {
        _ = book.take("a", lease(7, until: 10))
        let theirs = [book.renew("a", until: at[99], by: 8, at[1]), book.end("a", by: 8, at[1])]
        #expect(theirs == [nil, nil])
        let renewed = book.renew("a", until: at[20], by: nil, at[1])
        #expect(renewed == lease(7, until: 20))
        let ended = book.end("a", by: nil, at[1])
        #expect(ended == lease(7, until: 20))
        let twice = book.end("a", by: 7, at[1])
        #expect(twice == nil)
    }

    @Test("it is over at its instant, whether or not that has been noted yet")
    mutating func over() {
        _ = book.take("a", lease(7, until: 10))
        let renewed = book.renew("a", until: at[20], by: 7, at[10])
        #expect(renewed == nil)
        let ended = book.end("a", by: 7, at[10])
        #expect(ended == nil)
        let expired = book.takeExpired(at[10])
        #expect(expired == ["a"])
    }

    @Test("a renewed lease expires when it was renewed to, longer or shorter, and once")
    mutating func renewed() {
        _ = book.take("longer", lease(7, until: 10))
        _ = book.take("shorter", lease(7, until: 10))
        _ = book.renew("longer", until: at[20], by: 7, at[1])
        _ = book.renew("shorter", until: at[5], by: 7, at[1])
        let first = book.takeExpired(at[5])
        #expect(first == ["shorter"])
        let between = book.takeExpired(at[19])
        #expect(between.isEmpty)
        let last = book.takeExpired(at[20])
        #expect(last == ["longer"])
    }

    @Test("ids are 32 hexadecimal digits and never the same")
    func ids() {
        let ids = (0..<1000).map { _ in LeaseBook.newID() }
        #expect(ids.allSatisfy { $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) })
        #expect(Set(ids).count == ids.count)
    }
}
