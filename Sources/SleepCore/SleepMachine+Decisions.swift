/// What follows from the facts and the wishes.
extension SleepMachine {
    /// How fresh a look must be to turn a waiter away: what was down a second ago may run by now.
    private static let freshness = Duration.milliseconds(100)

    /// Compares what is with what is wanted, and begins what is to be done.
    mutating func settle(_ now: Instant, _ step: inout Step) {
        expire(now, &step)
        if phase == .resting { decide(now, &step) }
        if var reclaiming, !reclaiming.isHalted, wake != nil || !isAsleep {
            reclaiming.isHalted = true
            self.reclaiming = reclaiming
            step.haltsReclaim = true
        }
        if isEngineReachable, mayLook, let generation = looks.begin(now) { step.look = generation }
    }

    private mutating func expire(_ now: Instant, _ step: inout Step) {
        if let ended = wishes.expire(now) { use.wasUsed(until: ended) }
        if !lately.isEmpty {
            for (id, late) in lately where late.until <= now {
                lately[id] = nil
                if owned[id] == nil { step.forget.append(id) }
            }
        }
        if wishes.waiters.contains(where: { $0.deadline <= now }) {
            fail(isEngineReachable ? .timedOut : .engineUnavailable, where: { $0.deadline <= now }, &step)
        }
    }

    private mutating func decide(_ now: Instant, _ step: inout Step) {
        guard isKnown, !isInDoubt else {
            if isEngineReachable {
                if isInDoubt, looks.isIdle { looks.request(at: now) }
            } else {
                if condition == .running || (!isKnown && !isPresumedAsleep) { releaseWaiters(now, &step) }
                answerRequests(now, &step)
            }
            return
        }
        guard unanswered == nil else {
            if condition == .running, setbacks.wake == nil, reclaiming == nil {
                releaseWaiters(where: \.trigger.isServedByKernel, now, &step)
            }
            return
        }
        switch condition {
        case .unknown:
            break
        case .running:
            // Somebody else has thawed it; what goes on beside it ends within a chunk.
            guard reclaiming == nil else { return }
            if let failure = setbacks.wake {
                considerReadiness(failure, now, &step)
                guard phase == .resting else { return }
            } else {
                // Of several replicas that somebody else has paused one: an operator's wake is for that one, too.
                if wishes.releasesHeld, containers.contains(where: { $0.status == .paused }) {
                    considerWake(.frozen, now, &step)
                    return
                }
                releaseWaiters(now, &step)
            }
            wishes.dropDemand()
            answerRequests(now, &step)
            if isEngineReachable { considerSleep(now, &step) }
        case .asleep(let depth):
            if containers.contains(where: { $0.status == .running }) {
                wishes.demandUnlessAny(Demand(trigger: .external))
            }
            considerWake(depth, now, &step)
            answerRequests(now, &step)
            considerDeeper(depth, now, &step)
        case .held:
            defer { answerRequests(now, &step) }
            guard isFreshEnough(now) else { return }
            fail(.held, where: { $0.trigger != .operator }, &step)
            if wishes.waiters.isEmpty, !wishes.releasesHeld {
                wishes.dropDemand()
                wake = nil
            } else {
                considerWake(.frozen, now, &step)
            }
        case .down, .absent, .ambiguous:
            defer { answerRequests(now, &step) }
            guard isFreshEnough(now) else { return }
            wishes.dropDemand()
            wake = nil
            fail(condition == .down ? .down : condition == .absent ? .absent : .ambiguous, &step)
        }
    }

    /// Whether what is known is fresh enough to turn the waiters away; asks for a look if it isn't.
    private mutating func isFreshEnough(_ now: Instant) -> Bool {
        guard isEngineReachable, let newest = wishes.waiters.map(\.arrived).max() else { return true }
        if let lastLooked, lastLooked + Self.freshness >= newest { return true }
        looks.request(at: now)
        return false
    }

    /// Answers them: it runs.
    private mutating func releaseWaiters(
        where isMeant: (Waiter) -> Bool = { _ in true }, _ now: Instant, _ step: inout Step
    ) {
        guard wishes.waiters.contains(where: isMeant) else { return }
        use.used(at: now)
        for waiter in wishes.takeWaiters(where: isMeant) {
            step.ready.append((waiter, .awake(waiter.trigger, waited: now - waiter.arrived)))
        }
    }

