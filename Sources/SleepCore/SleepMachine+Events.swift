/// What each event changes before anything is decided.
extension SleepMachine {
    // MARK: What Docker and the kernel say

    mutating func learn(_ found: [Container], _ intents: [String: Depth], _ now: Instant, _ step: inout Step) {
        belief.recall(intents, for: found, now)
        if course.operation == nil, !belief.isKnown || belief.isAfterBreak, !belief.isInDoubt {
            looks.overtakeLookUnderWay()
            adopt(found, now, &step)
        } else if belief.isAfterBreak || !belief.agrees(with: found) {
            looks.request(at: now)
        }
    }

    mutating func lookFinished(_ generation: UInt64, _ found: [Container], _ now: Instant, _ step: inout Step) {
        switch looks.finish(generation) {
        case .unexpected: break
        case .fresh where course.mayLook: adopt(found, now, &step)
        case .fresh, .overtaken: looks.request(at: now)
        }
    }

    /// A look is due where the hint contradicts the facts, or is about something they can't hold.
    mutating func heed(_ hint: Hint, _ now: Instant) {
        // A look that is under way may still bring what was true before.
        let isSure = !belief.isInDoubt && looks.isIdle
        switch (hint, course, condition) {
        case (.runs, .thawing, _), (.paused, .freezing, _): return
        case (.runs, _, .running): if isSure, course.isFree || course.isRecording { return }
        case (.paused, _, .asleep), (.paused, _, .held): if isSure, course.isFree { return }
        default: break
        }
        if course.mayLook { looks.request(at: now) } else { looks.requestAfterOperation() }
    }

    mutating func entrust(_ intents: [String: Depth], _ now: Instant) {
        belief.entrust(intents)
        looks.request(at: now)
    }

    mutating func operationFinished(_ id: UInt64, _ fault: OperationFault?, _ now: Instant, _ step: inout Step) {
        if unanswered == id {
            unanswered = nil
            looks.overtake()
            if fault != nil { doubt(now) }
        } else if course.operation?.id == id {
            looks.overtake()
            conclude(fault, now, &step)
        }
    }

    /// The kernel was faster than Docker's answer. Waiters who may go on to ask Docker wait for that.
    mutating func containersRun(_ id: UInt64, _ now: Instant, _ step: inout Step) {
        guard case .thawing(_, let operation) = course, operation.id == id,
            case .wake(_, let start) = operation.kind, start.isEmpty,
            wishes.waiters.allSatisfy(\.trigger.isServedByKernel)
        else { return }
        unanswered = id
        looks.overtake()
        conclude(nil, now, &step)
    }

    /// A fact that came about beside all operations.
    mutating func thawed(_ ids: [String], _ trigger: Trigger, _ now: Instant, _ step: inout Step) {
        let before = state
        belief.set(.running, ids)
        step.forget += belief.disclaim(ids)
        guard condition == .running else { return }
        // What a wake that waits for its next attempt was to bring about has come.
        if case .between(let wake) = course, !belief.isInDoubt { return advance(wake, now, &step) }
        use.woke(at: now)
        setbacks.forgetWake()
        shown.changed(by: trigger, nil)
        addTransition(
            from: before == .unknown ? .asleep : before, to: .awake, trigger: trigger, by: nil, elapsed: nil, .done,
            &step)
    }

    mutating func engineLost(_ now: Instant, _ step: inout Step) {
        isEngineReachable = false
        step.forget += belief.engineLost(now)
    }

    // MARK: What clients and operators want

    mutating func wakeRequested(_ waiter: Waiter, _ now: Instant) {
        use.used(at: now)
        wishes.wait(waiter, atMost: rules.wakeTimeout)
        if course.wake == nil { setbacks.retryWake(at: now) }
    }

    mutating func wakeDemanded(_ trigger: Trigger, _ by: String?, _ now: Instant) {
        use.used(at: now)
        wishes.demand(Demand(trigger: trigger, by: by, releasesHeld: trigger == .operator))
        setbacks.retryWake(at: now)
    }

    mutating func leaseTaken(_ id: String, _ until: Instant, _ now: Instant) {
        wishes.lease(id, until: until)
        use.used(at: now)
    }

    mutating func pinned(_ until: Instant?, _ by: String?, _ now: Instant) {
        wishes.pin(until: until)
        use.used(at: now)
        switch condition {
        case .running, .asleep: wishes.demandUnlessAny(Demand(trigger: .operator, by: by))
        case .unknown, .absent, .ambiguous, .down, .held: break
        }
    }

    mutating func modeChanged(_ mode: Mode) {
        self.mode = mode
        use.forgetObserved()
        if mode != .auto, isAsleep { wishes.demand(Demand(trigger: .operator, by: "mode \(mode.rawValue)")) }
    }

    mutating func rulesChanged(_ rules: Rules) {
        self.rules = rules
        if rules.neverSleeps != nil, isAsleep { wishes.demandUnlessAny(Demand(trigger: .operator, by: "policy")) }
    }

    mutating func retired(_ retirement: Retirement, _ now: Instant) {
        wishes.retire(retirement)
        setbacks.retryWake(at: now)
    }
}
