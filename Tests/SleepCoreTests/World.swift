@testable import SleepCore

/// A world for one machine: a container that others touch too, a Docker that errs, an engine that goes and
/// comes, a disk that fills. Everything follows from the seed.
///
/// After every event the invariants are held against what the machine decided. `complaints` is empty while
/// all of them hold.
struct World {
    typealias Machine = SleepMachine

    var sabotage: Sabotage?
    private(set) var events = 0
    /// The last things that happened, for whoever has to find out why.
    private(set) var trail: [Mark] = []

    private(set) var machine: Machine
    private(set) var docker = DockerModel()
    private(set) var judge: Judge

    private var random: SplitMix
    private let start = SuspendingClock().now
    private(set) var now: Instant
    private var alarm: Instant?
    private var timeline = Timeline()
    /// Counts the deaths of svcd.
    private var life = 0
    private var lastID: UInt64 = 0

    /// What the machine has begun, and the last it began.
    private(set) var operation: Machine.Operation?
    private var lastOperation: Machine.Operation?
    /// A wake that has landed and that Docker has yet to answer.
    private var unanswered: UInt64?
    private(set) var reclaim: UInt64?

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        now = start
        judge = Judge(neverSleeps: Int.random(in: 0..<12, using: &random) == 0)
        machine = Machine.random(neverSleeps: judge.neverSleeps, &random, now)
        restart()
    }

    private var isSound: Bool { judge.complaints.isEmpty }

    var complaints: [String] {
        judge.complaints.map { "\($0) (event \(events), state \(machine.state), truth \(Mark.text(docker.status)))" }
    }

    // MARK: Running

    /// Lets `count` random things happen, then calms down and checks that everything has come right.
    mutating func run(_ count: Int) {
        for _ in 0..<count where isSound { disturb() }
        if isSound { calmDown() }
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
        case 88..<90: docker.isUp ? loseEngine() : regainEngine()
        case 90..<94: if !docker.isUp { regainEngine() }
        case 94: restart()
        case 96:
            send(.sampled(ActivityReading(use: Bool.random(using: &random) ? "9 KiB/s" : nil)))
        case 97: send(.neededBy(Bool.random(using: &random) ? ["other"] : []))
        case 95:
            // Sorted: a dictionary's own order differs from run to run.
            if let waiter = judge.waiters.keys.sorted().randomElement(using: &random) {
                judge.leaves(waiter)
                send(.waiterLeft(waiter))
            }
        default:
            // The fast path of a hook.
            if machine.touch(now: now) { judge.check(machine.condition, .running, "a touch was noted") }
        }
    }

    /// What others do to the container.
    private mutating func interfere() {
        let before = docker.status
        defer { if docker.status != before, docker.status != nil { timeline.dropEffects(ofLivesBefore: life) } }
        let (hint, isProcessGone) = docker.interfere(Int.random(in: 0..<6, using: &random))
        if isProcessGone { timeline.dropEffectsOnProcess() }
        if let hint { tell(hint) }
    }

    private mutating func tell(_ hint: Machine.Hint) {
        guard docker.isUp else { return }
        schedule(.hint(hint), .milliseconds(Int.random(in: 0...20, using: &random)))
    }

    private mutating func loseEngine() {
        docker.isUp = false
        timeline.dropHints()
        send(.engineLost)
    }

    private mutating func regainEngine(intents: [String: Depth] = [:]) {
        docker.isUp = true
        send(.engineBack)
        send(.found(docker.found(), intents: intents))
    }

    /// kill -9, and a new one that knows only the disk.
    private mutating func restart() {
        timeline.keepEffects()
        life += 1
        (operation, unanswered, reclaim) = (nil, nil, nil)
        judge.forgetAll()
        machine = Machine.random(neverSleeps: judge.neverSleeps, &random, now)
        if docker.isUp {
            send(.found(docker.found(), intents: docker.intents))
        } else {
            send(.engineLost)
            regainEngine(intents: docker.intents)
        }
    }

    private mutating func ask(_ trigger: Trigger) {
        lastID += 1
        let deadline = now + .milliseconds(Int.random(in: 1...5000, using: &random))
        judge.waits(lastID, until: min(deadline, now + .seconds(3)), trigger)
        send(.wakeRequested(.init(id: lastID, arrived: now, deadline: deadline, trigger: trigger)))
    }

    private mutating func sleep(_ depth: Depth, force: Bool) {
        lastID += 1
        judge.wantsSleep(lastID)
        send(.sleepRequested(.init(id: lastID, depth: depth, force: force)))
    }

    // MARK: Time

    private mutating func schedule(_ what: Happening, _ delay: Duration) {
        timeline.add(what, at: now + delay)
    }

    private mutating func advance(by span: Duration) {
        let end = now + span
        while isSound {
            let due = timeline.next
            if let alarm, alarm <= end, due.map({ alarm < $0 }) ?? true {
                now = max(now, alarm)
                self.alarm = nil
                send(.timeCame)
            } else if let due, due <= end, let what = timeline.takeNext() {
                now = max(now, due)
                happen(what)
            } else {
                break
            }
        }
        now = max(now, end)
    }

    private mutating func happen(_ what: Happening) {
        switch what {
        case .operationEnds(let id, let fault): operationEnds(id, fault)
        case .effect(let kind, _): _ = takeEffect(kind)
        case .lands(let id):
            guard operation?.id == id, let kind = lastKind(id), takeEffect(kind) else { return }
            (operation, unanswered) = (nil, id)
            send(.containersRun(id))
        case .lookEnds(let generation, let found):
            send(found.map { .lookFinished(generation: generation, $0) } ?? .lookFailed(generation: generation))
        case .hint(let hint): send(.hinted(hint))
        case .reclaimEnds(let id):
            guard reclaim == id else { return }
            reclaim = nil
            send(.reclaimFinished(id, Faults.outcome(&random)))
        }
    }

    private mutating func operationEnds(_ id: UInt64, _ fault: Machine.OperationFault?) {
        if unanswered == id {
            unanswered = nil
        } else {
            guard operation?.id == id else { return }
            operation = nil
            if case .record(let containers, let depth, _) = lastKind(id), fault == nil {
                for container in containers { docker.intents[container] = depth }
            }
        }
        send(.operationFinished(id, fault))
    }

    private func lastKind(_ id: UInt64) -> Machine.Operation.Kind? {
        lastOperation?.id == id ? lastOperation?.kind : nil
    }

    /// True if Docker could do it.
    private mutating func takeEffect(_ kind: Machine.Operation.Kind) -> Bool {
        let effect = docker.takeEffect(kind)
        for hint in effect.hints { tell(hint) }
        if let complaint = effect.complaint { judge.complain(complaint) }
        return effect.isDone
    }

    // MARK: The machine

    private mutating func send(_ event: Machine.Event) {
        guard isSound else { return }
        events += 1
        var event = event
        // An honest success takes effect at the moment it is answered.
        if case .operationFinished(let id, nil) = event, let kind = lastKind(id), !takeEffect(kind) {
            event = .operationFinished(id, .init(message: "Docker refused", isConflict: true))
        }
        if case .operationFinished(let id, _) = event, lastKind(id)?.isRecord == false {
            timeline.dropEffects(ofLivesBefore: life)
        }
        let before = machine
        var step = machine.handle(event, now: now)
        sabotage?.spoil(&step, of: self)
        mark(event, step)
        obey(step, before)
    }

    private mutating func mark(_ event: Machine.Event, _ step: Machine.Step) {
        if trail.count >= 60 { trail.removeFirst(30) }
        trail.append(
            Mark(
                number: events, elapsed: start.duration(to: now), event: event, state: machine.state,
                truth: docker.status, intents: docker.intents, step: step))
    }

    private mutating func obey(_ step: Machine.Step, _ before: Machine) {
        docker.obey(step)
        if let (number, containers) = step.reclaim {
            judge.judge(reclaim: containers, of: machine, isReclaiming: reclaim != nil)
            reclaim = number
            schedule(.reclaimEnds(number), .milliseconds(Int.random(in: 10...2000, using: &random)))
        }
        if step.haltsReclaim, let reclaim {
            schedule(.reclaimEnds(reclaim), .milliseconds(Int.random(in: 0...5, using: &random)))
        }
        judge.judge(step, of: machine, isUp: docker.isUp, isReclaiming: reclaim != nil, now)
        alarm = step.nextCall
        if let operation = step.operation { begin(operation, before) }
        if let generation = step.look {
            let (delay, end) = Faults.ending(ofLook: generation, in: docker, &random)
            schedule(end, delay)
        }
    }

    private mutating func begin(_ begun: Machine.Operation, _ before: Machine) {
        judge.judge(
            begun, underWay: operation, isUnanswered: unanswered != nil, of: machine, before: before, docker.intents,
            now)
        (operation, lastOperation) = (begun, begun)
        if begun.kind.isRecord {
            for (delay, end) in Faults.endings(ofRecord: begun, &random) { schedule(end, delay) }
        } else {
            send(.operationStarted(begun.id))
            for (delay, end) in Faults.endings(of: begun, isUp: docker.isUp, life: life, &random) {
                schedule(end, delay)
            }
        }
    }

    // MARK: Judging

    /// With nobody disturbing and Docker honest, the belief becomes the truth, nobody is left waiting, and
    /// an operator can wake whatever sleeps.
    private mutating func calmDown() {
        if !docker.isUp { regainEngine() }
        send(.modeChanged(.off))
        send(.neededBy([]))
        for lease in machine.leases.keys.sorted() { send(.leaseEnded(id: lease)) }
        send(.unpinned)
        advance(by: .seconds(200))
        guard isSound else { return }
        judge.judgeCalm()
        judge.judgeBelief(of: machine, docker)
        guard isSound, docker.status == .paused else { return }
        // Whoever paused it: an operator may always wake it. Docker may err a few times on the way.
        for _ in 0..<5 where docker.status == .paused {
            ask(.operator)
            advance(by: .seconds(90))
        }
        judge.check(docker.status, .running, "an operator woke it")
        judge.judgeBelief(of: machine, docker)
    }
}
