@testable import SleepCore

/// One seed's history of a machine and a small Docker of its own. Everything follows from the seed.
///
/// It asks for more than can happen (answers to nothing, listings in between, waiters who leave twice): what the
/// machine makes of that is part of what the oracle holds it to.
struct History {
    typealias Machine = SleepMachine

    private(set) var digest = Digest()
    /// How often each event came.
    private(set) var counts: [String: Int] = [:]
    /// Called with a line for every event.
    var tell: ((String) -> Void)?

    private var random: SplitMix
    private let start = SuspendingClock().now
    private var now: Instant
    private var machine: Machine
    private var sent = 0

    // The truth.
    private var truth: [Container] = []
    private var intents: [String: Depth] = [:]
    private var isEngineUp = true
    /// Containers that a pause without an answer may still freeze.
    private var late: [String] = []
    private var lastContainer = 0

    // What the machine has asked for.
    private var operation: (begun: Machine.Operation, isStarted: Bool)?
    private var unanswered: UInt64?
    private var look: UInt64?
    private var reclaim: UInt64?
    private var alarm: Instant?
    private var lastID: UInt64 = 0

    init(seed: UInt64) {
        random = SplitMix(state: seed &* 0x9E37_79B9_97F4_A7C1)
        now = start
        machine = Machine(rules: .init(Settings()), seed: seed, now: start)
        restart()
    }

    /// Sends one event and takes in what the machine makes of it.
    mutating func advance() {
        if chance(machine.isRetired ? 40 : 400) { restart() }
        letTimePass()
        if chance(16) {
            digest.add(machine.touch(now: now))
            counts["touch", default: 0] += 1
        }
        let event = nextEvent()
        if sent % 8 == 0 { digest.add(detailsOf: machine, since: start, now: now) }
        sent += 1
        counts[event.name, default: 0] += 1
        let step = machine.handle(event, now: now)
        digest.add(step, since: start)
        digest.add(machine, since: start)
        obey(step)
        tell?("\(sent) +\(now - start) \(event)\n    -> \(machine.state), \(machine.condition): \(step)")
    }

    // MARK: Chance

    private mutating func roll(_ sides: Int) -> Int { Int(random.next() % UInt64(sides)) }
    private mutating func chance(_ oneIn: Int) -> Bool { roll(oneIn) == 0 }
    private mutating func oneOf<Element>(_ elements: [Element]) -> Element { elements[roll(elements.count)] }

    private mutating func letTimePass() {
        switch roll(16) {
        case 0..<6: break
        case 6..<11: now += .microseconds(roll(30_000))
        case 11..<13: now += .milliseconds(roll(400))
        case 13: now += .milliseconds(roll(4000))
        case 14: if chance(6) { now += .milliseconds(roll(30_000)) }
        default: if let alarm, alarm > now { now = alarm }
        }
    }

    private mutating func rules() -> Machine.Rules {
        var settings = Settings()
        settings.sleep = chance(40) ? .never : .allowed
        settings.replicas = chance(3) ? .all : .one
        settings.idleAfter = .milliseconds(oneOf([200, 1000, 2000]))
        settings.minAwake = .milliseconds(oneOf([0, 500, 1500]))
        settings.wakeTimeout = .milliseconds(oneOf([1000, 3000]))
        settings.reclaim = chance(4) ? nil : Reclaim(after: .milliseconds(500), target: 0.7)
        settings.stopAfter = chance(2) ? .milliseconds(2500) : nil
        settings.ready = chance(2) ? .tcp(port: 80) : nil
        return Machine.Rules(settings, idleVetoes: chance(12) ? [.noPacketWakes("no power")] : [])
    }

    /// Another svcd, which knows only the disk.
    private mutating func restart() {
        machine = Machine(
            rules: rules(), mode: chance(12) ? .observe : .auto, isPresumedAsleep: chance(2), seed: random.next(),
            now: now)
        (operation, unanswered, look, reclaim, alarm) = (nil, nil, nil, nil, nil)
        if truth.isEmpty { truth = (0..<(chance(4) ? 2 : 1)).map { _ in newContainer() } }
    }

