@testable import SleepCore

/// A world for one machine: a container that others touch too, a Docker that errs, an engine that goes and
/// comes, a disk that fills. Everything follows from the seed.
///
/// After every event the invariants are held against what the machine decided. `complaints` is empty while
/// all of them hold.
struct World {
    typealias Machine = SleepMachine

    /// Breaks what the machine decides, to show that the checks notice.
    enum Sabotage: CaseIterable {
        case freezesInSpiteOfLease, freezesUnrecorded, answersSleepers, wakesHeld, overlaps, forgetsWaiters
        case answersDuringReclaim, stopsInUse
    }

    private enum Happening {
        case operationEnds(UInt64, Machine.OperationFault?)
        /// The kernel sees an operation land before Docker answers.
        case lands(UInt64)
        case effect(Machine.Operation.Kind, life: Int)
        case lookEnds(UInt64, [Container]?)
        case reclaimEnds(UInt64)
        case hint(Machine.Hint)
    }

    private(set) var complaints: [String] = []
    private(set) var events = 0
    /// The last things that happened, for whoever has to find out why.
    private(set) var trail: [Mark] = []

    struct Mark: CustomStringConvertible {
        var number: Int
        var elapsed: Duration
        var event: Machine.Event
        var state: ServiceState
        var truth: Container.Status?
        var intents: [String: Depth]
        var step: Machine.Step

        var description: String {
            var line = "\(number) +\(elapsed) \(event) -> \(state), truth \(truth.map { "\($0)" } ?? "gone")"
            line += ", intents \(intents.keys.sorted())"
            if let operation = step.operation { line += ", begins \(operation.kind)" }
            if step.look != nil { line += ", looks" }
            if !step.forget.isEmpty { line += ", forgets \(step.forget)" }
            return line
        }
    }
    var sabotage: Sabotage?

    private var random: SplitMix
    private let start = SuspendingClock().now
    private var now: Instant
    private var machine: Machine
    private let neverSleeps: Bool

    // The truth.
    private var status: Container.Status? = .running
    private var generation = 1
    private var id: String { "c\(generation)" }
    private var isPausedBySvcd = false
    private var isEngineUp = true
    private var intents: [String: Depth] = [:]

