import Testing

@testable import SleepCore
@testable import SleepEngine

@Suite("records of services")
struct ServiceRecordsTests {
    private let at = Instants()

    private func policy(_ container: String = "s", target: Double? = 0.7) -> ServicePolicy {
        .plain("s", .name(container)) { settings in
            settings.reclaim = target.map { Reclaim(after: .seconds(1), target: $0) }
        }
    }

    private func report(_ milliseconds: Int, from depth: Depth = .frozen) -> SleepMachine.WakeReport {
        SleepMachine.WakeReport(
            woke: true, from: depth, elapsed: .milliseconds(milliseconds), queued: .zero,
            thaw: .milliseconds(milliseconds), ready: .zero, trigger: .hook)
    }

    private func row(_ milliseconds: Int64, match: String?) -> Journal.WakeRow {
        Journal.WakeRow(
            atMilliseconds: milliseconds, service: "s", tier: "on-demand", depth: "frozen", trigger: "hook",
            elapsedMicroseconds: milliseconds * 1000, queuedMicroseconds: 0, thawMicroseconds: 0,
            readyMicroseconds: 0, budgetMicroseconds: 200_000, match: match)
    }

    /// After one wake of each of these lengths.
    private func records(of policy: ServicePolicy, wakes: [Int]) -> ServiceRecords {
        var records = ServiceRecords()
        records.cover(policy)
        for (index, wake) in wakes.enumerated() {
            records.woke(report(wake), policy, wallMilliseconds: Int64(index))
            _ = records.count(report(wake), policy, wallMilliseconds: Int64(index))
        }
        return records
    }

    @Test("a reload with the same container keeps wakes and the share; the policy's target bounds it")
    func reload() {
        var records = records(of: policy(), wakes: [10, 500])
        _ = records.learn(.milliseconds(190), policy())
        var changed = policy()
        changed.settings.wakeBudget = .seconds(1)
        records.cover(changed)
        #expect(records["s"]?.latencies?.count == 2 && records["s"]?.latencies?.withinBudget == 1)
        #expect(records["s"]?.lastWake?.atMilliseconds == 1)
        #expect(records["s"]?.share == ReclaimShare(target: 0.7, learned: 0.6))
        records.cover(policy(target: 0.3))
        #expect(records["s"]?.share.value == 0.3)
    }

    @Test("a name that means another container now starts anew")
    func otherMatch() {
        var records = records(of: policy(), wakes: [10])
        _ = records.learn(.milliseconds(190), policy())
        records.cover(policy("other"))
        #expect(records["s"]?.latencies == nil && records["s"]?.lastWake == nil)
        #expect(records["s"]?.share.value == 0.7)
    }

    @Test("what still ends under the old meaning of a name doesn't count for the new one")
    func lateForOther() {
        var records = records(of: policy("other"), wakes: [])
        records.woke(report(10), policy(), wallMilliseconds: 1)
        _ = records.count(report(10), policy(), wallMilliseconds: 1)
        records.wakeBegins(policy(), memory: MemoryReading(residentBytes: 1, swappedBytes: 1))
        let learned = records.learn(.milliseconds(190), policy())
        #expect(learned.isEmpty)
        #expect(records["s"]?.latencies == nil && records["s"]?.lastWake == nil)
        #expect(records["s"]?.memoryBeforeWake == nil && records["s"]?.share.value == 0.7)
    }

    @Test("rows of the journal belong by what the policy means by the name; those from before that was kept belong too")
    func restored() {
        var records = ServiceRecords()
        records.cover(policy())
        for row in [row(1, match: "s"), row(2, match: nil), row(3, match: "{label: s=1}")] { records.restore(row) }
        #expect(records["s"]?.latencies?.count == 2)
        #expect(records["s"]?.lastWake?.atMilliseconds == 2)
    }

    @Test("what the journal is to keep of a wake says whose it was and what it promised")
    func kept() {
        var records = records(of: policy("other"), wakes: [])
        let row = records.count(report(12), policy("other"), wallMilliseconds: 7)
        #expect(row.match == "other" && row.elapsedMicroseconds == 12_000 && row.budgetMicroseconds == 200_000)
        #expect(row.depth == "frozen" && row.trigger == "hook" && row.atMilliseconds == 7)
    }

