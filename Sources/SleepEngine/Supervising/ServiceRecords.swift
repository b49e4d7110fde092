package import SleepCore

/// What is kept of each service over sleeps, reloads and restarts: its wakes, and how much of its memory they let go.
///
/// By name *and* by what the policy means by it: a name that means other containers now starts anew.
struct ServiceRecords {
    struct Record {
        /// Whose it is.
        let match: ContainerMatch
        /// Null until the first wake.
        var latencies: LatencyHistogram?
        var lastWake: WakeMark?
        /// How much of its memory is handed back.
        var share: ReclaimShare
        /// What it has given back since it fell asleep.
        var handedBackBytes = 0
        /// What its memory was like when the deep wake began that is under way, or the last one.
        var memoryBeforeWake: MemoryReading?
    }

    private var records: [String: Record] = [:]
    private var learned: [String: LearnedShare]
    private var lastPrune: Int64?

    /// - Parameter settings: the journal's.
    init(_ settings: [String: String] = [:]) { learned = LearnedShare.all(in: settings) }

    subscript(service: String) -> Record? { records[service] }

    /// Reads what the journal keeps: the wakes of its time, and the shares among its settings.
    static func read(
        _ journal: Journal, _ settings: [String: String], _ services: [ServicePolicy], wallMilliseconds: Int64
    ) async -> ServiceRecords {
        var records = ServiceRecords(settings)
        for service in services { records.cover(service) }
        let since = wallMilliseconds - Journal.keptFor.milliseconds
        return (try? await journal.wakes(since: since, into: records) { $0.restore($1) }) ?? records
    }

    // MARK: Services

    /// Sets a service up, or takes its new settings.
    mutating func cover(_ service: ServicePolicy) {
        let known = learned[service.name].flatMap { $0.isOf(service.container) ? $0.value : nil }
        // Once taken it has an owner, whoever it was kept for.
        if let known { learned[service.name] = LearnedShare(value: known, of: service.container.written) }
        let share = ReclaimShare(target: service.settings.reclaim?.target ?? 0, learned: known)
        if records[service.name]?.match == service.container {
            records[service.name]?.share = share
        } else {
            records[service.name] = Record(match: service.container, share: share)
        }
    }

    /// Takes the wakes of earlier lives, the oldest first.
    mutating func restore(_ row: Journal.WakeRow) {
        guard let record = records[row.service], row.match.map({ $0 == record.match.written }) ?? true else { return }
        records[row.service]?.add(.microseconds(row.elapsedMicroseconds), .microseconds(row.budgetMicroseconds))
        records[row.service]?.lastWake = WakeMark(row)
    }

    // MARK: Wakes

    /// A wake has ended well, whether or not a caller waited for it.
    mutating func woke(_ report: SleepMachine.WakeReport, _ service: ServicePolicy, wallMilliseconds: Int64) {
        change(service) { $0.lastWake = WakeMark(atMilliseconds: wallMilliseconds, report: report) }
    }

    /// Counts a latency; what the journal keeps of it.
    mutating func count(
        _ report: SleepMachine.WakeReport, _ service: ServicePolicy, wallMilliseconds: Int64
    ) -> Journal.WakeRow {
        let budget = service.settings.wakeBudget
        change(service) { $0.add(report.elapsed, budget) }
        return Journal.WakeRow(
            atMilliseconds: wallMilliseconds, service: service.name, tier: service.tier,
            depth: (report.from ?? .frozen).rawValue, trigger: report.trigger.rawValue,
            elapsedMicroseconds: report.elapsed.microseconds, queuedMicroseconds: report.queued.microseconds,
            thawMicroseconds: report.thaw.microseconds, readyMicroseconds: report.ready.microseconds,
            budgetMicroseconds: budget.microseconds, match: service.container.written)
    }

