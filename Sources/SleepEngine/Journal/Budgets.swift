package import SleepCore

/// Wakes counted against their budgets, per tier and per service, from the journal.
package struct Budgets: Sendable {
    package struct Line: Sendable {
        package var name: String
        package var tier: String
        package var budgetMicroseconds: Int64
        package var latencies = LatencyHistogram()

        package init(name: String, tier: String, budgetMicroseconds: Int64) {
            self.name = name
            self.tier = tier
            self.budgetMicroseconds = budgetMicroseconds
        }
    }

    package private(set) var tiers: [String: Line] = [:]
    package private(set) var services: [String: Line] = [:]

    /// - Parameter since: wall clock, milliseconds since 1970.
    package static func read(from journal: Journal, since: Int64) async throws -> Budgets {
        try await journal.wakes(since: since, into: Budgets()) { budgets, row in budgets.add(row) }
    }

    private mutating func add(_ row: Journal.WakeRow) {
        func count(_ lines: inout [String: Line], _ name: String) {
            var line =
                lines.removeValue(forKey: name)
                ?? Line(name: name, tier: row.tier, budgetMicroseconds: row.budgetMicroseconds)
            line.budgetMicroseconds = row.budgetMicroseconds
            line.latencies.record(
                .microseconds(row.elapsedMicroseconds), budget: .microseconds(row.budgetMicroseconds))
            lines[name] = line
        }
        count(&tiers, row.tier)
        count(&services, row.service)
    }
}