    @Test("a share that was learned is kept with its owner, and comes back to no other")
    func learned() {
        var records = records(of: policy(), wakes: [])
        var settings: [String: String] = [:]
        for case .setting(let key, let value) in records.learn(.milliseconds(500), policy()) { settings[key] = value }
        #expect(settings.count == 2)
        var (same, other) = (ServiceRecords(settings), ServiceRecords(settings))
        same.cover(policy())
        other.cover(policy("other"))
        #expect(same["s"]?.share == records["s"]?.share && same["s"]?.share.value != 0.7)
        #expect(other["s"]?.share.value == 0.7)
    }

    @Test("a share from before its owner was kept belongs to the service of that name")
    func learnedWithoutOwner() {
        var records = ServiceRecords(["share.s": "0.25"])
        records.cover(policy())
        #expect(records["s"]?.share.value == 0.25)
    }

    @Test(
        "a share that makes no sense is none, or is brought within what the policy allows",
        arguments: [
            ("nan", 0.7), ("inf", 0.7), ("-inf", 0.7), ("", 0.7), ("much", 0.7), ("-3", 0.0), ("1e300", 0.7),
            ("0.9", 0.7), ("-0.0", 0.0),
        ])
    func absurd(text: String, expected: Double) {
        var records = ServiceRecords(["share.s": text])
        records.cover(policy())
        #expect(records["s"]?.share.value == expected)
    }

    @Test("a cost that changes nothing leaves the journal alone; without reclaim nothing is learned")
    func unchanged() {
        var records = records(of: policy(), wakes: [])
        let middling = records.learn(.milliseconds(120), policy())
        #expect(middling.isEmpty, "neither near the budget nor far below it")
        records.cover(policy(target: nil))
        let without = records.learn(.seconds(5), policy(target: nil))
        #expect(without.isEmpty)
    }

    @Test("bytes handed back add up while it sleeps, and are over with the wake")
    func handedBack() {
        var records = records(of: policy(), wakes: [])
        var reclaim = SleepMachine.Transition(
            from: .asleep, to: .asleep, depth: .reclaimed, trigger: .idle, outcome: .done,
            reclaim: ReclaimOutcome(
                .done, before: MemoryReading(residentBytes: 100, swappedBytes: 0),
                after: MemoryReading(residentBytes: 30, swappedBytes: 70)))
        records.changed(reclaim, policy())
        reclaim.reclaim?.before?.residentBytes = 30
        reclaim.reclaim?.after?.residentBytes = 10
        records.changed(reclaim, policy())
        #expect(records["s"]?.handedBackBytes == 90)
        records.changed(.init(from: .asleep, to: .awake, trigger: .hook, outcome: .done), policy())
        #expect(records["s"]?.handedBackBytes == 0)
    }

    @Test(
        "a caller that gave up after the budget breaks it; before, or where others stand in the way, nothing counts",
        arguments: [
            (SleepMachine.WakeFailure.timedOut, 0.5, true), (.timedOut, 0.25, false), (.failed("x"), 0.5, true),
            (.engineUnavailable, 0.5, true), (.held, 9.0, false), (.down, 9.0, false), (.absent, 9.0, false),
            (.ambiguous, 9.0, false),
        ])
    func gaveUp(failure: SleepMachine.WakeFailure, after seconds: Double, counts: Bool) {
        let waiter = SleepMachine.Waiter(id: 1, arrived: at[0], deadline: at[10], trigger: .lease)
        let report = ServiceRecords.latency(
            of: failure, waiter, from: .stopped, budget: .milliseconds(250), at[seconds])
        #expect((report != nil) == counts)
        if let report {
            #expect(report.from == .stopped && report.trigger == .lease && report.elapsed == .seconds(seconds))
        }
    }

    @Test("history is pruned once a day, to what is kept")
    func prune() {
        var records = ServiceRecords()
        let day: Int64 = 86_400_000
        let start = 100 * day
        let prunes = [start, start + day - 1, start + day].map { records.takePrune(wallMilliseconds: $0) }
        #expect(prunes == [start - 31 * day, nil, start - 30 * day])
    }
}
