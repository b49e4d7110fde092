/// The tables of the journal, and how they have grown.
extension Journal {
    private static let tables = [
        """
        CREATE TABLE IF NOT EXISTS intents (container TEXT PRIMARY KEY, service TEXT NOT NULL, depth TEXT NOT NULL,
            freezer TEXT NOT NULL, began INTEGER NOT NULL, boot TEXT NOT NULL) WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS leases (id TEXT PRIMARY KEY, service TEXT NOT NULL, peer INTEGER NOT NULL,
            expires INTEGER NOT NULL) WITHOUT ROWID
        """,
        "CREATE TABLE IF NOT EXISTS pins (service TEXT PRIMARY KEY, expires INTEGER) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """
        CREATE TABLE IF NOT EXISTS transitions (at INTEGER NOT NULL, service TEXT NOT NULL, source TEXT NOT NULL,
            target TEXT NOT NULL, depth TEXT, trigger TEXT NOT NULL, actor TEXT, elapsed INTEGER, outcome TEXT NOT NULL,
            error TEXT)
        """,
        "CREATE INDEX IF NOT EXISTS transitions_at ON transitions (at)",
        """
        CREATE TABLE IF NOT EXISTS wakes (at INTEGER NOT NULL, service TEXT NOT NULL, tier TEXT NOT NULL,
            depth TEXT NOT NULL, trigger TEXT NOT NULL, elapsed INTEGER NOT NULL, queued INTEGER NOT NULL,
            thaw INTEGER NOT NULL, ready INTEGER NOT NULL, budget INTEGER NOT NULL)
        """,
        "CREATE INDEX IF NOT EXISTS wakes_at ON wakes (at)",
    ]

    /// Columns that the first tables did not have.
    private static let added: [Column] = [
        Column(table: "transitions", name: "resident_before", type: "INTEGER"),
        Column(table: "transitions", name: "resident_after", type: "INTEGER"),
        Column(table: "intents", name: "place", type: "TEXT"),
        Column(table: "wakes", name: "container", type: "TEXT"),
    ]

    private struct Column {
        var table: String
        var name: String
        var type: String
    }

    /// Makes what isn't there. Columns are only added: what an earlier svcd has written stays readable. The tables
    /// themselves say which they have, so that it doesn't matter where an earlier attempt was cut off.
    static func prepareTables(_ database: Database) throws(JournalFault) {
        for table in tables { try database.run(table) }
        for column in added {
            var names: Set<String> = []
            try database.run("PRAGMA table_info(\(column.table))") { names.insert($0.text(1)) }
            guard !names.contains(column.name) else { continue }
            try database.run("ALTER TABLE \(column.table) ADD COLUMN \(column.name) \(column.type)")
        }
        // Earlier ones went by this number.
        var version: Int64 = 0
        try database.run("PRAGMA user_version") { version = $0.integer(0) }
        if version < 3 { try database.run("PRAGMA user_version = 3") }
    }
}
