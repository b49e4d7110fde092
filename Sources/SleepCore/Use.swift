/// When the service was used, and since when it has been awake or asleep.
struct Use: Sendable {
    private(set) var lastUse: Instant
    private(set) var awakeSince: Instant
    private(set) var asleepSince: Instant
    /// What the last reading of its meter said.
    private(set) var activity = ActivityReading()
    /// The last use whose idle time was reported in mode `observe`.
    private var observedUse: Instant?

    /// A service that svcd has just begun to watch counts as just used.
    init(now: Instant) {
        lastUse = now
        awakeSince = now
        asleepSince = now
    }

    mutating func used(at now: Instant) { lastUse = now }

    /// A use that is over, and that may not be the last one.
    mutating func wasUsed(until end: Instant) { lastUse = max(lastUse, end) }

    mutating func sampled(_ reading: ActivityReading, at now: Instant) {
        activity = reading
        if reading.use != nil { lastUse = now }
    }

    /// Just before it would have slept, it was found in use.
    mutating func foundInUse(_ use: String, at now: Instant) {
        lastUse = now
        activity.use = use
    }

    mutating func woke(at now: Instant) {
        awakeSince = now
        lastUse = now
        activity = ActivityReading()
    }

    /// Its containers run, though it doesn't answer.
    mutating func ran(at now: Instant) { awakeSince = now }

    mutating func fellAsleep(at now: Instant) {
        asleepSince = now
        activity = ActivityReading()
    }

    /// When it falls asleep if it isn't used. A failed sleep is tried again at `retryAt`.
    func idleDeadline(_ rules: SleepMachine.Rules, retryAt: Instant?) -> Instant {
        max(lastUse + rules.idleAfter, awakeSince + rules.minAwake, retryAt ?? lastUse)
    }

    // MARK: Mode observe

    /// Whether it was reported already that it would have slept since its last use.
    var isObserved: Bool { observedUse == lastUse }

    mutating func observe() { observedUse = lastUse }

    mutating func forgetObserved() { observedUse = nil }
}
