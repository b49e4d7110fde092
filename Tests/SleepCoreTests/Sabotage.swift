@testable import SleepCore

/// Breaks what the machine decides, to show that the judge notices.
enum Sabotage: CaseIterable {
    case freezesInSpiteOfLease, freezesUnrecorded, answersSleepers, wakesHeld, overlaps, forgetsWaiters
    case answersDuringReclaim, stopsInUse

    func spoil(_ step: inout SleepMachine.Step, of world: World) {
        let (machine, docker) = (world.machine, world.docker)
        let isIdle = world.operation == nil && step.operation == nil
        func begin(_ number: Int, _ kind: SleepMachine.Operation.Kind) {
            step.operation = .init(id: 1 << number, kind: kind, limit: .seconds(1))
        }
        func answerFirst() {
            guard let waiter = world.judge.waiters.keys.min() else { return }
            let answered = SleepMachine.Waiter(id: waiter, arrived: world.now, deadline: world.now, trigger: .hook)
            step.ready.append((answered, .awake(.hook)))
        }
        switch self {
        case .freezesInSpiteOfLease:
            if !machine.leases.isEmpty, isIdle { begin(40, .record([docker.id], .frozen, unlessUsed: false)) }
        case .freezesUnrecorded:
            if isIdle, docker.status == .running { begin(41, .freeze([docker.id], unlessUsed: false)) }
        case .answersSleepers:
            if case .asleep = machine.condition { answerFirst() }
        case .wakesHeld:
            guard machine.condition == .held, world.operation == nil, !world.judge.operatorWants else { return }
            begin(42, .wake(thaw: [docker.id], start: []))
        case .overlaps:
            guard let operation = world.operation, !operation.kind.isReady else { return }
            begin(43, .wake(thaw: [docker.id], start: []))
        case .answersDuringReclaim:
            if world.reclaim != nil { answerFirst() }
        case .stopsInUse:
            guard docker.status == .running, isIdle, docker.intents[docker.id] == nil else { return }
            begin(44, .stop([docker.id]))
        case .forgetsWaiters:
            step.ready = []
        }
    }
}
