internal import SleepCore

/// How each entry goes into its table. Columns are named, so that a table may have more of them.
extension Journal.Entry {
    func write(to database: Database) throws(JournalFault) {
        switch self {
        case .intent(let intent):
            try database.run(Self.insertIntent, intent.values)
        case .forget(let containers):
            for container in containers {
                try database.run("DELETE FROM intents WHERE container = ?", [.text(container)])
            }
        case .lease(let lease):
            try database.run(
                "INSERT OR REPLACE INTO leases (id, service, peer, expires) VALUES (?, ?, ?, ?)",
                [
                    .text(lease.id), .text(lease.service), .integer(Int64(lease.peer)),
                    .integer(lease.expiresMilliseconds),
                ])
        case .leaseEnded(let id):
            try database.run("DELETE FROM leases WHERE id = ?", [.text(id)])
        case .pin(let service, let expires):
            try database.run(
                "INSERT OR REPLACE INTO pins (service, expires) VALUES (?, ?)", [.text(service), .init(expires)])
        case .unpin(let service):
            try database.run("DELETE FROM pins WHERE service = ?", [.text(service)])
        case .setting(let key, let value):
            try database.run(
                "INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", [.text(key), .text(value)])
        case .transition(let row):
            try database.run(Self.insertTransition, row.values)
        case .wake(let row):
            try database.run(Self.insertWake, row.values)
        case .prune(let before):
            try database.run("DELETE FROM transitions WHERE at < ?", [.integer(before)])
            try database.run("DELETE FROM wakes WHERE at < ?", [.integer(before)])
            try database.run("DELETE FROM leases WHERE expires < ?", [.integer(before)])
        }
    }

    private static let insertIntent = """
        INSERT OR REPLACE INTO intents (container, service, depth, freezer, began, boot, place)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    private static let insertTransition = """
        INSERT INTO transitions (at, service, source, target, depth, trigger, actor, elapsed, outcome, error,
            resident_before, resident_after)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let insertWake = """
        INSERT INTO wakes (at, service, tier, depth, trigger, elapsed, queued, thaw, ready, budget, container)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
}

extension Journal.Intent {
    fileprivate var values: [Database.Value] {
        // What the place says already; an earlier svcd wants it, too.
        let freezer = place == nil ? FreezerKind.docker : .cgroup
        return [
            .text(container), .text(service), .text(depth.rawValue), .text(freezer.rawValue),
            .integer(beganMilliseconds), .text(boot), .init(place),
        ]
    }
}

extension Journal.TransitionRow {
    fileprivate var values: [Database.Value] {
        [
            .integer(atMilliseconds), .text(service), .text(from), .text(to), .init(depth), .text(trigger),
            .init(by), .init(elapsedMicroseconds), .text(outcome), .init(error),
            .init(residentBefore.map(Int64.init)), .init(residentAfter.map(Int64.init)),
        ]
    }
}

extension Journal.WakeRow {
    fileprivate var values: [Database.Value] {
        [
            .integer(atMilliseconds), .text(service), .text(tier), .text(depth), .text(trigger),
            .integer(elapsedMicroseconds), .integer(queuedMicroseconds), .integer(thawMicroseconds),
            .integer(readyMicroseconds), .integer(budgetMicroseconds), .init(match),
        ]
    }
}
