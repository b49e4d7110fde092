package import Logging
internal import SleepCore
internal import Synchronization

/// What must survive a crash: whose sleepers these are, leases, pins, the mode, and what happened.
///
/// One SQLite file in WAL mode, on a queue of its own. Writes are queued in order and done in batches,
/// each batch a transaction; only the intent before a sleep is waited for. `synchronous=NORMAL` keeps
/// everything through the death of svcd, which is what intents are for; a power cut may lose the last
/// moments, and paused containers do not survive one anyway.
package final class Journal: Sendable {
    /// How long history is kept.
    package static let keptFor = Duration.seconds(31 * 86_400)

    private let queue: JournalQueue
    private let database: Locked
    private let failing = Mutex<String?>(nil)
    private let logger: Logger

    /// The connection, used on the journal's queue only (and in `init`, before that has work):
    /// that is the proof behind the unchecked claim.
    private final class Locked: @unchecked Sendable {
        let database: Database
        init(_ database: Database) { self.database = database }
    }

    /// Opens `path`, creating it and its tables.
    ///
    /// - Parameter mostPages: the size in pages (4 KiB each) that the file can't outgrow; null: no limit.
    /// - Throws: `JournalFault`.
    package init(path: String, mostPages: Int? = nil, logger: Logger) throws(JournalFault) {
        let opened = try Database(path: path)
        try opened.run("PRAGMA journal_mode=WAL")
        try opened.run("PRAGMA synchronous=NORMAL")
        try opened.run("PRAGMA cache_size=-256")
        try opened.run("PRAGMA wal_autocheckpoint=256")
        try Self.prepareTables(opened)
        if let mostPages { try opened.run("PRAGMA max_page_count=\(mostPages)") }
        let locked = Locked(opened)
        database = locked
        self.logger = logger
        queue = JournalQueue { batch in
            try? locked.database.run("BEGIN")
            for work in batch { work() }
            try? locked.database.run("COMMIT")
        }
    }

    // MARK: Writing

    /// Forgets a sleeper that was woken while no supervisor lived, and puts that into its history.
    package func noteRelease(_ intent: Intent, atMilliseconds: Int64) {
        write(.forget([intent.container]))
        write(
            .transition(
                TransitionRow(
                    atMilliseconds: atMilliseconds, service: intent.service, from: "asleep", to: "awake",
                    trigger: Trigger.recovery.rawValue, by: "svcd release", outcome: "done")))
    }

    /// Queues a write and returns at once. A write that fails (disk full) is dropped; `lastFault` tells.
    package func write(_ entry: Entry) {
        let database = database
        queue.enqueue { [self] in
            do throws(JournalFault) {
                try entry.write(to: database.database)
                noteFault(nil)
            } catch {
                noteFault(error)
            }
        }
    }

    /// Stores intents and calls `done` on the journal's queue once they would survive the death of svcd;
    /// with the fault if they would not.
    package func record(_ intents: [Intent], done: @escaping @Sendable (JournalFault?) -> Void) {
        let database = database
        queue.enqueue {
            do throws(JournalFault) {
                for intent in intents { try Entry.intent(intent).write(to: database.database) }
                // What is queued before goes with it; the next write opens a transaction anew.
                try database.database.run("COMMIT")
                try database.database.run("BEGIN")
                done(nil)
            } catch {
                try? database.database.run("ROLLBACK")
                try? database.database.run("BEGIN")
                done(error)
            }
        }
    }

    private func noteFault(_ fault: JournalFault?) {
        let before = failing.withLock { last in
            defer { last = fault?.description }
            return last
        }
        if let fault, before == nil {
            logger.warning("journal can't be written", metadata: ["error": "\(fault)"])
        } else if fault == nil, before != nil {
            logger.notice("journal is written again")
        }
    }

    /// What the last failed write said; null when the last one worked.
    package var lastFault: String? { failing.withLock { $0 } }

    /// Returns when everything queued so far is on disk.
    @concurrent package func flush() async {
        let database = database
        await withCheckedContinuation { continuation in
            queue.enqueue {
                // What is queued before may be in the same transaction; the next write opens another.
                try? database.database.run("COMMIT")
                try? database.database.run("BEGIN")
                continuation.resume()
            }
        }
    }

    // MARK: Reading

    /// Everything a starting svcd must know.
    @concurrent package func load() async throws -> Snapshot {
        try await read { database throws(JournalFault) in
            var snapshot = Snapshot()
            try database.run("SELECT container, service, depth, began, boot, place FROM intents") { row in
                snapshot.intents.append(
                    Intent(
                        container: row.text(0), service: row.text(1), depth: Depth(rawValue: row.text(2)) ?? .frozen,
                        beganMilliseconds: row.integer(3), boot: row.text(4), place: row.optionalText(5)))
            }
            try database.run("SELECT id, service, peer, expires FROM leases") { row in
                snapshot.leases.append(
                    Lease(
                        id: row.text(0), service: row.text(1), peer: UInt32(truncatingIfNeeded: row.integer(2)),
                        expiresMilliseconds: row.integer(3)))
            }
            try database.run("SELECT service, expires FROM pins") { row in
                snapshot.pins[row.text(0)] = .some(row.optionalInteger(1))
            }
            try database.run("SELECT key, value FROM settings") { row in
                snapshot.settings[row.text(0)] = row.text(1)
            }
            return snapshot
        }
    }

    /// The newest first, at most `limit`.
    @concurrent package func transitions(of service: String?, since: Int64, limit: Int) async throws -> [TransitionRow]
    {
        try await read { database throws(JournalFault) in
            var rows: [TransitionRow] = []
            let condition = service == nil ? "" : "AND service = ?3"
            let values: [Database.Value] =
                [.integer(since), .integer(Int64(limit))] + (service.map { [.text($0)] } ?? [])
            try database.run(
                """
                SELECT at, service, source, target, depth, trigger, actor, elapsed, outcome, error, resident_before,
                    resident_after FROM transitions
                WHERE at >= ?1 \(condition) ORDER BY at DESC, rowid DESC LIMIT ?2
                """, values
            ) { row in
                rows.append(
                    TransitionRow(
                        atMilliseconds: row.integer(0), service: row.text(1), from: row.text(2), to: row.text(3),
                        depth: row.optionalText(4), trigger: row.text(5), by: row.optionalText(6),
                        elapsedMicroseconds: row.optionalInteger(7), outcome: row.text(8), error: row.optionalText(9),
                        residentBefore: row.optionalInteger(10).map(Int.init),
                        residentAfter: row.optionalInteger(11).map(Int.init)))
            }
            return rows
        }
    }

    /// Folds all wakes since then, the oldest first, into a value.
    @concurrent package func wakes<Value: Sendable>(
        since: Int64, into initial: Value, _ fold: @escaping @Sendable (inout Value, WakeRow) -> Void
    ) async throws -> Value {
        try await read { database throws(JournalFault) in
            var value = initial
            try database.run(
                """
                SELECT at, service, tier, depth, trigger, elapsed, queued, thaw, ready, budget, container FROM wakes
                WHERE at >= ?1 ORDER BY at
                """, [.integer(since)]
            ) { row in
                fold(
                    &value,
                    WakeRow(
                        atMilliseconds: row.integer(0), service: row.text(1), tier: row.text(2), depth: row.text(3),
                        trigger: row.text(4), elapsedMicroseconds: row.integer(5), queuedMicroseconds: row.integer(6),
                        thawMicroseconds: row.integer(7), readyMicroseconds: row.integer(8),
                        budgetMicroseconds: row.integer(9), match: row.optionalText(10)))
            }
            return value
        }
    }

    @concurrent private func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws(JournalFault) -> Value
    ) async throws -> Value {
        let database = database
        return try await withCheckedThrowingContinuation { continuation in
            queue.enqueue {
                do throws(JournalFault) {
                    continuation.resume(returning: try body(database.database))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}
