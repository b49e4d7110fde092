/// What clients and operators want of a service. Changes only by what they ask for, and by time.
struct Wishes: Sendable {
    typealias Waiter = SleepMachine.Waiter
    typealias SleepRequest = SleepMachine.SleepRequest

    private(set) var leases: [String: Instant] = [:]
    private(set) var pin: Pin?
    /// In the order in which they came.
    private(set) var waiters: [Waiter] = []
    private(set) var sleepRequests: [SleepRequest] = []
    /// That it be awake, though no client may be waiting.
    private(set) var demand: Demand?
    /// Services that require this one and don't sleep.
    var neededBy: [String] = []
    private(set) var retirement: Retirement?

    // MARK: Waking

    /// A waiter gives up after the policy's `wake_timeout` at the latest.
    mutating func wait(_ waiter: Waiter, atMost timeout: Duration) {
        var waiter = waiter
        waiter.deadline = min(waiter.deadline, waiter.arrived + timeout)
        waiters.append(waiter)
    }

    /// An operator, or what counts as one, wants it awake: this supersedes an earlier demand.
    mutating func demand(_ demand: Demand) { self.demand = demand }

    /// It is to be awake for this reason, unless there is one already.
    mutating func demandUnlessAny(_ demand: Demand) { self.demand = self.demand ?? demand }

    mutating func dropDemand() { demand = nil }

    var isWanted: Bool { !waiters.isEmpty || demand != nil }

    /// Whether an operator wants it awake, for whom what others paused is woken, too.
    var releasesHeld: Bool { waiters.contains { $0.trigger == .operator } || demand?.releasesHeld == true }

    /// What a wake would be for; null: nothing wants it awake.
    var wakeCause: Demand? {
        waiters.first.map { Demand(trigger: $0.trigger, by: $0.by, releasesHeld: $0.trigger == .operator) } ?? demand
    }

    /// Takes all waiters out, to be answered.
    mutating func takeWaiters() -> [Waiter] {
        defer { waiters = [] }
        return waiters
    }

    mutating func takeWaiters(where isMeant: (Waiter) -> Bool) -> [Waiter] {
        guard waiters.contains(where: isMeant) else { return [] }
        let meant = waiters.filter(isMeant)
        waiters.removeAll(where: isMeant)
        return meant
    }

    // MARK: Sleeping

    mutating func ask(_ request: SleepRequest) { sleepRequests.append(request) }

    /// Takes all requests for sleep out, to be answered.
    mutating func takeRequests() -> [SleepRequest] {
        defer { sleepRequests = [] }
        return sleepRequests
    }

    mutating func takeRequests(where isMeant: (SleepRequest) -> Bool) -> [SleepRequest] {
        guard sleepRequests.contains(where: isMeant) else { return [] }
        let meant = sleepRequests.filter(isMeant)
        sleepRequests.removeAll(where: isMeant)
        return meant
    }

    /// Its caller went away.
    mutating func leave(_ id: UInt64) {
        waiters.removeAll { $0.id == id }
        sleepRequests.removeAll { $0.id == id }
    }

    // MARK: Staying awake

    mutating func lease(_ id: String, until: Instant) { leases[id] = until }

    /// False: there is no such lease.
    mutating func endLease(_ id: String) -> Bool { leases.removeValue(forKey: id) != nil }

    mutating func pin(until: Instant?) { pin = Pin(until: until) }

    /// False: it wasn't pinned.
    mutating func unpin() -> Bool {
        defer { pin = nil }
        return pin != nil
    }

    mutating func retire(_ retirement: Retirement) { self.retirement = retirement }

    /// Ends leases and a pin whose time is over; returns when the last of them ended, null if none did.
    mutating func expire(_ now: Instant) -> Instant? {
        var ended: Instant?
        if !leases.isEmpty {
            for (id, until) in leases where until <= now {
                leases[id] = nil
                ended = max(ended ?? until, until)
            }
        }
        if let until = pin?.until, until <= now {
            pin = nil
            ended = max(ended ?? until, until)
        }
        return ended
    }
}

/// An operator keeps it awake.
package struct Pin: Sendable, Equatable {
    /// Null: until unpinned.
    package var until: Instant?
}

/// That it be awake.
struct Demand: Equatable {
    var trigger: Trigger
    var by: String?
    /// An operator asked for just that, so it holds for what others paused, too.
    var releasesHeld = false
}

/// svcd lets go of it: no more sleeps, and what it froze is woken.
struct Retirement: Equatable {
    /// Whether what it stopped is started, too.
    var startsStopped: Bool
    var trigger: Trigger
}
