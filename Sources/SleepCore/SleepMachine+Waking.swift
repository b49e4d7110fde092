/// From the demand that it be awake until it answers.
extension SleepMachine {
    mutating func considerWake(_ depth: Depth, _ now: Instant, _ step: inout Step) {
        let underWay = course.wake
        var cause = wishes.wakeCause ?? underWay?.cause
        if let retirement = wishes.retirement, cause == nil, depth != .stopped || retirement.startsStopped {
            cause = Demand(trigger: retirement.trigger)
        }
        guard let cause, isEngineReachable else { return }
        if let underWay, underWay.nextAttempt > now { return }
        if underWay == nil, let failure = setbacks.wake, failure.retryAt > now { return }

        // The first waiter may have come long ago, while Docker was away: a wake gets its full time from now on.
        var wake =
            underWay
            ?? Wake(
                began: now, nextAttempt: now, from: depth, fromState: condition == .held ? .held : .asleep, cause: cause
            )
        wake.started = nil
        wake.fault = nil
        let kind = Operation.Kind.wake(thaw: belief.ids(.paused), start: belief.ownStopped)
        course.thaw(wake, by: begin(kind, limit: wake.limit(now, timeout: rules.wakeTimeout), &step))
    }

    /// It runs and didn't answer: asks again when a client needs it, and now and then.
    mutating func considerReadiness(_ failure: Setbacks.Failure, _ now: Instant, _ step: inout Step) {
        guard isEngineReachable, failure.retryAt <= now else { return }
        let cause = wishes.waiters.first.map { Demand(trigger: $0.trigger, by: $0.by) } ?? Demand(trigger: .recovery)
        advance(
            Wake(began: now, started: now, thawed: now, nextAttempt: now, from: .frozen, cause: cause), now, &step)
    }

    mutating func concludeThaw(
        _ wake: Wake, _ operation: Operation, _ fault: OperationFault?, _ now: Instant, _ step: inout Step
    ) {
        if let fault {
            course.thawFailed(fault)
            doubt(now)
        } else {
            var wake = wake
            wake.attempts += 1
            belief.set(.running, operation.kind.containers)
            advance(wake, now, &step)
        }
    }

    /// What comes after the thaw: the end of handing memory back, then readiness, then the waiters.
    mutating func advance(_ wake: Wake, _ now: Instant, _ step: inout Step) {
        var wake = wake
        wake.thawed = wake.thawed ?? now
        if reclaiming != nil {
            course.halt(wake)
        } else if rules.needsReadiness || wake.from == .stopped {
            let kind = Operation.Kind.ready(belief.containers.map(\.id), afterStart: wake.from == .stopped)
            course.ready(wake, by: begin(kind, limit: wake.limit(now, timeout: rules.wakeTimeout), &step))
        } else {
            completeWake(wake, now, &step)
        }
    }

    mutating func concludeReadying(_ wake: Wake, _ fault: OperationFault?, _ now: Instant, _ step: inout Step) {
        guard let fault else { return completeWake(wake, now, &step) }
        // Its containers run, so svcd owns none of them.
        step.forget += belief.disclaim(Array(belief.owned.keys))
        use.ran(at: now)
        let failure: WakeFailure = fault.isTimeout ? .timedOut : .failed(fault.message)
        for waiter in wishes.takeWaiters() { step.failed.append((waiter, failure)) }
        failWake(wake, fault.message, now, &step)
        wishes.dropDemand()
        shown.changed(by: wake.cause.trigger, wake.cause.by)
    }

    // MARK: How it ended

    private mutating func completeWake(_ wake: Wake, _ now: Instant, _ step: inout Step) {
        course.endWake()
        setbacks.forgetWake()
        wishes.dropDemand()
        use.woke(at: now)
        step.forget += belief.disclaim(Array(belief.owned.keys))
        shown.changed(by: wake.cause.trigger, wake.cause.by)
        addTransition(
            from: wake.fromState, to: .awake, trigger: wake.cause.trigger, by: wake.cause.by,
            elapsed: now - wake.began, .done, &step)
        step.woke = wake.report(since: wishes.waiters.first?.arrived ?? wake.began, now)
        for waiter in wishes.takeWaiters() { step.ready.append((waiter, wake.report(since: waiter.arrived, now))) }
    }

    /// Gives a wake up for now; where it is still needed, it is tried again after a backoff.
    mutating func failWake(_ wake: Wake, _ message: String, _ now: Instant, _ step: inout Step) {
        course.endWake()
        setbacks.wakeFailed(message, at: now)
        wishes.demandUnlessAny(wake.cause)
        addTransition(
            from: wake.fromState, to: state, trigger: wake.cause.trigger, by: wake.cause.by,
            elapsed: now - wake.began, .failed(message), &step)
        switch condition {
        case .asleep, .held: failWaiters(.failed(message), &step)
        case .unknown, .absent, .ambiguous, .down, .running: break
        }
    }

    mutating func failWaiters(
        _ failure: WakeFailure, where isMeant: (Waiter) -> Bool = { _ in true }, _ step: inout Step
    ) {
        for waiter in wishes.takeWaiters(where: isMeant) { step.failed.append((waiter, failure)) }
    }
}