    private mutating func newContainer() -> Container {
        lastContainer += 1
        return Container(id: "c\(lastContainer)", name: "service", status: .running)
    }

    // MARK: Events

    private mutating func nextEvent() -> Machine.Event {
        if !machine.isInDoubt, machine.condition == .unknown, isEngineUp, chance(2) {
            return .found(truth, intents: intents)
        }
        if operation != nil, roll(100) < 45 { return operationEvent() }
        if let id = unanswered, chance(3) {
            unanswered = nil
            return .operationFinished(id, chance(6) ? fault() : nil)
        }
        if let look, roll(100) < 45 {
            if chance(20) { return .lookFinished(generation: look &- 1, truth) }
            self.look = nil
            return !isEngineUp || chance(12)
                ? .lookFailed(generation: look) : .lookFinished(generation: look, truth)
        }
        if let id = reclaim, chance(5) {
            reclaim = nil
            return .reclaimFinished(id, outcome())
        }
        if let alarm, alarm <= now, !chance(5) { return .timeCame }
        if !isEngineUp, chance(6) { return engineComesOrGoes() }
        return chance(2) ? wish() : happening()
    }

    private mutating func operationEvent() -> Machine.Event {
        guard let (begun, isStarted) = operation else { return .timeCame }
        if case .record = begun.kind {
        } else if !isStarted, !chance(4) {
            operation?.isStarted = true
            return .operationStarted(begun.id)
        }
        if case .wake = begun.kind, chance(3) {
            takeEffect(begun.kind)
            (operation, unanswered) = (nil, begun.id)
            return .containersRun(begun.id)
        }
        operation = nil
        var fault = chance(isEngineUp ? 6 : 2) ? fault() : nil
        if case .ready = begun.kind, fault != nil { fault?.isTimeout = chance(2) }
        if fault?.mayStillLand == true, case .freeze(let ids, _) = begun.kind { late += ids }
        if fault == nil || chance(5) { takeEffect(begun.kind) }
        return .operationFinished(begun.id, fault)
    }

    private mutating func fault() -> Machine.OperationFault {
        switch roll(6) {
        case 0, 1: .init(message: "refused", isConflict: true)
        case 2: .init(message: "refused")
        case 3, 4: .init(message: "no answer", mayStillLand: true)
        default: .init(message: "an exec runs", isVeto: true)
        }
    }

    private mutating func outcome() -> ReclaimOutcome {
        let ends: [ReclaimOutcome.End] = [.done, .done, .done, .halted, .guarded("pressure"), .unavailable("no swap")]
        let end = oneOf(ends)
        if case .unavailable = end { return ReclaimOutcome(end) }
        return ReclaimOutcome(
            end, before: MemoryReading(residentBytes: 100, swappedBytes: 0),
            after: MemoryReading(residentBytes: oneOf([0, 40, 100]), swappedBytes: oneOf([0, 20])))
    }

    /// What people ask for.
    private mutating func wish() -> Machine.Event {
        lastID += 1
        let name = "\(roll(3))"
        switch roll(48) {
        case 0..<10:
            let arrived = chance(5) ? now - .milliseconds(roll(40)) : now
            let trigger = oneOf([Trigger.hook, .hook, .hook, .traffic, .lease, .operator])
            return .wakeRequested(
                .init(id: lastID, arrived: arrived, deadline: now + .milliseconds(1 + roll(5000)), trigger: trigger))
        case 10..<12: return .wakeDemanded(oneOf([.operator, .dependency, .traffic]), by: "uid 7")
        case 12..<24:
            let depth = oneOf([Depth.frozen, .frozen, .reclaimed, .stopped])
            return .sleepRequested(
                .init(id: lastID, depth: depth, force: chance(2), trigger: chance(4) ? .pressure : .operator))
        case 24..<27: return .waiterLeft(lastID - UInt64(roll(min(Int(lastID), 6))))
        case 27..<29: return .leaseTaken(id: name, until: now + .milliseconds(roll(900)))
        case 29..<33: return .leaseEnded(id: name)
        case 33: return .pinned(until: chance(2) ? now + .milliseconds(roll(2000)) : nil, by: "uid 8")
        case 34..<39: return .unpinned
        case 39: return .modeChanged(oneOf(Mode.allCases))
        case 40..<44: return .modeChanged(.auto)
        case 44: return .rulesChanged(rules())
        case 45: return .neededBy(oneOf([["front"], ["back", "front"]]))
        case 46: return .neededBy([])
        default: return chance(4) ? .retired(startStopped: chance(2), oneOf([.operator, .recovery])) : .timeCame
        }
    }