    private mutating func considerWake(_ depth: Depth, _ now: Instant, _ step: inout Step) {
        var cause = wishes.wakeCause ?? wake?.cause
        if let retirement = wishes.retirement, cause == nil, depth != .stopped || retirement.startsStopped {
            cause = Demand(trigger: retirement.trigger)
        }
        guard let cause, isEngineReachable else { return }
        if let wake, wake.nextAttempt > now { return }
        if wake == nil, let failure = setbacks.wake, failure.retryAt > now { return }

        let attempt =
            wake
            ?? Wake(
                began: wishes.waiters.first?.arrived ?? now, nextAttempt: now, from: depth,
                fromState: condition == .held ? .held : .asleep, cause: cause)
        // The first waiter may have come long ago, while Docker was away: an attempt gets its full time.
        let began = wake == nil ? now : attempt.began
        wake = attempt
        wake?.began = began
        wake?.started = nil
        wake?.fault = nil
        let paused = containers.filter { $0.status == .paused }.map(\.id)
        let stopped = containers.filter { $0.status == .down && owned[$0.id] == .stopped }.map(\.id)
        let limit = max(began + rules.wakeTimeout - now, .milliseconds(100))
        begin(.wake(thaw: paused, start: stopped), limit: limit, phase: .thawing)
        step.operation = operation
    }

    private mutating func considerSleep(_ now: Instant, _ step: inout Step) {
        guard mode != .off, rules.neverSleeps == nil, now >= idleDeadline, fall == nil, !looks.isPending(now) else {
            return
        }
        let standing = vetoes(now)
        if mode == .observe {
            guard standing == [.mode(.observe)], !use.isObserved else { return }
            use.observe()
            step.transitions.append(
                Transition(from: .awake, to: .asleep, depth: .frozen, trigger: .idle, outcome: .observed))
        } else if standing.isEmpty {
            beginFall(.idle, by: nil, isForced: false, now, &step)
        }
    }

    /// Does what operators want asleep, or says what stands in the way. While it is being woken or looked
    /// at they wait: that is over soon, and nothing they can do anything about.
    private mutating func answerRequests(_ now: Instant, _ step: inout Step) {
        guard phase == .resting, wake == nil, wishes.waiters.isEmpty || !isEngineReachable else { return }
        var begun: SleepRequest?
        var later: [SleepRequest] = []
        for request in wishes.takeRequests() {
            if case .asleep(let depth) = condition, !isInDoubt {
                if depth >= request.depth {
                    step.slept.append((request, .asleep))
                } else if deepen(for: request, now, &step) {
                    later.append(request)
                }
                continue
            }
            let standing = vetoes(now, forOperator: request.trigger == .operator, force: request.force)
            guard standing.isEmpty else {
                step.slept.append((request, .vetoed(standing)))
                continue
            }
            later.append(request)
            if begun.map({ request.force && !$0.force }) ?? true { begun = request }
        }
        for request in later { wishes.ask(request) }
        guard let begun, phase == .resting, !looks.isPending(now) else { return }
        beginFall(begun.trigger, by: begun.by, isForced: begun.force, now, &step)
    }

    private mutating func beginFall(_ trigger: Trigger, by: String?, isForced: Bool, _ now: Instant, _ step: inout Step)
    {
        fall = Fall(began: now, trigger: trigger, by: by, isForced: isForced)
        let running = containers.filter { $0.status == .running }.map(\.id)
        begin(.record(running, .frozen, unlessUsed: !isForced), limit: .seconds(5), phase: .recording(began: now))
        step.operation = operation
    }

    /// It runs and didn't answer: asks again when somebody needs it, and now and then.
    private mutating func considerReadiness(_ failure: Setbacks.Failure, _ now: Instant, _ step: inout Step) {
        guard isEngineReachable, failure.retryAt <= now else { return }
        let cause = wishes.waiters.first.map { Demand(trigger: $0.trigger, by: $0.by) } ?? Demand(trigger: .recovery)
        wake = Wake(began: now, started: now, thawed: now, nextAttempt: now, from: .frozen, cause: cause)
        advanceWake(now, &step)
    }

    // MARK: Deadlines

    /// The next instant at which something is due by itself; null: only an event can change anything.
    func nextCall(_ now: Instant) -> Instant? {
        var next: Instant?
        func consider(_ instant: Instant?) {
            guard let instant, instant > now else { return }
            next = min(next ?? instant, instant)
        }
        for waiter in wishes.waiters { consider(waiter.deadline) }
        for until in wishes.leases.values { consider(until) }
        for late in lately.values { consider(late.until) }
        consider(wishes.pin?.until)
        consider(looks.due)
        guard phase == .resting else { return next }
        consider(wake?.nextAttempt)
        if wishes.demand != nil || isRetired || condition == .running { consider(setbacks.wake?.retryAt) }
        if canGoDeeper, case .asleep(let depth) = condition {
            consider(reclaimDue(depth))
            consider(stopDue(depth))
        }
        let canIdle =
            condition == .running && mode != .off && rules.neverSleeps == nil && !isRetired && wishes.leases.isEmpty
            && wishes.pin == nil && rules.idleVetoes.isEmpty
        if canIdle { consider(use.isObserved ? now + rules.idleAfter : idleDeadline) }
        return next
    }
}
