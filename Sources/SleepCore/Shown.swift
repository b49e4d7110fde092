/// What people are shown of a service's latest changes; nothing is decided by it.
struct Shown: Sendable {
    private(set) var stateSince: Instant
    private var state = ServiceState.unknown
    private(set) var lastTrigger = Trigger.recovery
    private(set) var lastBy: String?
    /// How handing back its memory went in this sleep.
    private(set) var lastReclaim: ReclaimOutcome?

    init(now: Instant) { stateSince = now }

    mutating func show(_ state: ServiceState, at now: Instant) {
        guard state != self.state else { return }
        self.state = state
        stateSince = now
    }

    mutating func changed(by trigger: Trigger, _ by: String?) { (lastTrigger, lastBy) = (trigger, by) }

    mutating func reclaimEnded(_ outcome: ReclaimOutcome) { lastReclaim = outcome }

    mutating func sleepBegan() { lastReclaim = nil }
}
