/// From the decision to sleep until it sleeps.
extension SleepMachine {
    /// The next operation, which the step asks for. Its course follows.
    mutating func begin(_ kind: Operation.Kind, limit: Duration, _ step: inout Step) -> Operation {
        let operation = Operation(id: looks.operationBegins(), kind: kind, limit: limit)
        step.operation = operation
        return operation
    }

    /// What comes after the operation that has just ended.
    mutating func conclude(_ fault: OperationFault?, _ now: Instant, _ step: inout Step) {
        looks.operationEnded(now)
        switch course {
        case .recording(let fall, let operation): concludeRecording(fall, operation, fault, now, &step)
        case .freezing(let fall, let operation): concludeFreeze(fall, operation, fault, now, &step)
        case .thawing(let wake, let operation): concludeThaw(wake, operation, fault, now, &step)
        case .readying(let wake, _): concludeReadying(wake, fault, now, &step)
        case .recordingStop(_, let operation): concludeRecordingStop(operation, fault, now, &step)
        case .stopping(let descent, let operation): concludeStop(descent, operation, fault, now, &step)
        case .resting, .doubtful, .halting, .between: preconditionFailure("no operation is under way")
        }
    }

    mutating func beginFall(_ trigger: Trigger, by: String?, isForced: Bool, _ now: Instant, _ step: inout Step) {
        let fall = Fall(began: now, trigger: trigger, by: by, isForced: isForced)
        let kind = Operation.Kind.record(belief.ids(.running), .frozen, unlessUsed: !isForced)
        course.record(fall, by: begin(kind, limit: .seconds(5), &step))
    }

    mutating func beginFreeze(_ ids: [String], _ fall: Fall, _ step: inout Step) {
        course.freeze(by: begin(.freeze(ids, unlessUsed: !fall.isForced), limit: .seconds(5), &step))
    }

    /// The intent is on disk: the last look at everything that may have come up meanwhile.
    private mutating func concludeRecording(
        _ fall: Fall, _ operation: Operation, _ fault: OperationFault?, _ now: Instant, _ step: inout Step
    ) {
        let ids = operation.kind.containers
        if let fault {
            step.forget += belief.disclaim(ids)
            if fault.isVeto { vetoFall(fault.message, now, &step) } else { failFall(fault.message, now, &step) }
            return
        }
        var standing = vetoes(now, forOperator: fall.trigger == .operator, force: fall.isForced)
        if use.lastUse > fall.began || wishes.isWanted { standing.append(.inUse(nil)) }
        let isAsRecorded = !looks.isPending(now) && Set(ids) == Set(belief.ids(.running))
        guard standing.isEmpty, isAsRecorded else {
            _ = course.endFall()
            step.forget += belief.disclaim(ids)
            // Where only the containers must be looked at anew, who asked for it waits for that.
            if fall.trigger == .operator, !standing.isEmpty {
                for request in wishes.takeRequests() { step.slept.append((request, .vetoed(standing))) }
            }
            return
        }
        belief.own(ids, .frozen)
        beginFreeze(ids, fall, &step)
    }

    private mutating func concludeFreeze(
        _ fall: Fall, _ operation: Operation, _ fault: OperationFault?, _ now: Instant, _ step: inout Step
    ) {
        let ids = operation.kind.containers
        guard let fault else {
            belief.set(.paused, ids)
            completeFall(now, &step)
            return
        }
        course.freezeFailed(fault)
        if fault.mayStillLand { belief.expectLateFreeze(ids, began: fall.began, now) }
        doubt(now)
    }

    // MARK: How it ended

    mutating func completeFall(_ now: Instant, _ step: inout Step) {
        let fall = course.endFall()
        setbacks.sleepSucceeded()
        beginSleep(now)
        belief.ownPaused()
        shown.changed(by: fall.trigger, fall.by)
        addTransition(
            from: .awake, to: .asleep, trigger: fall.trigger, by: fall.by, elapsed: now - fall.began, .done, &step)
        // Who wants it deeper waits for that.
        for request in wishes.takeRequests(where: { $0.depth == .frozen }) { step.slept.append((request, .asleep)) }
    }

    mutating func beginSleep(_ now: Instant) {
        use.fellAsleep(at: now)
        setbacks.sleepBegan()
        shown.sleepBegan()
    }

    /// It is in use, as the last look at everything has found.
    private mutating func vetoFall(_ reason: String, _ now: Instant, _ step: inout Step) {
        _ = course.endFall()
        use.foundInUse(reason, at: now)
        for request in wishes.takeRequests() { step.slept.append((request, .vetoed([.inUse(reason)]))) }
    }

    mutating func failFall(_ message: String, _ now: Instant, _ step: inout Step) {
        let fall = course.endFall()
        setbacks.sleepFailed(message, at: now)
        addTransition(
            from: .awake, to: state, trigger: fall.trigger, by: fall.by, elapsed: now - fall.began, .failed(message),
            &step)
        for request in wishes.takeRequests() { step.slept.append((request, .failed(message))) }
    }

    func addTransition(
        from: ServiceState, to: ServiceState, trigger: Trigger, by: String?, elapsed: Duration?,
        _ outcome: Transition.Outcome, reclaim: ReclaimOutcome? = nil, _ step: inout Step
    ) {
        step.transitions.append(
            Transition(
                from: from, to: to, depth: depth, trigger: trigger, by: by, elapsed: elapsed, outcome: outcome,
                reclaim: reclaim))
    }
}
