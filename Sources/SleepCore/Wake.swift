/// A wake from the first demand until the service answers, over all its attempts.
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
    /// What the last attempt failed with.
    var fault: SleepMachine.OperationFault?

    /// Waits between the attempts of one wake. dockerd under load refuses wrongly now and then, and does as told
    /// when asked again at once.
    private static let attemptDelays: [Duration] = [
        .zero, .milliseconds(5), .milliseconds(25), .milliseconds(100), .milliseconds(400),
    ]

    /// Whether it has had its attempts or its time.
    func isSpent(_ now: Instant, timeout: Duration) -> Bool {
        attempts >= Self.attemptDelays.count || now >= began + timeout
    }

    mutating func planNextAttempt(_ now: Instant) {
        if attempts > 0 { nextAttempt = now + Self.attemptDelays[attempts - 1] }
    }

    /// What is left of the policy's `wake_timeout`: an operation gets some time in any case.
    func limit(_ now: Instant, timeout: Duration) -> Duration { max(began + timeout - now, .milliseconds(100)) }

    /// How it went for a waiter who came at `arrived`.
    func report(since arrived: Instant, _ now: Instant) -> SleepMachine.WakeReport {
        let started = max(started ?? now, arrived)
        let thawed = max(thawed ?? now, started)
        return SleepMachine.WakeReport(
            woke: true, from: from, elapsed: now - arrived, queued: started - arrived, thaw: thawed - started,
            ready: now - thawed, trigger: cause.trigger)
    }
}

/// A sleep from its decision until it has come about or failed.
struct Fall: Equatable {
    var began: Instant
    var attempts = 0
    var trigger: Trigger
    var by: String?
    var isForced: Bool

    static let mostAttempts = 3
}

/// A sleeper on its way to being stopped.
struct Descent: Equatable {
    var began: Instant
    var trigger: Trigger
    var by: String?
}

/// Memory that is being handed back: no operation, it goes on beside everything else.
struct Reclaiming: Equatable {
    var id: UInt64
    var began: Instant
    var trigger: Trigger
    var by: String?
    var isHalted = false
}