    /// What Docker, the kernel and others do.
    private mutating func happening() -> Machine.Event {
        switch roll(60) {
        case 0..<2: return engineComesOrGoes()
        case 2..<8: return .found(truth, intents: chance(3) ? intents : [:])
        case 8..<10: return .entrusted(intents)
        case 10..<20: return interfere()
        case 20..<24: return .hinted(oneOf([.runs, .paused, .other]))
        case 24..<28:
            let ids = truth.filter { $0.status == .paused && intents[$0.id] != nil }.map(\.id)
            set(.running, ids)
            return .thawed(ids, oneOf([.external, .traffic]))
        case 28..<34:
            let use = chance(4) ? "9 KiB/s" : nil
            return .sampled(ActivityReading(use: use, unreadable: chance(12) ? "cpu: no such file" : nil))
        case 34: return .operationFinished(UInt64(roll(40)), chance(2) ? fault() : nil)
        case 35: return .containersRun(UInt64(roll(40)))
        case 36: return .lookFailed(generation: UInt64(roll(40)))
        case 37: return .reclaimFinished(UInt64(roll(40)), outcome())
        default: return .timeCame
        }
    }

    private mutating func engineComesOrGoes() -> Machine.Event {
        isEngineUp.toggle()
        return isEngineUp ? .engineBack : .engineLost
    }

    private mutating func interfere() -> Machine.Event {
        if !late.isEmpty, chance(2) {
            takeEffect(.freeze(late, unlessUsed: false))
            late = []
            return .hinted(.paused)
        }
        guard !truth.isEmpty else {
            truth = [newContainer()]
            return .hinted(.other)
        }
        let index = roll(truth.count)
        switch (roll(9), truth[index].status) {
        case (0..<2, .running): set(.paused, [truth[index].id])
        case (2..<5, .running): break
        case (0..<5, .paused): set(.running, [truth[index].id])
        case (_, .down): set(.running, [truth[index].id])
        case (5..<7, _): set(.down, [truth[index].id])
        case (7, .paused): truth[index].isPausedTwice.toggle()
        case (7, _): if truth.count < 3, chance(4) { truth.append(newContainer()) }
        default: truth.remove(at: index)
        }
        return .hinted(oneOf([.runs, .paused, .other]))
    }

    // MARK: Docker

    private mutating func set(_ status: Container.Status, _ ids: [String]) {
        for index in truth.indices where ids.contains(truth[index].id) {
            truth[index] = Container(id: truth[index].id, name: truth[index].name, status: status)
        }
    }

    private mutating func takeEffect(_ kind: Machine.Operation.Kind) {
        func with(_ status: Container.Status, _ ids: [String]) -> [String] {
            truth.filter { ids.contains($0.id) && $0.status == status }.map(\.id)
        }
        switch kind {
        case .record(let ids, let depth, _): for id in ids { intents[id] = depth }
        case .freeze(let ids, _): set(.paused, with(.running, ids))
        case .wake(let thaw, let start): set(.running, with(.paused, thaw) + with(.down, start))
        case .stop(let ids): set(.down, with(.paused, ids))
        case .ready: break
        }
    }

    private mutating func obey(_ step: Machine.Step) {
        for id in step.forget + Array(step.disowned.keys) { intents[id] = nil }
        for (id, depth) in step.deepened { intents[id] = depth }
        if let begun = step.operation { operation = (begun, false) }
        if let begun = step.reclaim { reclaim = begun.id }
        if let begun = step.look { look = begun }
        alarm = step.nextCall
    }
}
