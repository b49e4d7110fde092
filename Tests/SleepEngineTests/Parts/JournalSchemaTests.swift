import Foundation
import SleepCore
import Testing

@testable import SleepEngine

@Suite("the journal's tables")
struct JournalSchemaTests {
    private let path = NSTemporaryDirectory() + "svcd-schema-\(UUID().uuidString).db"

    /// The tables as the first svcd made them, with a row in each.
    private static let first = [
        """
        CREATE TABLE intents (container TEXT PRIMARY KEY, service TEXT NOT NULL, depth TEXT NOT NULL,
            freezer TEXT NOT NULL, began INTEGER NOT NULL, boot TEXT NOT NULL) WITHOUT ROWID
        """,
        "INSERT INTO intents VALUES ('c', 's', 'reclaimed', 'docker', 5, 'b')",
        """
        CREATE TABLE transitions (at INTEGER NOT NULL, service TEXT NOT NULL, source TEXT NOT NULL,
            target TEXT NOT NULL, depth TEXT, trigger TEXT NOT NULL, actor TEXT, elapsed INTEGER, outcome TEXT NOT NULL,
            error TEXT)
        """,
        "INSERT INTO transitions VALUES (6, 's', 'awake', 'asleep', 'frozen', 'idle', NULL, 7, 'done', NULL)",
        """
        CREATE TABLE wakes (at INTEGER NOT NULL, service TEXT NOT NULL, tier TEXT NOT NULL,
            depth TEXT NOT NULL, trigger TEXT NOT NULL, elapsed INTEGER NOT NULL, queued INTEGER NOT NULL,
            thaw INTEGER NOT NULL, ready INTEGER NOT NULL, budget INTEGER NOT NULL)
        """,
        "INSERT INTO wakes VALUES (8, 's', 'browser', 'frozen', 'hook', 9, 1, 2, 3, 4)",
    ]

    private func remove() {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    private func run(_ statements: [String]) throws {
        let database = try Database(path: path)
        for statement in statements { try database.run(statement) }
    }

    private func version() throws -> Int64 {
        var found: Int64 = -1
        try Database(path: path).run("PRAGMA user_version") { found = $0.integer(0) }
        return found
    }

    private func open() throws -> Journal { try Journal(path: path, logger: silentLogger) }

    @Test("a database of the first svcd is taken over: its rows are there, without what wasn't kept then")
    func first() async throws {
        defer { remove() }
        try run(Self.first)
        let journal = try open()
        let intent = Journal.Intent(container: "c", service: "s", depth: .reclaimed, beganMilliseconds: 5, boot: "b")
        #expect(try await journal.load().intents == [intent])
        let transitions = try await journal.transitions(of: "s", since: 0, limit: 9)
        #expect(transitions.map(\.elapsedMicroseconds) == [7] && transitions.map(\.residentBefore) == [nil])
        let wakes = try await journal.wakes(since: 0, into: [Journal.WakeRow]()) { $0.append($1) }
        #expect(wakes.map(\.budgetMicroseconds) == [4] && wakes.map(\.match) == [nil])
    }

    @Test("what is written into a database that was taken over is whole, and there after the next start")
    func written() async throws {
        defer { remove() }
        try run(Self.first)
        var journal = try open()
        let intent = Journal.Intent(
            container: "d", service: "s", depth: .frozen, beganMilliseconds: 5, boot: "b", place: "/d")
        journal.write(.intent(intent))
        await journal.flush()
        #expect(journal.lastFault == nil)
        #expect(try version() == 3)
        journal = try open()
        #expect(try await journal.load().intents.contains(intent))
        #expect(try version() == 3)
    }

    @Test("one that is half way up goes the rest of it", arguments: [1, 2])
    func halfWay(version: Int) async throws {
        defer { remove() }
        try run(Self.first)
        try run([
            "ALTER TABLE transitions ADD COLUMN resident_before INTEGER",
            "ALTER TABLE transitions ADD COLUMN resident_after INTEGER",
        ])
        if version == 2 { try run(["ALTER TABLE intents ADD COLUMN place TEXT"]) }
        try run(["PRAGMA user_version = \(version)"])
        _ = try await open().load()
        #expect(try self.version() == 3)
    }

    @Test("a version that never was, below the first, counts as the first")
    func negative() async throws {
        defer { remove() }
        try run(Self.first + ["PRAGMA user_version = -2147483648"])
        _ = try await open().load()
        #expect(try version() == 3)
    }

    @Test("a later svcd's database, with a column more, is read and written, and keeps its version")
    func later() async throws {
        defer { remove() }
        _ = try open()
        try run(["ALTER TABLE intents ADD COLUMN later TEXT", "PRAGMA user_version = 2147483647"])
        let journal = try open()
        journal.write(.intent(.init(container: "d", service: "s", depth: .frozen, beganMilliseconds: 1, boot: "b")))
        #expect(try await journal.load().intents.count == 1)
        #expect(journal.lastFault == nil)
        #expect(try version() == 2_147_483_647)
    }

    @Test("a file that is no database is refused with what SQLite says of it")
    func garbage() throws {
        defer { remove() }
        try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: path))
        #expect { try open() } throws: { ($0 as? JournalFault)?.message.contains("not a database") == true }
    }
}