    /// A caller that gave up after the budget was over counts as a wake that broke it: an outage is no excuse.
    ///
    /// - Returns: null: it doesn't count.
    static func latency(
        of failure: SleepMachine.WakeFailure, _ waiter: SleepMachine.Waiter, from depth: Depth?, budget: Duration,
        _ now: Instant
    ) -> SleepMachine.WakeReport? {
        switch failure {
        case .held, .down, .absent, .ambiguous: return nil
        case .failed, .timedOut, .engineUnavailable: break
        }
        let elapsed = now - waiter.arrived
        guard elapsed > budget else { return nil }
        return SleepMachine.WakeReport(
            woke: true, from: depth, elapsed: elapsed, queued: elapsed, thaw: .zero, ready: .zero,
            trigger: waiter.trigger)
    }

    /// Once a day: before when the journal's history is to be dropped, in wall-clock milliseconds; else null.
    mutating func takePrune(wallMilliseconds: Int64) -> Int64? {
        if let lastPrune, wallMilliseconds - lastPrune < 86_400_000 { return nil }
        lastPrune = wallMilliseconds
        return wallMilliseconds - Journal.keptFor.milliseconds
    }

    // MARK: Memory

    mutating func changed(_ transition: SleepMachine.Transition, _ service: ServicePolicy) {
        change(service) { record in
            if transition.to == .awake { record.handedBackBytes = 0 }
            record.handedBackBytes += transition.reclaim?.freedBytes ?? 0
        }
    }

    mutating func wakeBegins(_ service: ServicePolicy, memory: MemoryReading?) {
        change(service) { $0.memoryBeforeWake = memory }
    }

    /// Takes the cost of a deep wake; what the journal is to keep if that changes the share, else empty.
    mutating func learn(_ cost: Duration, _ service: ServicePolicy) -> [Journal.Entry] {
        guard let target = service.settings.reclaim?.target, var record = records[service.name],
            record.match == service.container,
            record.share.note(cost: cost, budget: service.settings.wakeBudget, target: target)
        else { return [] }
        records[service.name] = record
        learned[service.name] = LearnedShare(value: record.share.value, of: service.container.written)
        return LearnedShare.entries(service.name, record.share.value, service.container)
    }

    private mutating func change(_ service: ServicePolicy, _ body: (inout Record) -> Void) {
        guard var record = records.removeValue(forKey: service.name) else { return }
        if record.match == service.container { body(&record) }
        records[service.name] = record
    }
}

extension ServiceRecords.Record {
    fileprivate mutating func add(_ latency: Duration, _ budget: Duration) {
        latencies = latencies ?? LatencyHistogram()
        latencies?.record(latency, budget: budget)
    }
}

/// A share as the journal's settings keep it.
private struct LearnedShare {
    private static let valuePrefix = "share."
    private static let ownerPrefix = "share-of."

    var value: Double
    /// As written in the policy; null: from before that was kept.
    var of: String?

    func isOf(_ match: ContainerMatch) -> Bool { of.map { $0 == match.written } ?? true }

    static func all(in settings: [String: String]) -> [String: LearnedShare] {
        var found: [String: LearnedShare] = [:]
        for (key, text) in settings where key.hasPrefix(valuePrefix) {
            let service = String(key.dropFirst(valuePrefix.count))
            guard let value = Double(text), value.isFinite else { continue }
            found[service] = LearnedShare(value: value, of: settings[ownerPrefix + service])
        }
        return found
    }

    static func entries(_ service: String, _ share: Double, _ match: ContainerMatch) -> [Journal.Entry] {
        [
            .setting(key: valuePrefix + service, value: "\(share)"),
            .setting(key: ownerPrefix + service, value: match.written),
        ]
    }
}

/// The last wake, as status shows it.
package struct WakeMark: Sendable, Equatable {
    package var atMilliseconds: Int64
    package var report: SleepMachine.WakeReport

    init(atMilliseconds: Int64, report: SleepMachine.WakeReport) {
        self.atMilliseconds = atMilliseconds
        self.report = report
    }

    init(_ row: Journal.WakeRow) {
        self.init(
            atMilliseconds: row.atMilliseconds,
            report: SleepMachine.WakeReport(
                woke: true, from: Depth(rawValue: row.depth), elapsed: .microseconds(row.elapsedMicroseconds),
                queued: .microseconds(row.queuedMicroseconds), thaw: .microseconds(row.thawMicroseconds),
                ready: .microseconds(row.readyMicroseconds), trigger: Trigger(rawValue: row.trigger) ?? .recovery))
    }
}
