/// The rules of one service's sleep, as a plain value.
///
/// Every event goes in with the time; one `Step` comes out and says which operation to begin, when to
/// look, whom to answer and when to call next. The machine never waits, never calls and never reads a
/// clock, so that a million random histories can be held against its invariants.
///
///                    idle, operator                  pause landed
///       ┌─ awake ───────────────────▶ falling asleep ─────────────▶ asleep ─┐
///       │    ▲                          │  (record, freeze)           │     │ a client needs it
///       │    │ thaw landed              │ a client needs it:          │     ▼
///       │    └──────────── waking ◀─────┴─────────────────────────────┘◀─ failed (backoff)
///       └─▶ held, down, absent, ambiguous: what others did; adopted, never undone
///
/// A sleeper goes deeper by itself: its memory is handed back (`reclaimed`) and its container stopped
/// (`stopped`), each after its own time. A wake ends with the thaw, or, where there is readiness to wait
/// for, once the service answers. Handing back is no operation: it goes on beside everything else, is
/// halted by a wake, and has ended before any waiter is told that the service is ready.
///
/// Two things are kept apart. *Facts* (`belief`) change only by what a look has found or by an operation
/// that Docker has confirmed. *Wishes* (waiters, demand, leases, pins) change by what clients and operators
/// ask for. After every event `decide` compares the two and begins what is to be done (`course`). An operation
/// that failed puts the facts in doubt, and nothing is decided until a look has told what is true.
///
/// Why it doesn't sleep are `vetoes`, what went wrong are `setbacks`, when it was used is `use`, what comes next
/// by itself is its `outlook`; `shown` is what people see and nothing is decided by.
///
/// At most one operation is under way. A look changes nothing, so it never delays one; a look that an
/// operation has overtaken is thrown away and repeated.
package struct SleepMachine: Sendable {
    package internal(set) var rules: Rules
    package internal(set) var mode: Mode
    package internal(set) var isEngineReachable = true

    var belief: Belief
    var looks = LookSchedule()
    var wishes = Wishes()
    var use: Use
    var setbacks: Setbacks

    /// What is being done.
    var course = Course.resting
    /// A wake whose containers run already and that Docker has yet to answer. Nothing is changed meanwhile.
    var unanswered: UInt64?
    var reclaiming: Reclaiming?

    var shown: Shown
    /// Whether a use need only be counted. Kept, as every hook asks for it.
    private var isSurelyAwake = false

    /// - Parameter isPresumedAsleep: the journal has an intent under this service's name; until a look has
    ///   told better it counts as a sleeper, everything else as awake.
    package init(rules: Rules, mode: Mode = .auto, isPresumedAsleep: Bool = false, seed: UInt64, now: Instant) {
        self.rules = rules
        self.mode = mode
        belief = Belief(isPresumedAsleep: isPresumedAsleep)
        setbacks = Setbacks(seed: seed)
        use = Use(now: now)
        shown = Shown(now: now)
    }

    /// Counts a use, if the service is surely awake: the whole of an awake hook. False: send
    /// `wakeRequested` instead.
    package mutating func touch(now: Instant) -> Bool {
        guard isSurelyAwake else { return false }
        use.used(at: now)
        return true
    }

    /// Applies an event, decides, and says what to do now.
    package mutating func handle(_ event: Event, now: Instant) -> Step {
        var step = Step()
        apply(event, now, &step)
        decide(now, &step)
        step.nextCall = nextCall(now)
        shown.show(state, at: now)
        isSurelyAwake = runsUndisturbed
        return step
    }

    private mutating func apply(_ event: Event, _ now: Instant, _ step: inout Step) {
        switch event {
        case .found(let found, let intents): learn(found, intents, now, &step)
        case .lookFinished(let generation, let found): lookFinished(generation, found, now, &step)
        case .lookFailed(let generation): looks.fail(generation, now)
        case .hinted(let hint): heed(hint, now)
        case .entrusted(let intents): entrust(intents, now)
        case .operationStarted(let id): course.started(id, at: now)
        case .operationFinished(let id, let fault): operationFinished(id, fault, now, &step)
        case .containersRun(let id): containersRun(id, now, &step)
        case .thawed(let ids, let trigger): thawed(ids, trigger, now, &step)
        case .reclaimFinished(let id, let outcome): reclaimFinished(id, outcome, now, &step)
        case .wakeRequested(let waiter): wakeRequested(waiter, now)
        case .wakeDemanded(let trigger, let by): wakeDemanded(trigger, by, now)
        case .sleepRequested(let request): wishes.ask(request)
        case .waiterLeft(let id): wishes.leave(id)
        case .sampled(let reading): if condition == .running { use.sampled(reading, at: now) }
        case .neededBy(let names): wishes.neededBy = names
        case .leaseTaken(let id, let until): leaseTaken(id, until, now)
        case .leaseEnded(let id): if wishes.endLease(id) { use.used(at: now) }
        case .pinned(let until, let by): pinned(until, by, now)
        case .unpinned: if wishes.unpin() { use.used(at: now) }
        case .modeChanged(let mode): modeChanged(mode)
        case .rulesChanged(let rules): rulesChanged(rules)
        case .engineLost: engineLost(now, &step)
        case .engineBack: isEngineReachable = true
        case .retired(let startStopped, let trigger):
            retired(Retirement(startsStopped: startStopped, trigger: trigger), now)
        case .timeCame: break
        }
    }
}
