/// Something that happens to a service by itself, if nothing else happens before.
package struct Outlook: Sendable, Equatable {
    package enum What: Sendable, Equatable {
        case waiterGivesUp, leaseEnds, pinEnds
        /// What others woke or stopped is taken for theirs: the engine hasn't gone since.
        case othersKeep
        case looks
        /// The next attempt of the wake that is under way.
        case triesAgain
        /// A wake that failed is tried again.
        case wakes
        case handsMemoryBack
        /// A guard has stopped it before.
        case handsMemoryBackAgain
        case stops
        case fallsAsleep
    }

    package var what: What
    package var at: Instant
}

extension SleepMachine {
    /// What happens next by itself, the soonest first. What a veto stands against is left out.
    package func outlook(_ now: Instant) -> [Outlook] {
        let isKeptAwake = vetoes(now).contains { if case .minAwake = $0 { false } else { true } }
        var entries: [Outlook] = []
        forEachPlan(now) { what, at in
            if what != .fallsAsleep || !isKeptAwake { entries.append(Outlook(what: what, at: at)) }
        }
        return entries.sorted { $0.at < $1.at }
    }

    /// The next instant at which something is due by itself; null: only an event can change anything.
    func nextCall(_ now: Instant) -> Instant? {
        var next: Instant?
        forEachPlan(now) { _, at in
            if at > now { next = min(next ?? at, at) }
        }
        return next
    }

    /// Everything that time alone brings about: what the timer is set to, and what people are told.
    private func forEachPlan(_ now: Instant, _ plan: (Outlook.What, Instant) -> Void) {
        for waiter in wishes.waiters { plan(.waiterGivesUp, waiter.deadline) }
        for until in wishes.leases.values { plan(.leaseEnds, until) }
        belief.forEachLossEnd { plan(.othersKeep, $0) }
        if let until = wishes.pin?.until { plan(.pinEnds, until) }
        if let due = looks.due { plan(.looks, due) }
        guard course.isFree else { return }
        if let wake = course.wake { plan(.triesAgain, wake.nextAttempt) }
        if let failure = setbacks.wake, wishes.demand != nil || isRetired || condition == .running {
            plan(.wakes, failure.retryAt)
        }
        if canGoDeeper, case .asleep(let depth) = condition {
            let isAgain = setbacks.reclaim != nil
            if let due = reclaimDue(depth) { plan(isAgain ? .handsMemoryBackAgain : .handsMemoryBack, due) }
            if let due = stopDue(depth) { plan(.stops, due) }
        }
        if canIdle { plan(.fallsAsleep, use.isObserved ? now + rules.idleAfter : idleDeadline) }
    }

    /// Whether only time keeps it from being considered for sleep; a veto that comes and goes may forbid it then.
    private var canIdle: Bool {
        condition == .running && mode != .off && rules.neverSleeps == nil && !isRetired && wishes.leases.isEmpty
            && wishes.pin == nil && rules.idleVetoes.isEmpty
    }
}
