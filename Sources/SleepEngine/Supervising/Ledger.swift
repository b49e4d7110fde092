internal import SleepCore

/// Keeps account of what steps bring about: records for status and reports, rows for the journal, history, the log and
/// the event stream.
struct Ledger {
    var records: ServiceRecords
    var chronicle: Chronicle
    private let journal: Journal
    private let time: any TimeSource

    init(_ world: Surroundings) {
        records = ServiceRecords()
        chronicle = Chronicle(world)
        journal = world.journal
        time = world.time
    }

    // MARK: Wakes

    /// A wake has ended well.
    mutating func woke(_ report: SleepMachine.WakeReport, _ service: ServicePolicy, isAwaited: Bool) {
        records.woke(report, service, wallMilliseconds: time.wallMilliseconds)
        // No caller waits for a wake by a packet; it counts all the same.
        if !isAwaited, report.trigger == .traffic { count(report, service) }
    }

    /// A caller that waited has been told that it is awake.
    mutating func answered(_ report: SleepMachine.WakeReport, _ service: ServicePolicy) {
        if report.woke { count(report, service) }
    }

    /// A caller that waited is turned away.
    mutating func refused(
        _ failure: SleepMachine.WakeFailure, _ waiter: SleepMachine.Waiter, _ service: ServicePolicy, from depth: Depth?
    ) {
        let latency = ServiceRecords.latency(
            of: failure, waiter, from: depth, budget: service.settings.wakeBudget, time.now)
        if let latency { count(latency, service) }
    }

    private mutating func count(_ report: SleepMachine.WakeReport, _ service: ServicePolicy) {
        let wall = time.wallMilliseconds
        journal.write(.wake(records.count(report, service, wallMilliseconds: wall)))
        if let before = records.takePrune(wallMilliseconds: wall) { journal.write(.prune(before)) }
    }

    // MARK: Sleeps

    mutating func changed(_ transition: SleepMachine.Transition, _ service: ServicePolicy) {
        records.changed(transition, service)
        chronicle.tell(transition, of: service.name)
    }

    /// What the full cost of a deep wake teaches.
    mutating func assessed(_ cost: Duration, _ service: ServicePolicy) {
        for entry in records.learn(cost, service) { journal.write(entry) }
        chronicle.assessed(cost, share: records[service.name]?.share.value ?? 0, of: service.name)
    }
}
