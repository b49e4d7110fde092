/// The rules of one service's sleep, as a plain value.
///
/// Every event goes in with the time; one `Step` comes out and says which operation to begin, when to
/// look, whom to answer and when to call next. The machine never waits, never calls and never reads a
/// clock, so that a million random histories can be held against its invariants.
///
///                    idle, operator                  pause landed
///       ┌─ awake ───────────────────▶ falling asleep ─────────────▶ asleep ─┐
///       │    ▲                          │  (record, freeze)           │     │ somebody needs it
///       │    │ thaw landed              │ somebody needs it:          │     ▼
///       │    └──────────── waking ◀─────┴─────────────────────────────┘◀─ failed (backoff)
///       └─▶ held, down, absent, ambiguous: what others did; adopted, never undone
///
/// A sleeper goes deeper by itself: its memory is handed back (`reclaimed`) and its container stopped
/// (`stopped`), each after its own time. A wake ends with the thaw, or, where there is readiness to wait
/// for, once the service answers. Handing back is no operation: it goes on beside everything else, is
/// halted by a wake, and has ended before anybody is told that the service is ready.
///
/// Two things are kept apart. *Facts* (`containers`, `owned`) change only by what a look has found or by
/// an operation that Docker has confirmed. *Wishes* (waiters, demand, leases, pins) change by what people
/// ask for. After every event `settle` compares the two and decides. An operation that failed puts the
/// facts in doubt, and nothing is decided until a look has settled them.
///
/// At most one operation is under way. A look changes nothing, so it never delays one; a look that an
/// operation has overtaken is thrown away and repeated.
package struct SleepMachine: Sendable {
    enum Phase: Equatable {
        case resting
        case recording(began: Instant)
        case freezing
        case thawing
        /// It runs again; memory is still being handed back.
        case settling
        /// It runs again, and is asked whether it answers.
        case readying
        /// The intent to stop a sleeper is being recorded; it is being stopped.
        case recordingStop, stopping
    }

    /// A wake from the first demand until it is settled, over all its attempts.
    struct Wake: Equatable {
        var began: Instant
        /// When the current attempt was given to Docker; null while it waits for its turn.
        var started: Instant?
        /// When its containers ran again.
        var thawed: Instant?
        var attempts = 0
        var nextAttempt: Instant
        var from: Depth
        var fromState = ServiceState.asleep
        var cause: Demand
        var fault: OperationFault?
    }

    /// A sleep from its decision until it is settled.
    struct Fall: Equatable {
        var began: Instant
        var attempts = 0
        var trigger: Trigger
        var by: String?
        var isForced: Bool
        var fault: OperationFault?
    }

    /// A sleeper on its way to being stopped.
    struct Descent: Equatable {
        var began: Instant
        var trigger: Trigger
        var by: String?
    }

    /// Memory that is being handed back.
    struct Reclaiming: Equatable {
        var id: UInt64
        var began: Instant
        var trigger: Trigger
        var by: String?
        var isHalted = false
    }

    // Rules and surroundings.
    package internal(set) var rules: Rules
    package internal(set) var mode: Mode
    package internal(set) var isEngineReachable = true

    // Facts.
    package internal(set) var containers: [Container] = []
    /// Containers that svcd has put, or is about to put, to sleep; the same as the intents on disk.
    package internal(set) var owned: [String: Depth] = [:]
    var isKnown = false
    package internal(set) var isInDoubt = false
    /// The journal knows of a sleeper of this name, and nobody has looked yet.
    let isPresumedAsleep: Bool
    /// What svcd owned until somebody else woke or stopped it: an engine that shuts down does just that.
    var lately: [String: (depth: Depth, until: Instant)] = [:]
    var isAfterBreak = true
    /// Pauses that got no answer and may land yet, by container.
    var lateFreezes: [String: (began: Instant, until: Instant)] = [:]
    var lastLooked: Instant?

    // Wishes.
    var wishes = Wishes()

    // What is being done.
    var phase = Phase.resting
    var operation: Operation?
    /// A wake whose containers run already and that Docker has yet to answer. Nothing is changed meanwhile.
    var unanswered: UInt64?
    var looks = LookSchedule()
    var wake: Wake?
    var fall: Fall?
    var descent: Descent?
    var reclaiming: Reclaiming?
    package internal(set) var lastReclaim: ReclaimOutcome?
    var setbacks: Setbacks

    // What people see.
    var use: Use
    package internal(set) var stateSince: Instant
    private var reportedState = ServiceState.unknown
    /// Whether a use need only be noted. Kept, as every hook asks for it.
    private var isSurelyAwake = false
    package internal(set) var lastTrigger = Trigger.recovery
    package internal(set) var lastBy: String?

    /// - Parameter isPresumedAsleep: the journal has an intent under this service's name; until a look has
    ///   told better it counts as a sleeper, everything else as awake.
    package init(rules: Rules, mode: Mode = .auto, isPresumedAsleep: Bool = false, seed: UInt64, now: Instant) {
        self.rules = rules
        self.mode = mode
        self.isPresumedAsleep = isPresumedAsleep
        setbacks = Setbacks(seed: seed)
        use = Use(now: now)
        stateSince = now
    }

    /// Notes a use, if the service is surely awake: the whole of an awake hook. False: send
    /// `wakeRequested` instead.
    package mutating func touch(now: Instant) -> Bool {
        guard isSurelyAwake else { return false }
        use.used(at: now)
        return true
    }

    /// Takes an event, decides, and says what to do now.
    package mutating func handle(_ event: Event, now: Instant) -> Step {
        var step = Step()
        take(event, now, &step)
        settle(now, &step)
        step.nextCall = nextCall(now)
        if state != reportedState {
            reportedState = state
            stateSince = now
        }
        isSurelyAwake = runsUndisturbed
        return step
    }

    // MARK: Events

    private mutating func take(_ event: Event, _ now: Instant, _ step: inout Step) {
        switch event {
        case .found(let found, let intents):
            take(found: found, intents: intents, now, &step)
        case .lookFinished(let answered, let found):
            switch looks.finish(answered) {
            case .unexpected: break
            case .fresh where mayLook: adopt(found, now, &step)
            case .fresh, .overtaken: looks.request(at: now)
            }
        case .lookFailed(let answered):
            looks.fail(answered, now)
        case .hinted(let hint):
            take(hint: hint, now)
        case .entrusted(let intents):
            owned.merge(intents) { _, depth in depth }
            looks.request(at: now)
        case .operationStarted(let id):
            if operation?.id == id, wake != nil { wake?.started = now }
        case .operationFinished(let id, let fault) where unanswered == id:
            unanswered = nil
            looks.overtake()
            guard fault != nil else { return }
            isInDoubt = true
            looks.request(at: now)
        case .containersRun(let id):
            guard let wake = operation, wake.id == id, case .wake(_, let start) = wake.kind, start.isEmpty,
                wishes.waiters.allSatisfy(\.trigger.isServedByKernel)
            else { return }
            operation = nil
            unanswered = id
            looks.overtake()
            finish(wake, nil, now, &step)
        case .operationFinished(let id, let fault):
            guard let finished = operation, finished.id == id else { return }
            operation = nil
            looks.overtake()
            finish(finished, fault, now, &step)
        case .wakeRequested(let waiter):
            wakeRequested(waiter, now)
        case .wakeDemanded(let trigger, let by):
            use.used(at: now)
            wishes.demand(Demand(trigger: trigger, by: by, releasesHeld: trigger == .operator))
            setbacks.retryWake(at: now)
        case .sleepRequested(let request):
            wishes.ask(request)
        case .sampled(let reading):
            guard condition == .running else { return }
            use.sampled(reading, at: now)
        case .neededBy(let names):
            wishes.neededBy = names
        case .reclaimFinished(let id, let outcome):
            guard let reclaiming, reclaiming.id == id else { return }
            self.reclaiming = nil
            finish(reclaiming, outcome, now, &step)
        case .thawed(let ids, let trigger):
            take(thawed: ids, trigger, now, &step)
        case .waiterLeft(let id):
            wishes.leave(id)
        case .leaseTaken(let id, let until):
            wishes.lease(id, until: until)
            use.used(at: now)
        case .leaseEnded(let id):
            if wishes.endLease(id) { use.used(at: now) }
        case .pinned(let until, let by):
            wishes.pin(until: until)
            use.used(at: now)
            switch condition {
            case .running, .asleep: wishes.demandUnlessAny(Demand(trigger: .operator, by: by))
            case .unknown, .absent, .ambiguous, .down, .held: break
            }
        case .unpinned:
            if wishes.unpin() { use.used(at: now) }
        case .modeChanged(let mode):
            self.mode = mode
            use.forgetObserved()
            if mode != .auto, case .asleep = condition {
                wishes.demand(Demand(trigger: .operator, by: "mode \(mode.rawValue)"))
            }
        case .rulesChanged(let rules):
            self.rules = rules
            if rules.neverSleeps != nil, case .asleep = condition {
                wishes.demandUnlessAny(Demand(trigger: .operator, by: "policy"))
            }
        case .engineLost:
            isEngineReachable = false
            isAfterBreak = true
            for (id, late) in lately where late.until > now && owned[id] == nil {
                // Paused since, it was somebody else's doing.
                if containers.contains(where: { $0.id == id && $0.status == .paused }) {
                    step.forget.append(id)
                } else {
                    owned[id] = .stopped
                }
            }
            lately = [:]
        case .engineBack:
            isEngineReachable = true
        case .retired(let startStopped, let trigger):
            wishes.retire(Retirement(startsStopped: startStopped, trigger: trigger))
            setbacks.retryWake(at: now)
        case .timeCame:
            break
        }
    }

    private mutating func take(
        found: [Container], intents: [String: Depth], _ now: Instant, _ step: inout Step
    ) {
        owned.merge(intents) { depth, _ in depth }
        for container in found where container.status == .running && intents[container.id] != nil {
            // Whoever recorded this died before the pause had landed, if it ever does.
            lateFreezes[container.id] = (now, now + Self.lateFreezeSpan)
        }
        if operation == nil, !isKnown || isAfterBreak, !isInDoubt {
            looks.overtakeLookUnderWay()
            adopt(found, now, &step)
        } else if isAfterBreak || !agrees(with: found) {
            looks.request(at: now)
        }
    }

    /// A look is due where the hint contradicts the facts, or is about something they can't hold.
    private mutating func take(hint: Hint, _ now: Instant) {
        switch (hint, phase, condition) {
        case (.runs, .thawing, _), (.paused, .freezing, _): return
        // A look that is under way may still bring what was true before.
        case (.runs, .resting, .running), (.runs, .recording, .running): if !isInDoubt, looks.isIdle { return }
        case (.paused, .resting, .asleep), (.paused, .resting, .held): if !isInDoubt, looks.isIdle { return }
        default: break
        }
        if mayLook { looks.request(at: now) } else { looks.requestAfterOperation() }
    }

    private mutating func wakeRequested(_ waiter: Waiter, _ now: Instant) {
        use.used(at: now)
        wishes.wait(waiter, atMost: rules.wakeTimeout)
        // Somebody who asks doesn't wait out the backoff of somebody else's failure.
        if wake == nil { setbacks.retryWake(at: now) }
    }
}