    private var pending: [(at: Instant, what: Happening)] = []
    private var operation: Machine.Operation?
    /// A wake that has landed and that Docker has yet to answer.
    private var unanswered: UInt64?
    private var reclaim: UInt64?
    private var waiters: [UInt64: (deadline: Instant, trigger: Trigger)] = [:]
    private var sleepers: Set<UInt64> = []
    private var operatorWants = false
    private var lastID: UInt64 = 0
    /// Counts the deaths of svcd.
    private var life = 0
    private var alarm: Instant?

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        now = start
        neverSleeps = Int.random(in: 0..<12, using: &random) == 0
        machine = Self.makeMachine(neverSleeps, &random, now)
        restart(atStart: true)
    }

    private static func makeMachine(_ neverSleeps: Bool, _ random: inout SplitMix, _ now: Instant) -> Machine {
        var settings = Settings()
        settings.sleep = neverSleeps ? .never : .allowed
        settings.idleAfter = .seconds(2)
        settings.minAwake = .seconds(1)
        settings.wakeTimeout = .seconds(3)
        settings.reclaim = Bool.random(using: &random) ? Reclaim(after: .milliseconds(500), target: 0.7) : nil
        settings.stopAfter = Bool.random(using: &random) ? .seconds(3) : nil
        settings.ready = Bool.random(using: &random) ? .tcp(port: 80) : nil
        return Machine(rules: .init(settings), seed: random.next(), now: now)
    }

    // MARK: Running

    /// Lets `count` random things happen, then calms down and checks that everything has come right.
    mutating func run(_ count: Int) {
        for _ in 0..<count where complaints.isEmpty { disturb() }
        if complaints.isEmpty { calmDown() }
    }

    private mutating func disturb() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<26: advance(by: .milliseconds(Int.random(in: 0...40, using: &random)))
        case 26..<46: advance(by: .milliseconds(Int.random(in: 40...3000, using: &random)))
        case 46..<62: ask(.hook)
        case 62..<65: ask(.operator)
        case 65..<68:
            let depth: Depth =
                Bool.random(using: &random) ? .frozen : Bool.random(using: &random) ? .reclaimed : .stopped
            sleep(depth, force: Bool.random(using: &random))
        case 68..<71: send(.leaseTaken(id: "\(Int.random(in: 0..<3, using: &random))", until: now + .milliseconds(900)))
        case 71..<73: send(.leaseEnded(id: "\(Int.random(in: 0..<3, using: &random))"))
        case 73: send(.pinned(until: now + .seconds(2)))
        case 74: send(.unpinned)
        case 75: send(.modeChanged(Mode.allCases.randomElement(using: &random) ?? .auto))
        case 76..<78: send(.modeChanged(.auto))
        case 78..<88: interfere()
        case 88..<90: isEngineUp ? loseEngine() : regainEngine()
        case 90..<94: if !isEngineUp { regainEngine() }
        case 94: restart(atStart: false)
        case 96:
            let use = Bool.random(using: &random) ? "9 KiB/s" : nil
            send(.sampled(ActivityReading(use: use)))
        case 97:
            send(.neededBy(Bool.random(using: &random) ? ["other"] : []))
        case 95:
            // Sorted: a dictionary's own order differs from run to run.
            if let waiter = waiters.keys.sorted().randomElement(using: &random) {
                waiters[waiter] = nil
                send(.waiterLeft(waiter))
            }
        default:
            // The fast path of a hook.
            if machine.touch(now: now) { check(condition(), .running, "a touch was noted") }
        }
    }

    /// What somebody else does to the container.
    private mutating func interfere() {
        let before = status
        defer { if status != before, status != nil { forgetEarlierLives() } }
        switch (Int.random(in: 0..<6, using: &random), status) {
        case (0, .running?), (1, .running?):
            (status, isPausedBySvcd) = (.paused, false)
            tell(.paused)
        case (0, .paused?), (1, .paused?), (2, .paused?):
            (status, isPausedBySvcd) = (.running, false)
            tell(.runs)
        case (3, .running?), (3, .paused?):
            (status, isPausedBySvcd) = (.down, false)
            // A pause or a stop that Docker still has before it finds no process any more.
            pending.removeAll {
                switch $0.what {
                case .effect(.freeze, _), .effect(.stop, _): true
                default: false
                }
            }
            tell(.other)
        case (_, .down?):
            status = .running
            tell(.other)
        case (4, _?):
            status = nil
            tell(.other)
        case (_, nil):
            generation += 1
            (status, isPausedBySvcd) = (.running, false)
            tell(.other)
        default: break
        }
    }

    private mutating func tell(_ hint: Machine.Hint) {
        guard isEngineUp else { return }
        schedule(.hint(hint), .milliseconds(Int.random(in: 0...20, using: &random)))
    }

    private mutating func loseEngine() {
        isEngineUp = false
        pending.removeAll { if case .hint = $0.what { true } else { false } }
        send(.engineLost)
    }

    private mutating func regainEngine() {
        isEngineUp = true
        send(.engineBack)
        send(.found(truth(), intents: [:]))
    }

    /// kill -9, and a new one that knows only the disk.
    private mutating func restart(atStart: Bool) {
        pending.removeAll {
            switch $0.what {
            case .effect: false
            case .operationEnds, .lands, .lookEnds, .hint, .reclaimEnds: true
            }
        }
        life += 1
        (operation, unanswered, waiters, sleepers, operatorWants, reclaim) = (nil, nil, [:], [], false, nil)
        machine = Self.makeMachine(neverSleeps, &random, now)
        if isEngineUp { send(.found(truth(), intents: intents)) } else { send(.engineLost) }
        if !isEngineUp { regainEngineAfterRestart() }
    }

    private mutating func regainEngineAfterRestart() {
        isEngineUp = true
        send(.engineBack)
        send(.found(truth(), intents: intents))
    }

    private mutating func ask(_ trigger: Trigger) {
        lastID += 1
        let deadline = now + .milliseconds(Int.random(in: 1...5000, using: &random))
        waiters[lastID] = (min(deadline, now + .seconds(3)), trigger)
        if trigger == .operator { operatorWants = true }
        send(.wakeRequested(.init(id: lastID, arrived: now, deadline: deadline, trigger: trigger)))
    }

    private mutating func sleep(_ depth: Depth, force: Bool) {
        lastID += 1
        sleepers.insert(lastID)
        send(.sleepRequested(.init(id: lastID, depth: depth, force: force)))
    }

    // MARK: Time

    private mutating func schedule(_ what: Happening, _ delay: Duration) {
        pending.append((now + delay, what))
    }

    private mutating func advance(by span: Duration) {
        let end = now + span
        while complaints.isEmpty {
            let next = pending.indices.min { pending[$0].at < pending[$1].at }
            let due = next.map { pending[$0].at }
            if let alarm, alarm <= end, due.map({ alarm < $0 }) ?? true {
                now = max(now, alarm)
                self.alarm = nil
                send(.timeCame)
            } else if let next, let due, due <= end {
                now = max(now, due)
                happen(pending.remove(at: next).what)
            } else {
                break
            }
        }
        now = max(now, end)
    }

    private mutating func happen(_ what: Happening) {
        switch what {
        case .operationEnds(let id, let fault):
            if unanswered == id {
                unanswered = nil
                send(.operationFinished(id, fault))
                return
            }
            guard operation?.id == id else { return }
            operation = nil
            if case .record(let containers, let depth, _) = lastKind(id), fault == nil {
                for container in containers { intents[container] = depth }
            }
            send(.operationFinished(id, fault))
        case .effect(let kind, _):
            _ = takeEffect(kind)
        case .lands(let id):
            guard operation?.id == id, let kind = lastKind(id), takeEffect(kind) else { return }
            (operation, unanswered) = (nil, id)
            send(.containersRun(id))
        case .lookEnds(let generation, let found):
            send(found.map { .lookFinished(generation: generation, $0) } ?? .lookFailed(generation: generation))
        case .hint(let hint):
            send(.hinted(hint))
        case .reclaimEnds(let id):
            guard reclaim == id else { return }
            reclaim = nil
            send(.reclaimFinished(id, outcome()))
        }
    }

    private mutating func outcome() -> ReclaimOutcome {
        let ends: [ReclaimOutcome.End] = [.done, .done, .halted, .guarded("pressure"), .unavailable("no swap")]
        let end = ends.randomElement(using: &random) ?? .done
        if case .unavailable = end { return ReclaimOutcome(end) }
        return ReclaimOutcome(
            end, before: MemoryReading(residentBytes: 100, swappedBytes: 0),
            after: MemoryReading(residentBytes: Int.random(in: 0...100, using: &random), swappedBytes: 0))
    }

    private var lastOperation: Machine.Operation?
    private func lastKind(_ id: UInt64) -> Machine.Operation.Kind? {
        lastOperation?.id == id ? lastOperation?.kind : nil
    }

    // MARK: Docker

    private func truth() -> [Container] {
        status.map { [Container(id: id, name: "service", status: $0)] } ?? []
    }

    /// True if Docker could do it.
    private mutating func takeEffect(_ kind: Machine.Operation.Kind) -> Bool {
        switch kind {
        case .record:
            return true
        case .ready(let ids, _):
            return ids == [id] && status == .running
        case .stop(let ids):
            guard ids == [id], status == .paused || status == .running else { return false }
            (status, isPausedBySvcd) = (.down, false)
            tell(.runs)
            tell(.other)
            if intents[id] != .stopped { complain("a container was stopped without an intent on disk") }
        case .freeze(let ids, _):
            guard ids == [id], status == .running else { return false }
            (status, isPausedBySvcd) = (.paused, true)
            tell(.paused)
        case .wake(let thaw, let start):
            guard thaw + start == [id], status == (thaw.isEmpty ? .down : .paused) else { return false }
            (status, isPausedBySvcd) = (.running, false)
            tell(.runs)
        }
        if isPausedBySvcd, intents[id] == nil { complain("a container was frozen without an intent on disk") }
        return true
    }

    private mutating func begin(_ begun: Machine.Operation) {
        // Asking whether it answers changes nothing, so it may be given up.
        if let operation, !operation.kind.isReady { complain("two operations at once") }
        if unanswered != nil, !begun.kind.isReady { complain("it begins though Docker hasn't answered") }
        operation = begun
        lastOperation = begun
        if case .record(_, _, unlessUsed: true) = begun.kind, Int.random(in: 0..<20, using: &random) == 0 {
            schedule(.operationEnds(begun.id, .init(message: "an exec runs", isVeto: true)), .milliseconds(1))
            return
        }
        if case .record = begun.kind {
            let isFull = Int.random(in: 0..<100, using: &random) == 0
            schedule(.operationEnds(begun.id, isFull ? .init(message: "disk full") : nil), .microseconds(300))
            return
        }
        send(.operationStarted(begun.id))
        let delay = Duration.milliseconds(Int.random(in: 5...25, using: &random))
        let refused = Machine.OperationFault(message: "refused", isConflict: Bool.random(using: &random))
        let silent = Machine.OperationFault(message: "no answer", mayStillLand: true)
        if case .ready = begun.kind, Int.random(in: 0..<4, using: &random) == 0 {
            schedule(.operationEnds(begun.id, .init(message: "no answer", isTimeout: true)), begun.limit)
            return
        }
        guard isEngineUp else {
            schedule(.operationEnds(begun.id, .init(message: "unreachable")), .milliseconds(1))
            return
        }
        if case .wake(_, let start) = begun.kind, start.isEmpty, Bool.random(using: &random) {
            schedule(.lands(begun.id), delay)
            let faults = [nil, nil, nil, nil, nil, nil, refused, silent]
            let fault = faults.randomElement(using: &random) ?? nil
            schedule(
                .operationEnds(begun.id, fault), delay + .milliseconds(Int.random(in: 1...10, using: &random)))
            return
        }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<5:  // it lies: nothing done
            schedule(.operationEnds(begun.id, refused), delay)
        case 5..<8:  // done, and refused
            schedule(.effect(begun.kind, life: life), delay)
            schedule(.operationEnds(begun.id, refused), delay)
        case 8..<11:  // no answer in time, and it lands later or never
            schedule(.operationEnds(begun.id, silent), begun.limit)
            if Bool.random(using: &random) {
                schedule(
                    .effect(begun.kind, life: life),
                    begun.limit + .milliseconds(Int.random(in: 0...4000, using: &random)))
            }
        case 11..<14:  // done, and the answer is lost
            schedule(.effect(begun.kind, life: life), delay)
            schedule(.operationEnds(begun.id, silent), delay + .milliseconds(1))
        default:
            schedule(.operationEnds(begun.id, nil), delay)
        }
    }

    // MARK: The machine

    private mutating func send(_ event: Machine.Event) {
        guard complaints.isEmpty else { return }
        events += 1
        var event = event
        // An honest success takes effect at the moment it is answered.
        if case .operationFinished(let id, nil) = event, let kind = lastKind(id), !takeEffect(kind) {
            event = .operationFinished(id, .init(message: "Docker refused", isConflict: true))
        }
        if case .operationFinished(let id, _) = event, lastKind(id)?.isRecord == false { forgetEarlierLives() }
        let before = machine
        var step = machine.handle(event, now: now)
        spoil(&step)
        note(event, step)
        obey(step, before)
    }

    /// Docker takes a container's operations one by one: when one of this life, or somebody else's, has been
    /// answered, what the life before has left behind can't come after it; nor can a stop, which gets longer than
    /// it may take.
    private mutating func forgetEarlierLives() {
        pending.removeAll {
            switch $0.what {
            case .effect(.stop, _): true
            case .effect(_, let earlier): earlier < life
            default: false
            }
        }
    }

    private mutating func note(_ event: Machine.Event, _ step: Machine.Step) {
        if trail.count >= 60 { trail.removeFirst(30) }
        trail.append(
            Mark(
                number: events, elapsed: start.duration(to: now), event: event, state: machine.state, truth: status,
                intents: intents, step: step))
    }

    private mutating func spoil(_ step: inout Machine.Step) {
        switch sabotage {
        case .freezesInSpiteOfLease?:
            guard !machine.leases.isEmpty, operation == nil, step.operation == nil else { return }
            step.operation = .init(id: 1 << 40, kind: .record([id], .frozen, unlessUsed: false), limit: .seconds(1))
        case .freezesUnrecorded?:
            guard operation == nil, step.operation == nil, status == .running else { return }
            step.operation = .init(id: 1 << 41, kind: .freeze([id], unlessUsed: false), limit: .seconds(1))
        case .answersSleepers?:
            guard case .asleep = machine.condition, let waiter = waiters.keys.min() else { return }
            let answered = Machine.Waiter(id: waiter, arrived: now, deadline: now, trigger: .hook)
            step.ready.append((answered, .awake(.hook)))
        case .wakesHeld?:
            guard machine.condition == .held, operation == nil, !operatorWants else { return }
            step.operation = .init(id: 1 << 42, kind: .wake(thaw: [id], start: []), limit: .seconds(1))
        case .overlaps?:
            guard let operation, !operation.kind.isReady else { return }
            step.operation = .init(id: 1 << 43, kind: .wake(thaw: [id], start: []), limit: .seconds(1))
        case .answersDuringReclaim?:
            guard reclaim != nil, let waiter = waiters.keys.min() else { return }
            let answered = Machine.Waiter(id: waiter, arrived: now, deadline: now, trigger: .hook)
            step.ready.append((answered, .awake(.hook)))
        case .stopsInUse?:
            guard status == .running, operation == nil, step.operation == nil, intents[id] == nil else { return }
            step.operation = .init(id: 1 << 44, kind: .stop([id]), limit: .seconds(1))
        case .forgetsWaiters?:
            step.ready = []
        case nil: break
        }
    }

    private mutating func obey(_ step: Machine.Step, _ before: Machine) {
        for container in step.forget { intents[container] = nil }
        for container in step.disowned.keys { intents[container] = nil }
        for (container, depth) in step.deepened where intents[container] != nil { intents[container] = depth }
        if let (number, containers) = step.reclaim {
            if reclaim != nil { complain("two reclaims at once") }
            for container in containers where container.status != .paused || machine.owned[container.id] == nil {
                complain("it reclaims what isn't its sleeper")
            }
            reclaim = number
            schedule(.reclaimEnds(number), .milliseconds(Int.random(in: 10...2000, using: &random)))
        }
        if step.haltsReclaim, let reclaim {
            schedule(.reclaimEnds(reclaim), .milliseconds(Int.random(in: 0...5, using: &random)))
        }
        for (waiter, report) in step.ready { release(waiter, report) }
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
        alarm = step.nextCall
        if let alarm, alarm <= now { complain("it wants to be called in the past") }
        if let operation = step.operation {
            judge(operation, before)
            begin(operation)
        }
        if let generation = step.look { look(generation) }
    }

    private mutating func release(_ waiter: Machine.Waiter, _ report: Machine.WakeReport) {
        guard waiters.removeValue(forKey: waiter.id) != nil else {
            complain("a waiter was answered twice")
            return
        }
        if report.elapsed < .zero || report.queued < .zero || report.thaw < .zero {
            complain("a latency is negative")
        }
        if isEngineUp, reclaim != nil { complain("a waiter was told ready while memory is handed back") }
        // Believed to run while Docker is away counts as awake.
        if isEngineUp, case .asleep = machine.condition { complain("a waiter was told ready while it sleeps") }
    }

    private mutating func judge(_ operation: Machine.Operation, _ before: Machine) {
        switch operation.kind {
        case .record(_, .stopped, _):
            if !waiters.isEmpty || machine.demand != nil { complain("it is stopped though somebody wants it") }
        case .record:
            if neverSleeps { complain("sleep: never is put to sleep") }
            let isOwnIdea = sleepers.isEmpty
            if isOwnIdea {
                if !machine.leases.isEmpty { complain("it falls asleep in spite of a lease") }
                if !machine.neededBy.isEmpty { complain("it falls asleep though it is needed") }
                if machine.pin != nil { complain("it falls asleep in spite of a pin") }
                if machine.mode != .auto { complain("it falls asleep in mode \(machine.mode)") }
                if now - machine.awakeSince < machine.rules.minAwake { complain("it falls asleep before min_awake") }
                if now - machine.lastUse < machine.rules.idleAfter { complain("it falls asleep while in use") }
            }
            if !waiters.isEmpty { complain("it falls asleep while somebody waits") }
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
    }

    private mutating func look(_ generation: UInt64) {
        let delay = Duration.milliseconds(Int.random(in: 0...15, using: &random))
        let fails = !isEngineUp || Int.random(in: 0..<20, using: &random) == 0
        schedule(.lookEnds(generation, fails ? nil : truth()), delay)
    }

    // MARK: Judging

    private mutating func complain(_ what: String) {
        complaints.append(
            "\(what) (event \(events), state \(machine.state), truth \(status.map { "\($0)" } ?? "gone"))")
    }

    private func condition() -> Machine.Condition { machine.condition }

    private mutating func check<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) {
        if found != expected { complain("\(what): \(found), expected \(expected)") }
    }

    /// With nobody disturbing and Docker honest, the belief becomes the truth, nobody is left waiting, and
    /// an operator can wake whatever sleeps.
    private mutating func calmDown() {
        if !isEngineUp { regainEngine() }
        send(.modeChanged(.off))
        send(.neededBy([]))
        for lease in Array(machine.leases.keys) { send(.leaseEnded(id: lease)) }
        send(.unpinned)
        advance(by: .seconds(200))
        guard complaints.isEmpty else { return }
        if !waiters.isEmpty { complain("somebody still waits") }
        if !sleepers.isEmpty { complain("a sleep request was never answered") }
        checkBelief()
        guard complaints.isEmpty, status == .paused else { return }
        // Whoever paused it: an operator may always wake it. Docker may err a few times on the way.
        for _ in 0..<5 where status == .paused {
            ask(.operator)
            advance(by: .seconds(90))
        }
        check(status, .running, "an operator woke it")
        checkBelief()
    }

    private mutating func checkBelief() {
        let expected: Machine.Condition =
            switch status {
            case nil: .absent
            case .running?: .running
            case .paused?: intents[id].map { .asleep($0 == .stopped ? .frozen : $0) } ?? .held
            case .down?: machine.owned[id] == .stopped ? .asleep(.stopped) : .down
            }
        check(machine.condition, expected, "its belief")
        check(Set(intents.keys), Set(machine.owned.keys), "the intents on disk")
    }
}

extension SleepMachine.Operation.Kind {
    fileprivate var isReady: Bool { if case .ready = self { true } else { false } }
    fileprivate var isRecord: Bool { if case .record = self { true } else { false } }
}
