@testable import SleepCore

/// Holds what the machine decides against the invariants. Who waits and who asked for sleep is its own account of
/// what clients and operators wanted; the machine's isn't trusted.
struct Judge {
    typealias Machine = SleepMachine

    /// Empty while all invariants hold.
    private(set) var complaints: [String] = []
    private(set) var waiters: [UInt64: (deadline: Instant, trigger: Trigger)] = [:]
    private var sleepers: Set<UInt64> = []
    /// An operator's wake that hasn't worked yet.
    private(set) var operatorWants = false
    let neverSleeps: Bool

    init(neverSleeps: Bool) { self.neverSleeps = neverSleeps }

    mutating func complain(_ what: String) { complaints.append(what) }

    mutating func check<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) {
        if found != expected { complain("\(what): \(found), expected \(expected)") }
    }

    // MARK: What is wanted

    mutating func waits(_ id: UInt64, until deadline: Instant, _ trigger: Trigger) {
        waiters[id] = (deadline, trigger)
        if trigger == .operator { operatorWants = true }
    }

    mutating func leaves(_ id: UInt64) { waiters[id] = nil }

    mutating func wantsSleep(_ id: UInt64) { sleepers.insert(id) }

    /// svcd died: who asked has nobody to be answered by.
    mutating func forgetAll() { (waiters, sleepers, operatorWants) = ([:], [], false) }

    // MARK: What is answered

    mutating func judge(_ step: Machine.Step, of machine: Machine, isUp: Bool, isReclaiming: Bool, _ now: Instant) {
        for (waiter, report) in step.ready { release(waiter, report, machine, isUp, isReclaiming) }
        for (waiter, failure) in step.failed {
            if waiters.removeValue(forKey: waiter.id) == nil { complain("a waiter was answered twice") }
            if failure == .held, waiter.trigger == .operator { complain("an operator was turned away as held") }
        }
        for (request, _) in step.slept where sleepers.remove(request.id) == nil {
            complain("a sleep request was answered twice")
        }
        // An operator's wake that failed is tried again; one that worked is over.
        if step.transitions.contains(where: { $0.to == .awake && $0.outcome == .done }) { operatorWants = false }
        for (_, waiter) in waiters where waiter.deadline < now { complain("a waiter was left past its deadline") }
        if let next = step.nextCall, next <= now { complain("it wants to be called in the past") }
    }

    private mutating func release(
        _ waiter: Machine.Waiter, _ report: Machine.WakeReport, _ machine: Machine, _ isUp: Bool, _ isReclaiming: Bool
    ) {
        guard waiters.removeValue(forKey: waiter.id) != nil else { return complain("a waiter was answered twice") }
        if report.elapsed < .zero || report.queued < .zero || report.thaw < .zero { complain("a latency is negative") }
        if isUp, isReclaiming { complain("a waiter was told ready while memory is handed back") }
        // Believed to run while Docker is away counts as awake.
        if isUp, case .asleep = machine.condition { complain("a waiter was told ready while it sleeps") }
    }

    // MARK: What is begun

    mutating func judge(reclaim containers: [Container], of machine: Machine, isReclaiming: Bool) {
        if isReclaiming { complain("two reclaims at once") }
        for container in containers where container.status != .paused || machine.owned[container.id] == nil {
            complain("it reclaims what isn't its sleeper")
        }
    }

    /// - Parameter underWay: what had been begun before and has not ended.
    mutating func judge(
        _ begun: Machine.Operation, underWay: Machine.Operation?, isUnanswered: Bool, of machine: Machine,
        before: Machine, _ intents: [String: Depth], _ now: Instant
    ) {
        switch begun.kind {
        case .record(_, .stopped, _):
            if !waiters.isEmpty || machine.demand != nil { complain("it is stopped though somebody wants it") }
        case .record:
            judgeFall(of: machine, now)
        case .ready:
            break
        case .stop(let ids):
            if neverSleeps { complain("sleep: never is stopped") }
            for container in ids where intents[container] != .stopped { complain("it stops without an intent") }
            if !waiters.isEmpty { complain("it stops though somebody waits") }
        case .freeze(let ids, _):
            if neverSleeps { complain("sleep: never is frozen") }
            for container in ids where intents[container] == nil { complain("it freezes without an intent") }
        case .wake(let thaw, let start):
            let owned = Set(before.owned.keys).union(machine.owned.keys)
            for container in thaw + start where !owned.contains(container) && !operatorWants {
                complain("it wakes what others put to sleep")
            }
        }
        // Asking whether it answers changes nothing, so it may be given up.
        if let underWay, !underWay.kind.isReady { complain("two operations at once") }
        if isUnanswered, !begun.kind.isReady { complain("it begins though Docker hasn't answered") }
    }

    private mutating func judgeFall(of machine: Machine, _ now: Instant) {
        if neverSleeps { complain("sleep: never is put to sleep") }
        if sleepers.isEmpty {
            if !machine.leases.isEmpty { complain("it falls asleep in spite of a lease") }
            if !machine.neededBy.isEmpty { complain("it falls asleep though it is needed") }
            if machine.pin != nil { complain("it falls asleep in spite of a pin") }
            if machine.mode != .auto { complain("it falls asleep in mode \(machine.mode)") }
            if now - machine.awakeSince < machine.rules.minAwake { complain("it falls asleep before min_awake") }
            if now - machine.lastUse < machine.rules.idleAfter { complain("it falls asleep while in use") }
        }
        if !waiters.isEmpty { complain("it falls asleep while somebody waits") }
    }

    // MARK: When all is calm

    mutating func judgeCalm() {
        if !waiters.isEmpty { complain("somebody still waits") }
        if !sleepers.isEmpty { complain("a sleep request was never answered") }
    }

    /// The belief has become the truth.
    mutating func judgeBelief(of machine: Machine, _ docker: DockerModel) {
        let expected: Machine.Condition =
            switch docker.status {
            case nil: .absent
            case .running?: .running
            case .paused?: docker.intents[docker.id].map { .asleep($0 == .stopped ? .frozen : $0) } ?? .held
            case .down?: machine.owned[docker.id] == .stopped ? .asleep(.stopped) : .down
            }
        check(machine.condition, expected, "its belief")
        check(Set(docker.intents.keys), Set(machine.owned.keys), "the intents on disk")
    }
}
