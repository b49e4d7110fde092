/// The steps below frozen: memory that is handed back, and containers that are stopped.
extension SleepMachine {
    // MARK: Deciding

    var isAsleep: Bool { if case .asleep = condition { true } else { false } }

    /// A sleeper that nobody wants goes deeper when its time has come.
    mutating func considerDeeper(_ depth: Depth, _ now: Instant, _ step: inout Step) {
        guard canGoDeeper else { return }
        if let due = reclaimDue(depth), due <= now { beginReclaim(.idle, by: nil, now, &step) }
        if let due = stopDue(depth), due <= now { beginStop(.idle, by: nil, now, &step) }
    }

    var canGoDeeper: Bool {
        phase == .resting && mode == .auto && wake == nil && !wishes.isWanted && !isRetired
            && setbacks.wake == nil && reclaiming == nil
    }

    func reclaimDue(_ depth: Depth) -> Instant? {
        guard depth == .frozen, let after = rules.reclaimAfter, containers.allSatisfy({ $0.status == .paused }) else {
            return nil
        }
        guard let hindrance = setbacks.reclaim else { return use.asleepSince + after }
        return hindrance.retryAt
    }

    func stopDue(_ depth: Depth) -> Instant? {
        guard depth < .stopped, setbacks.stop == nil, isEngineReachable, let after = rules.stopAfter else { return nil }
        return use.asleepSince + after
    }

    /// Takes a sleeper a step deeper for whoever asks; false: the request has been answered.
    mutating func deepen(for request: SleepRequest, _ now: Instant, _ step: inout Step) -> Bool {
        guard phase == .resting, reclaiming == nil else { return true }
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
            guard containers.allSatisfy({ $0.status == .paused }) else { return refuse(.partlyFrozen) }
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
        step.reclaim = (id, containers)
    }

    var ownPaused: [String] { containers.filter { $0.status == .paused && owned[$0.id] != nil }.map(\.id) }

    private mutating func beginStop(_ trigger: Trigger, by: String?, _ now: Instant, _ step: inout Step) {
        guard reclaiming == nil else { return }
        descent = Descent(began: now, trigger: trigger, by: by)
        begin(.record(ownPaused, .stopped, unlessUsed: false), limit: .seconds(5), phase: .recordingStop)
        step.operation = operation
    }

    // MARK: How it ended

    mutating func finish(
        _ finished: Reclaiming, _ outcome: ReclaimOutcome, _ now: Instant, _ step: inout Step
    ) {
        lastReclaim = outcome
        setbacks.reclaimEnded(outcome, at: now)
        if outcome.isDeep {
            if let from = wake?.from {
                wake?.from = max(from, .reclaimed)
            } else if isAsleep {
                for (id, depth) in owned where depth == .frozen {
                    owned[id] = .reclaimed
                    step.deepened[id] = .reclaimed
                }
            }
            if wake == nil { (lastTrigger, lastBy) = (finished.trigger, finished.by) }
            note(
                from: .asleep, to: .asleep, trigger: finished.trigger, by: finished.by, elapsed: now - finished.began,
                .done, reclaim: outcome, &step)
        }
        for request in wishes.takeRequests(where: { $0.depth == .reclaimed }) {
            let isDone = if case .asleep(let depth) = condition { depth >= .reclaimed } else { false }
            let why = setbacks.reclaim?.message ?? "somebody needs it"
            step.slept.append((request, isDone ? .asleep : .vetoed([.keepsMemory(why)])))
        }
        if phase == .settling {
            phase = .resting
            settleWake(now, &step)
        }
    }

    mutating func finishRecordStop(
        _ ids: [String], _ fault: OperationFault?, _ now: Instant, _ step: inout Step
    ) {
        guard descent != nil else { return }
        if let fault { return failStop(fault.message, now, &step) }
        guard !wishes.isWanted, !isRetired, isAsleep, !looks.isPending(now),
            Set(ownPaused) == Set(ids)
        else {
            // Somebody came, or something happened to it: it is asked again, and so is who wanted it deeper.
            descent = nil
            step.forget += ids.filter { owned[$0] == nil }
            return
        }
        for id in ids { owned[id] = .stopped }
        begin(.stop(ids), limit: .seconds(30), phase: .stopping)
        step.operation = operation
    }

    mutating func finishStop(
        _ ids: [String], _ fault: OperationFault?, _ now: Instant, _ step: inout Step
    ) {
        guard let descent else { return }
        if let fault {
            if fault.isVeto {
                for id in ids where owned[id] == .stopped { owned[id] = .frozen }
            } else {
                isInDoubt = true
                looks.request(at: now)
            }
            if fault.mayStillLand {
                for id in ids { lateFreezes[id] = (descent.began, now + Self.lateFreezeSpan) }
            }
            return failStop(fault.message, now, &step)
        }
        self.descent = nil
        set(.down, ids)
        (lastTrigger, lastBy) = (descent.trigger, descent.by)
        note(
            from: .asleep, to: .asleep, trigger: descent.trigger, by: descent.by, elapsed: now - descent.began, .done,
            &step)
        answerStops(.asleep, &step)
    }

    private mutating func failStop(_ message: String, _ now: Instant, _ step: inout Step) {
        guard let descent else { return }
        self.descent = nil
        setbacks.stopFailed(message)
        note(
            from: .asleep, to: .asleep, trigger: descent.trigger, by: descent.by, elapsed: now - descent.began,
            .failed(message), &step)
        answerStops(.vetoed([.cannotStop(message)]), &step)
    }

    private mutating func answerStops(_ outcome: SleepOutcome, _ step: inout Step) {
        for request in wishes.takeRequests(where: { $0.depth == .stopped }) { step.slept.append((request, outcome)) }
    }
}
