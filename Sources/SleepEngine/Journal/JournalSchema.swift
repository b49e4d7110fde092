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

    /// What has changed since the first tables, in order; `PRAGMA user_version` counts how many are done.
    private static let migrations = [
        [
            "ALTER TABLE transitions ADD COLUMN resident_before INTEGER",
            "ALTER TABLE transitions ADD COLUMN resident_after INTEGER",
        ],
        ["ALTER TABLE intents ADD COLUMN place TEXT"],
        ["ALTER TABLE wakes ADD COLUMN container TEXT"],
    ]

    /// Makes what isn't there. Columns are only added: what an earlier svcd has written stays readable.
    static func prepareTables(_ database: Database) throws(JournalFault) {
        for table in tables { try database.run(table) }
        var done = 0
        try database.run("PRAGMA user_version") { done = Int(clamping: max(0, $0.integer(0))) }
        for (index, migration) in migrations.enumerated().dropFirst(done) {
            for statement in migration { try database.run(statement) }
            try database.run("PRAGMA user_version = \(index + 1)")
        }
    }
}
