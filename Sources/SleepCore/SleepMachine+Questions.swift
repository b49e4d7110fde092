/// What the facts, the wishes and what is being done add up to. Nothing here changes anything.
extension SleepMachine {
    /// What the containers add up to, as far as is known.
    package var condition: Condition { belief.condition(rules.replicas) }

    var isAsleep: Bool { if case .asleep = condition { true } else { false } }

    /// Whether a use need only be counted.
    var runsUndisturbed: Bool {
        (course.isFree || course.isRecording) && belief.isKnown && !belief.isInDoubt && isEngineReachable
            && condition == .running && setbacks.wake == nil && reclaiming == nil
    }

    package var containers: [Container] { belief.containers }
    /// Containers that svcd has put, or is about to put, to sleep; the same as the intents on disk.
    package var owned: [String: Depth] { belief.owned }
    package var isInDoubt: Bool { belief.isInDoubt }

    /// Whether all of its containers run: of several, one is enough to be awake.
    package var runsWhole: Bool { belief.areAll(.running) }

    /// Whether Docker has said what the kernel has said, too.
    package var isAnswered: Bool { unanswered == nil }
    package var isRetired: Bool { wishes.retirement != nil }
    /// Whether it is about to be frozen, and still awake.
    package var isPreparing: Bool { course.isRecording }
    package var isReclaiming: Bool { reclaiming != nil }

    /// Whether nothing is left to do for a retired service.
    package var isSettled: Bool {
        guard course.isFree, unanswered == nil, reclaiming == nil, !belief.isInDoubt,
            belief.isKnown || belief.owned.isEmpty
        else { return false }
        guard let retirement = wishes.retirement, case .asleep(let depth) = condition else { return true }
        return depth == .stopped && !retirement.startsStopped
    }

    package var state: ServiceState {
        guard isEngineReachable else { return .unknown }
        switch course {
        case .freezing: return .fallingAsleep
        case .thawing, .halting, .readying, .between: return .waking
        case .resting, .recording, .doubtful, .recordingStop, .stopping: return believedState
        }
    }

    /// What its containers make of it, whatever is being done.
    var believedState: ServiceState {
        switch condition {
        case .unknown: return .unknown
        case .absent: return .absent
        case .ambiguous: return .ambiguous
        case .down: return .down
        case .held: return .held
        case .running: return setbacks.wake == nil ? .awake : .failed
        case .asleep: return setbacks.wake == nil ? .asleep : .failed
        }
    }

    /// Null unless it is asleep, or was when Docker was last asked.
    package var depth: Depth? { if case .asleep(let depth) = condition { depth } else { nil } }

    /// What failed last and has not succeeded since.
    package var error: String? { setbacks.error }
    package var retryAt: Instant? { setbacks.retryAt }
    /// Why this sleep goes no deeper.
    package var reclaimHindrance: ReclaimHindrance? { setbacks.reclaim }
    package var stopHindrance: String? { setbacks.stop }

    package var leases: [String: Instant] { wishes.leases }
    package var pin: Pin? { wishes.pin }
    /// Services that require this one and don't sleep.
    package var neededBy: [String] { wishes.neededBy }
    var demand: Demand? { wishes.demand }

    package var lastUse: Instant { use.lastUse }
    package var awakeSince: Instant { use.awakeSince }
    package var asleepSince: Instant { use.asleepSince }
    package var activity: ActivityReading { use.activity }

    package var stateSince: Instant { shown.stateSince }
    package var lastTrigger: Trigger { shown.lastTrigger }
    package var lastBy: String? { shown.lastBy }
    package var lastReclaim: ReclaimOutcome? { shown.lastReclaim }

    /// What keeps it from falling asleep. Idle time is not among them: see `idleDeadline`.
    ///
    /// - Parameter forOperator: leaves out what only forbids falling asleep on idle.
    /// - Parameter force: leaves out everything but what no one may override.
    package func vetoes(_ now: Instant, forOperator: Bool = false, force: Bool = false) -> [Veto] {
        var vetoes: [Veto] = []
        if let reason = rules.neverSleeps { return [.neverSleeps(reason)] }
        if isRetired { vetoes.append(.lettingGo) }
        switch condition {
        case .running, .asleep: break
        case .unknown: vetoes.append(.notLookedAt)
        case .absent: vetoes.append(.noContainer)
        case .ambiguous: vetoes.append(.ambiguous(containers: belief.containers.count))
        case .down: vetoes.append(.down)
        case .held: vetoes.append(.held)
        }
        if !isEngineReachable { vetoes.append(.engineSilent) }
        if belief.isInDoubt || course.wake != nil { vetoes.append(.beingWoken) }
        if force { return vetoes }
        if mode != .auto { vetoes.append(.mode(mode)) }
        if let pin = wishes.pin { vetoes.append(.pinned(until: pin.until)) }
        if !leases.isEmpty { vetoes.append(.leases(leases.count)) }
        if !neededBy.isEmpty { vetoes.append(.needed(by: neededBy)) }
        if let reason = use.activity.use { vetoes.append(.inUse(reason)) }
        let awakeFor = now - use.awakeSince
        if awakeFor < rules.minAwake { vetoes.append(.minAwake(awakeFor: awakeFor, rule: rules.minAwake)) }
        if forOperator { return vetoes }
        if let unreadable = use.activity.unreadable { vetoes.append(.unreadable(unreadable)) }
        return vetoes + rules.idleVetoes
    }

    /// When it falls asleep if it isn't used and nothing else forbids it.
    package var idleDeadline: Instant {
        use.idleDeadline(rules, retryAt: setbacks.sleep?.retryAt)
    }
}
