@testable import SleepCore

/// FNV-1a over 64-bit words: the same in every process, on every machine and however the machine is made inside.
struct Digest {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x0000_0100_0000_01B3 }
    mutating func add(_ number: Int) { add(UInt64(bitPattern: Int64(number))) }
    mutating func add(_ claim: Bool) { add(claim ? 1 : 2 as UInt64) }

    mutating func add(_ text: String) {
        add(text.utf8.count)
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }

    mutating func add(_ text: String?) {
        add(text == nil)
        if let text { add(text) }
    }

    mutating func add(_ span: Duration) {
        add(UInt64(bitPattern: span.components.seconds))
        add(UInt64(bitPattern: span.components.attoseconds))
    }

    mutating func add(_ span: Duration?) {
        add(span == nil)
        if let span { add(span) }
    }

    /// In sorted order: a dictionary's own differs from run to run.
    mutating func add(_ depths: [String: Depth]) {
        add(depths.count)
        for id in depths.keys.sorted() {
            add(id)
            add(depths[id]?.rawValue)
        }
    }

    mutating func add(unordered texts: [String]) {
        add(texts.count)
        for text in texts.sorted() { add(text) }
    }
}

// MARK: What the machine says

extension Digest {
    /// Everything a step asks for; times count from `start`.
    mutating func add(_ step: SleepMachine.Step, since start: Instant) {
        add(step.operation?.id ?? 0)
        if let operation = step.operation {
            add(operation.kind)
            add(operation.limit)
        }
        add(step.reclaim?.id ?? 0)
        add(unordered: step.reclaim?.containers.map(\.id) ?? [])
        add(step.haltsReclaim)
        add(step.deepened)
        add(step.look ?? 0)
        add(step.nextCall.map { $0 - start })
        add(step.ready.count)
        for (waiter, report) in step.ready {
            add(waiter.id)
            add(report)
        }
        if let woke = step.woke { add(woke) }
        add(step.failed.count)
        for (waiter, failure) in step.failed {
            add(waiter.id)
            add("\(failure)")
        }
        add(step.slept.count)
        for (request, outcome) in step.slept {
            add(request.id)
            add(outcome)
        }
        add(unordered: step.forget)
        add(step.disowned)
        add(step.transitions.count)
        for transition in step.transitions { add(transition) }
    }

    private mutating func add(_ kind: SleepMachine.Operation.Kind) {
        switch kind {
        case .record(let ids, let depth, let unlessUsed):
            add(1)
            add(unordered: ids)
            add(depth.rawValue)
            add(unlessUsed)
        case .freeze(let ids, let unlessUsed):
            add(2)
            add(unordered: ids)
            add(unlessUsed)
        case .wake(let thaw, let start):
            add(3)
            add(unordered: thaw)
            add(unordered: start)
        case .ready(let ids, let afterStart):
            add(4)
            add(unordered: ids)
            add(afterStart)
        case .stop(let ids):
            add(5)
            add(unordered: ids)
        }
    }

    private mutating func add(_ report: SleepMachine.WakeReport) {
        add(report.woke)
        add(report.from?.rawValue)
        for span in [report.elapsed, report.queued, report.thaw, report.ready] { add(span) }
        add(report.trigger.rawValue)
    }

    private mutating func add(_ outcome: SleepMachine.SleepOutcome) {
        switch outcome {
        case .asleep: add(1)
        case .vetoed(let vetoes):
            add(2)
            for veto in vetoes { add("\(veto)") }
        case .failed(let message):
            add(3)
            add(message)
        }
    }

    private mutating func add(_ transition: SleepMachine.Transition) {
        add(transition.from.rawValue)
        add(transition.to.rawValue)
        add(transition.depth?.rawValue)
        add(transition.trigger.rawValue)
        add(transition.by)
        add(transition.elapsed)
        switch transition.outcome {
        case .done: add(1)
        case .observed: add(2)
        case .failed(let message): add(message)
        }
        add(transition.reclaim?.freedBytes ?? -1)
    }
}

// MARK: What the machine answers

extension Digest {
    /// What anybody can ask of the machine and costs little.
    mutating func add(_ machine: SleepMachine, since start: Instant) {
        add(machine.state.rawValue)
        add(machine.depth?.rawValue)
        add(machine.condition)
        add(machine.error)
        add(machine.retryAt.map { $0 - start })
        add(machine.idleDeadline - start)
        add(machine.owned)
        for instant in [machine.lastUse, machine.awakeSince, machine.asleepSince, machine.stateSince] {
            add(instant - start)
        }
        add(machine.lastTrigger.rawValue)
        add(machine.lastBy)
        add(machine.mode.rawValue)
        for claim in [
            machine.isSettled, machine.isRetired, machine.isPreparing, machine.isReclaiming, machine.isAnswered,
            machine.runsWhole, machine.isInDoubt,
        ] {
            add(claim)
        }
        for container in machine.containers {
            add(container.id)
            add(container.dockerStatus)
            add(container.isPausedTwice)
        }
    }

    /// What takes longer to make: vetoes in words, and what `why` and `status` show besides.
    mutating func add(detailsOf machine: SleepMachine, since start: Instant, now: Instant) {
        for veto in machine.vetoes(now) { add("\(veto)") }
        for veto in machine.vetoes(now, forOperator: true) { add("\(veto)") }
        for veto in machine.vetoes(now, forOperator: true, force: true) { add("\(veto)") }
        add(machine.pin == nil)
        add(machine.pin?.until.map { $0 - start })
        add(machine.leases.count)
        for id in machine.leases.keys.sorted() {
            add(id)
            add(machine.leases[id].map { $0 - start })
        }
        for name in machine.neededBy { add(name) }
        add(machine.activity.use)
        add(machine.activity.unreadable)
        add(machine.reclaimHindrance?.message)
        add(machine.reclaimHindrance?.retryAt.map { $0 - start })
        add(machine.stopHindrance)
        add(machine.lastReclaim?.freedBytes ?? -1)
    }

    private mutating func add(_ condition: SleepMachine.Condition) {
        switch condition {
        case .unknown: add(1)
        case .absent: add(2)
        case .ambiguous: add(3)
        case .down: add(4)
        case .held: add(5)
        case .running: add(6)
        case .asleep(let depth): add(depth.rawValue)
        }
    }
}
