import SleepCore
import Testing

@testable import SleepEngine

@Suite("who came since the last look")
struct ArrivalsTests {
    private let at = Instants()
    private var arrivals = Arrivals()

    private func request(_ connection: UInt64 = 1, segments: UInt64) -> Arrivals.Reading {
        Arrivals.Reading(requests: [OpenRequest(connection: connection, segments: segments, port: 80)])
    }

    private func unread(_ waiting: Int...) -> Arrivals.Reading {
        Arrivals.Reading(unread: waiting.map { UnreadSocket(endpoints: "a:80 b:1", port: 80, waiting: $0) })
    }

    @Test("a silent connection is nobody, at every look")
    mutating func keepAlive() {
        let found = [
            arrivals.baseline(.init(), at[0]), arrivals.newcomer(.init(), at[1]),
            arrivals.missed(.init(), requests: true, at[1]),
        ]
        #expect(found == [nil, nil, nil])
    }

    @Test("a request is in the way of a fall when it is new, and for as long as nothing more is said on it")
    mutating func longRequest() {
        let found = [0.0, 300, 550, 599].map { arrivals.baseline(request(segments: 5), at[$0]) }
        #expect(found == Array(repeating: .request(port: 80), count: 4))
        let after = arrivals.newcomer(request(segments: 5), at[600])
        #expect(after == nil, "it was there before the freeze")
    }

    @Test("a conversation whose last word is always the client's, as a WebSocket's pong, is in the way only at first")
    mutating func pong() {
        let found = [(0.0, 10), (30, 12), (60, 14)].map { arrivals.baseline(request(segments: $1), at[$0]) }
        #expect(found == [.request(port: 80), nil, nil])
    }

    @Test("a request within the freeze is seen after it, on a new connection and on one that talked before")
    mutating func withinFreeze() {
        _ = arrivals.baseline(request(1, segments: 2), at[0])
        let old = arrivals.newcomer(request(1, segments: 3), at[1])
        #expect(old == .request(port: 80))
        _ = arrivals.baseline(.init(), at[2])
        let new = arrivals.newcomer(request(2, segments: 1), at[3])
        #expect(new == .request(port: 80))
    }

    @Test("a request that ended, and another on the same connection, is another request")
    mutating func nextRequest() {
        _ = arrivals.baseline(request(segments: 2), at[0])
        _ = arrivals.baseline(.init(), at[1])
        let next = arrivals.newcomer(request(segments: 4), at[2])
        #expect(next == .request(port: 80))
    }

    @Test("unread data that grew during the freeze is somebody; what lay there before, or went away, isn't")
    mutating func grew() {
        _ = arrivals.baseline(unread(100), at[0])
        let found = [(unread(100), 1.0), (unread(101), 2), (unread(50), 3), (unread(60), 4)]
            .map { arrivals.newcomer($0, at[$1]) }
        #expect(found == [nil, .unread(port: 80), nil, .unread(port: 80)])
    }

    @Test("data that came where nothing lay is somebody, however little")
    mutating func appeared() {
        _ = arrivals.baseline(unread(), at[0])
        let found = arrivals.newcomer(unread(1), at[1])
        #expect(found == .unread(port: 80))
    }

    @Test("bytes on the wire during the freeze are somebody above a bridge's own chatter")
    mutating func stray() {
        _ = arrivals.baseline(.init(), at[0])
        let found = [0, 128, 129].map { arrivals.newcomer(.init(networkBytes: $0), at[1]) }
        #expect(found == [nil, nil, .bytes(129)])
    }

    @Test("two sockets with the same ends count together, in whatever order they are read")
    mutating func duplicates() {
        #expect(unread(3, 4) == unread(7) && unread(3, 4) == unread(4, 3))
        _ = arrivals.baseline(unread(3, 4), at[0])
        let same = arrivals.newcomer(unread(4, 3), at[1])
        #expect(same == nil)
        let more = arrivals.newcomer(unread(4, 4), at[2])
        #expect(more == .unread(port: 80))
    }

    @Test("a sleeper that was found is woken by what lies unread for less than ten seconds, and no longer")
    mutating func news() {
        let found = [0.0, 9.9, 10, 500].map { arrivals.missed(unread(5), requests: false, at[$0]) }
        #expect(found == [.unread(port: 80), .unread(port: 80), nil, nil])
        let grown = arrivals.missed(unread(6), requests: false, at[501])
        #expect(grown == .unread(port: 80), "what grew is news again")
    }

    @Test("of two sockets the one that is news counts, though the other has waited for long")
    mutating func newsOfOne() {
        let old = UnreadSocket(endpoints: "a:1 z:1", port: 1, waiting: 5)
        let new = UnreadSocket(endpoints: "b:2 z:2", port: 2, waiting: 5)
        _ = arrivals.missed(.init(unread: [old]), requests: false, at[0])
        let found = arrivals.missed(.init(unread: [old, new]), requests: false, at[60])
        #expect(found == .unread(port: 2))
    }

    @Test("after a forced sleep a request that is being worked on wakes it while it is news; else it isn't asked for")
    mutating func forced() {
        var other = arrivals
        let found = [0.0, 9, 10].map { arrivals.missed(request(segments: 5), requests: true, at[$0]) }
        #expect(found == [.request(port: 80), .request(port: 80), nil])
        let unasked = other.missed(request(segments: 5), requests: false, at[0])
        #expect(unasked == nil)
    }
}
