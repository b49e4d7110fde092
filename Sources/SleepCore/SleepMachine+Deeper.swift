/// The steps below frozen: memory that is handed back, and containers that are stopped.
extension SleepMachine {
    // MARK: Deciding

    /// A sleeper that isn't wanted goes deeper when its time has come.
    mutating func considerDeeper(_ depth: Depth, _ now: Instant, _ step: inout Step) {
        guard canGoDeeper else { return }
        if let due = reclaimDue(depth), due <= now { beginReclaim(.idle, by: nil, now, &step) }
        if let due = stopDue(depth), due <= now { beginStop(.idle, by: nil, now, &step) }
    }

    var canGoDeeper: Bool {
        course.isFree && mode == .auto && course.wake == nil && !wishes.isWanted && !isRetired
            && setbacks.wake == nil && reclaiming == nil
    }

    func reclaimDue(_ depth: Depth) -> Instant? {
        guard depth == .frozen, let after = rules.reclaimAfter, belief.areAll(.paused) else {
            return nil
        }
        guard let hindrance = setbacks.reclaim else { return use.asleepSince + after }
        return hindrance.retryAt
    }

    func stopDue(_ depth: Depth) -> Instant? {
        guard depth < .stopped, setbacks.stop == nil, isEngineReachable, let after = rules.stopAfter else { return nil }
        return use.asleepSince + after
    }

    /// Takes a sleeper a step deeper on request; false: the request has been answered.
    mutating func deepen(for request: SleepRequest, _ now: Instant, _ step: inout Step) -> Bool {
        guard course.isFree, reclaiming == nil else { return true }
        func refuse(_ why: Veto) -> Bool {
            step.slept.append((request, .vetoed([why])))
            return false
        }
        if isRetired { return refuse(.lettingGo) }
        if wishes.demand != nil { return refuse(.wanted) }
        if mode != .auto, !request.force { return refuse(.mode(mode)) }
        switch request.depth {
        case .frozen:
            return false
        case .reclaimed:
            guard belief.areAll(.paused) else { return refuse(.partlyFrozen) }
            beginReclaim(request.trigger, by: request.by, now, &step)
        case .stopped:
            guard isEngineReachable else { return refuse(.engineSilent) }
            beginStop(request.trigger, by: request.by, now, &step)
        }
        return true
    }

    private mutating func beginReclaim(_ trigger: Trigger, by: String?, _ now: Instant, _ step: inout Step) {
        let id = looks.overtake()
        reclaiming = Reclaiming(id: id, began: now, trigger: trigger, by: by)
        step.reclaim = (id, belief.containers)
    }

    private mutating func beginStop(_ trigger: Trigger, by: String?, _ now: Instant, _ step: inout Step) {
        guard reclaiming == nil else { return }
        let kind = Operation.Kind.record(belief.ownFrozen, .stopped, unlessUsed: false)
        course.recordStop(
            Descent(began: now, trigger: trigger, by: by), by: begin(kind, limit: .seconds(5), &step))
    }

    // MARK: How it ended

    mutating func reclaimFinished(_ id: UInt64, _ outcome: ReclaimOutcome, _ now: Instant, _ step: inout Step) {
        guard let finished = reclaiming, finished.id == id else { return }
        reclaiming = nil
        shown.reclaimEnded(outcome)
        setbacks.reclaimEnded(outcome, at: now)
        if outcome.isDeep {
            if course.wake != nil {
                course.wakesFromReclaimed()
            } else {
                if isAsleep { step.deepened.merge(belief.deepen()) { _, depth in depth } }
                shown.changed(by: finished.trigger, finished.by)
            }
            addTransition(
                from: .asleep, to: .asleep, trigger: finished.trigger, by: finished.by, elapsed: now - finished.began,
                .done, reclaim: outcome, &step)
        }
        for request in wishes.takeRequests(where: { $0.depth == .reclaimed }) {
            let isDone = depth.map { $0 >= .reclaimed } ?? false
            step.slept.append((request, isDone ? .asleep : .vetoed([.keepsMemory(setbacks.reclaim?.message)])))
        }
        if case .halting(let wake) = course { resolve(wake, now, &step) }
    }

    mutating func concludeRecordingStop(
        _ operation: Operation, _ fault: OperationFault?, _ now: Instant, _ step: inout Step
    ) {
        if let fault { return failStop(fault.message, now, &step) }
        let ids = operation.kind.containers
        guard !wishes.isWanted, !isRetired, isAsleep, !looks.isPending(now), Set(belief.ownFrozen) == Set(ids) else {
            // A client came, or something happened to it: it is asked again, and so is who wanted it deeper.
            _ = course.endDescent()
            step.forget += ids.filter { belief.owned[$0] == nil }
            return
        }
        belief.own(ids, .stopped)
        course.stop(by: begin(.stop(ids), limit: .seconds(30), &step))
    }

    mutating func concludeStop(
        _ descent: Descent, _ operation: Operation, _ fault: OperationFault?, _ now: Instant, _ step: inout Step
    ) {
        let ids = operation.kind.containers
        if let fault {
            if fault.isVeto { belief.undoStop(ids) } else { doubt(now) }
            if fault.mayStillLand { belief.expectLateFreeze(ids, began: descent.began, now) }
            return failStop(fault.message, now, &step)
        }
        _ = course.endDescent()
        belief.set(.down, ids)
        shown.changed(by: descent.trigger, descent.by)
        addTransition(
            from: .asleep, to: .asleep, trigger: descent.trigger, by: descent.by, elapsed: now - descent.began, .done,
            &step)
        answerStops(.asleep, &step)
    }

    private mutating func failStop(_ message: String, _ now: Instant, _ step: inout Step) {
        let descent = course.endDescent()
        setbacks.stopFailed(message)
        addTransition(
            from: .asleep, to: .asleep, trigger: descent.trigger, by: descent.by, elapsed: now - descent.began,
            .failed(message), &step)
        answerStops(.vetoed([.cannotStop(message)]), &step)
    }

    private mutating func answerStops(_ outcome: SleepOutcome, _ step: inout Step) {
        for request in wishes.takeRequests(where: { $0.depth == .stopped }) { step.slept.append((request, outcome)) }
    }
}
