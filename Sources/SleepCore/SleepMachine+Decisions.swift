/// What follows from the facts and the wishes.
extension SleepMachine {
    /// How fresh a look must be to turn a waiter away: what was down a second ago may run by now.
    private static let freshness = Duration.milliseconds(100)

    /// Compares what is with what is wanted, and begins what is to be done.
    mutating func decide(_ now: Instant, _ step: inout Step) {
        expire(now, &step)
        if course.isFree { chooseNext(now, &step) }
        if let underWay = reclaiming, !underWay.isHalted, course.wake != nil || !isAsleep {
            reclaiming?.isHalted = true
            step.haltsReclaim = true
        }
        if isEngineReachable, course.mayLook, let generation = looks.begin(now) { step.look = generation }
    }

    private mutating func expire(_ now: Instant, _ step: inout Step) {
        if let ended = wishes.expire(now) { use.wasUsed(until: ended) }
        step.forget += belief.expire(now)
        if wishes.waiters.contains(where: { $0.deadline <= now }) {
            failWaiters(isEngineReachable ? .timedOut : .engineUnavailable, where: { $0.deadline <= now }, &step)
        }
    }

    private mutating func chooseNext(_ now: Instant, _ step: inout Step) {
        guard belief.isKnown, !belief.isInDoubt else { return waitForLook(now, &step) }
        guard unanswered == nil else {
            if condition == .running, setbacks.wake == nil, reclaiming == nil {
                releaseWaiters(where: \.trigger.isServedByKernel, now, &step)
            }
            return
        }
        switch condition {
        case .unknown: break
        case .running: chooseAwake(now, &step)
        case .asleep(let depth): chooseAsleep(depth, now, &step)
        case .held: chooseHeld(now, &step)
        case .down: turnAway(.down, now, &step)
        case .absent: turnAway(.absent, now, &step)
        case .ambiguous: turnAway(.ambiguous, now, &step)
        }
    }

    /// What is true isn't known: without Docker, what ran counts as awake.
    private mutating func waitForLook(_ now: Instant, _ step: inout Step) {
        if isEngineReachable {
            if belief.isInDoubt, looks.isIdle { looks.request(at: now) }
        } else {
            let countsAsAwake = condition == .running || (!belief.isKnown && !belief.isPresumedAsleep)
            if countsAsAwake { releaseWaiters(now, &step) }
            answerRequests(now, &step)
        }
    }

    private mutating func chooseAwake(_ now: Instant, _ step: inout Step) {
        // Others have thawed it; what goes on beside it ends within a chunk.
        guard reclaiming == nil else { return }
        if let failure = setbacks.wake {
            considerReadiness(failure, now, &step)
            guard course.isFree else { return }
        } else {
            // Of several replicas that others have paused one: an operator's wake is for that one, too.
            if wishes.releasesHeld, belief.has(.paused) { return considerWake(.frozen, now, &step) }
            releaseWaiters(now, &step)
        }
        wishes.dropDemand()
        answerRequests(now, &step)
        if isEngineReachable { considerSleep(now, &step) }
    }

    private mutating func chooseAsleep(_ depth: Depth, _ now: Instant, _ step: inout Step) {
        if belief.has(.running) { wishes.demandUnlessAny(Demand(trigger: .external)) }
        considerWake(depth, now, &step)
        answerRequests(now, &step)
        considerDeeper(depth, now, &step)
    }

    private mutating func chooseHeld(_ now: Instant, _ step: inout Step) {
        defer { answerRequests(now, &step) }
        guard isFreshEnough(now) else { return }
        failWaiters(.held, where: { $0.trigger != .operator }, &step)
        if wishes.releasesHeld {
            considerWake(.frozen, now, &step)
        } else {
            dropWake()
        }
    }

    /// There is nothing that could be woken.
    private mutating func turnAway(_ failure: WakeFailure, _ now: Instant, _ step: inout Step) {
        defer { answerRequests(now, &step) }
        guard isFreshEnough(now) else { return }
        dropWake()
        failWaiters(failure, &step)
    }

    private mutating func dropWake() {
        wishes.dropDemand()
        course.endWake()
    }

    /// Whether what is known is fresh enough to turn the waiters away; asks for a look if it isn't.
    private mutating func isFreshEnough(_ now: Instant) -> Bool {
        guard isEngineReachable, let newest = wishes.waiters.map(\.arrived).max() else { return true }
        if let lastLooked = belief.lastLooked, lastLooked + Self.freshness >= newest { return true }
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

    private mutating func considerSleep(_ now: Instant, _ step: inout Step) {
        guard mode != .off, rules.neverSleeps == nil, now >= idleDeadline, course.isFree, !looks.isPending(now) else {
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
        guard course.isFree, course.wake == nil, wishes.waiters.isEmpty || !isEngineReachable else { return }
        var begun: SleepRequest?
        for request in wishes.takeRequests() {
            if !belief.isInDoubt, case .asleep(let depth) = condition {
                if depth >= request.depth {
                    step.slept.append((request, .asleep))
                } else if deepen(for: request, now, &step) {
                    wishes.ask(request)
                }
                continue
            }
            let standing = vetoes(now, forOperator: request.trigger == .operator, force: request.force)
            guard standing.isEmpty else {
                step.slept.append((request, .vetoed(standing)))
                continue
            }
            wishes.ask(request)
            if begun.map({ request.force && !$0.force }) ?? true { begun = request }
        }
        guard let begun, course.isFree, !looks.isPending(now) else { return }
        beginFall(begun.trigger, by: begun.by, isForced: begun.force, now, &step)
    }
}
