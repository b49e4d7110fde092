internal import CSystemd
internal import Dispatch
internal import Libc
package import Logging
internal import Synchronization

/// Sends log records to journald, each fact in a field of its own.
///
/// journald may be slow, and then what logs must not be: records are sent by a queue of their own, in order. Of
/// those that wait the journal gets no more than `Sender.most`; how many are lost is logged when there is room again.
package struct JournalLog: LogHandler {
    package var logLevel: Logger.Level = .notice
    package var metadata: Logger.Metadata = [:]

    private let fields: @Sendable (_ message: String, _ facts: [(key: String, value: String)]) -> [(String, String)]
    private static let sender = Sender()

    /// Null where standard error does not lead to the journal: sd_journal_sendv(3) drops silently without journald.
    ///
    /// - Parameter fields: beside MESSAGE and PRIORITY, what a record with these facts has.
    package init?(
        fields: @escaping @Sendable (_ message: String, _ facts: [(key: String, value: String)]) -> [(String, String)]
    ) {
        guard let stream = getenv("JOURNAL_STREAM").map({ String(cString: $0) }) else { return nil }
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0, stream == "\(status.st_dev):\(status.st_ino)" else { return nil }
        self.fields = fields
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let facts = metadata.merging(event.metadata ?? [:]) { _, new in new }
            .map { (key: $0.key, value: "\($0.value)") }.sorted { $0.key < $1.key }
        let message = event.message.description
        let sentence = ([message] + facts.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
        var record = [("MESSAGE", sentence), ("PRIORITY", "\(event.level.priority)"), ("SYSLOG_IDENTIFIER", "svcd")]
        record += fields(message, facts)
        Self.sender.send(record)
    }

    /// Returns when everything that was logged is with journald. For the end of the process.
    package static func flush() { sender.flush() }

    private final class Sender: Sendable {
        static let most = 10_000
        private let queue = DispatchQueue(label: "journal")
        private let waiting = Counter()

        func send(_ record: [(String, String)]) {
            guard let lost = waiting.enter(limit: Self.most) else { return }
            queue.async { [waiting] in
                if lost > 0 { Self.deliver([("MESSAGE", "\(lost) log records were lost"), ("PRIORITY", "4")]) }
                Self.deliver(record)
                waiting.leave()
            }
        }

        func flush() { queue.sync {} }

        /// Blocks while journald's socket is full.
        private static func deliver(_ record: [(String, String)]) {
            let lines = record.map { Array("\($0.0)=\($0.1)".utf8) }
            let pointers = lines.map { line in
                let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: line.count, alignment: 1)
                copy.copyBytes(from: line)
                return copy
            }
            defer { for pointer in pointers { pointer.deallocate() } }
            let vectors = pointers.map { iovec(iov_base: $0.baseAddress, iov_len: $0.count) }
            sd_journal_sendv(vectors, CInt(vectors.count))
        }
    }
}

/// Counts who is inside, and whom it has turned away.
private final class Counter: Sendable {
    private let counts = Mutex<(inside: Int, turnedAway: Int)>((0, 0))

    /// How many were turned away since the last one who got in; null: there is no room.
    func enter(limit: Int) -> Int? {
        counts.withLock { counts in
            guard counts.inside < limit else {
                counts.turnedAway += 1
                return nil
            }
            counts.inside += 1
            defer { counts.turnedAway = 0 }
            return counts.turnedAway
        }
    }

    func leave() { counts.withLock { $0.inside -= 1 } }
}

extension Logger.Level {
    /// syslog(3)'s.
    fileprivate var priority: Int {
        switch self {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }
}
