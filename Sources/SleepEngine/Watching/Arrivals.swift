internal import SleepCore

/// Who has come since I looked: the one answer, before a fall, after a freeze, and for a sleeper that was found.
///
/// The kernel tells what lies unread in a container's sockets, and on which connections the client has said the last
/// word. The latter is a request, or one of the messages that many protocols never answer, as a WebSocket's pong. A
/// connection on which nothing more was said since the last look has a request that takes long; one on which little
/// was said back and forth, below every floor, is a conversation that goes on without anybody.
struct Arrivals {
    /// What a look has found. Those who are to be ignored aren't in it.
    struct Reading: Equatable {
        /// One for each pair of ends.
        private(set) var unread: [UnreadSocket]
        var requests: [OpenRequest]
        /// That came and went since the meters were read before.
        var networkBytes: Int

        init(unread: [UnreadSocket] = [], requests: [OpenRequest] = [], networkBytes: Int = 0) {
            var sums: [String: UnreadSocket] = [:]
            for socket in unread {
                var sum = socket
                sum.waiting += sums[socket.endpoints]?.waiting ?? 0
                sums[socket.endpoints] = sum
            }
            self.unread = sums.values.sorted { $0.endpoints < $1.endpoints }
            self.requests = requests
            self.networkBytes = networkBytes
        }
    }

    enum Arrival: Equatable, CustomStringConvertible {
        case request(port: Int)
        case unread(port: Int)
        case bytes(Int)

        var description: String {
            switch self {
            case .request(let port): "a request on port \(port)"
            case .unread(let port): "something waits on port \(port)"
            case .bytes(let bytes): "\(bytes) bytes"
            }
        }
    }

    /// How long a request may take.
    static let longestAnswer = Duration.seconds(600)
    /// How long something may wait and still be news. What nobody reads for longer, as the end of a forgotten
    /// connection, would keep its service awake for ever.
    static let news = Duration.seconds(10)
    /// More bytes than this on the wire while a freeze was landing mean that somebody has come: the ARP and
    /// neighbour chatter of a bridge is less.
    private static let strayBytes = 128

    private struct Known<Value: Equatable> {
        var value: Value
        /// When it was first seen like this.
        var since: Instant
    }

    /// By socket, what waits in it.
    private var unread: [String: Known<Int>] = [:]
    /// By connection, what was said on it: unchanged, it is the same request.
    private var heard: [UInt64: Known<UInt64>] = [:]

    /// Before a fall. What it finds is what later looks compare with.
    ///
    /// - Returns: a request that waits for its answer.
    mutating func baseline(_ reading: Reading, _ now: Instant) -> Arrival? {
        let before = heard
        note(reading, now)
        let waiting = reading.requests.first { request in
            before[request.connection].map { $0.value == request.segments } ?? true
        }
        return waiting.map { .request(port: $0.port) }
    }

    /// After a freeze that a look went before: what has come since.
    mutating func newcomer(_ reading: Reading, _ now: Instant) -> Arrival? {
        let (unreadBefore, heardBefore) = (unread, heard)
        note(reading, now)
        if let request = reading.requests.first(where: { heardBefore[$0.connection]?.value != $0.segments }) {
            return .request(port: request.port)
        }
        if let socket = reading.unread.first(where: { $0.waiting > unreadBefore[$0.endpoints]?.value ?? 0 }) {
            return .unread(port: socket.port)
        }
        return reading.networkBytes > Self.strayBytes ? .bytes(reading.networkBytes) : nil
    }

    /// For a sleeper that only a watch can wake: what came before that began, or after whoever came last was
    /// answered, and is still news.
    ///
    /// - Parameter requests: whether requests that are being worked on count, too: an operator's sleep doesn't ask.
    mutating func missed(_ reading: Reading, requests: Bool, _ now: Instant) -> Arrival? {
        note(reading, now)
        if let socket = reading.unread.first(where: { isNews(unread[$0.endpoints], now) }) {
            return .unread(port: socket.port)
        }
        let waiting = requests ? reading.requests.first { isNews(heard[$0.connection], now) } : nil
        return waiting.map { .request(port: $0.port) }
    }

    private func isNews(_ known: Known<some Equatable>?, _ now: Instant) -> Bool {
        known.map { now - $0.since < Self.news } ?? false
    }

    private mutating func note(_ reading: Reading, _ now: Instant) {
        let waiting = Set(reading.unread.map(\.endpoints))
        unread = unread.filter { waiting.contains($0.key) }
        for socket in reading.unread where unread[socket.endpoints]?.value != socket.waiting {
            unread[socket.endpoints] = Known(value: socket.waiting, since: now)
        }
        let open = Set(reading.requests.map(\.connection))
        heard = heard.filter { open.contains($0.key) || now - $0.value.since < Self.longestAnswer }
        for request in reading.requests where heard[request.connection]?.value != request.segments {
            heard[request.connection] = Known(value: request.segments, since: now)
        }
    }
}
