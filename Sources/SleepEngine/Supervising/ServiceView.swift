package import SleepCore

/// A service as it is now: what status and `why` are made of. A value that nothing changes any more.
package struct ServiceView: Sendable {
    package let policy: ServicePolicy
    package let state: ServiceState
    /// Null unless it is asleep, or was when Docker was last asked.
    package let depth: Depth?
    package let containers: [Container]
    /// How it came to its state.
    package let change: Change
    package let use: Use
    package let freezer: Freezer
    package let memory: Memory
    package let trouble: Trouble
    /// What happens by itself, the soonest first.
    package let outlook: [Outlook]
    package let records: Records
    package let moment: Moment

    package struct Change: Sendable {
        package let at: Instant
        package let trigger: Trigger
        package let by: String?
    }

    package struct Use: Sendable {
        package let last: Instant
        package let isPinned: Bool
        package let leases: Int
        /// What keeps it from falling asleep, idle time apart.
        package let vetoes: [Veto]
    }

    package struct Freezer: Sendable {
        /// What it sleeps by, or would.
        package var kind: FreezerKind
        /// Why that isn't what its policy says; null: it is.
        package var refusal: FreezerRefusal?
    }

    package struct Memory: Sendable {
        /// Of all its containers together; null where none can be read.
        package let reading: MemoryReading?
        /// How much of it is handed back.
        package let share: ReclaimShare
        package let isReclaiming: Bool
        package let lastReclaim: ReclaimOutcome?
    }

    /// What failed, or stands in the way, and when svcd tries again.
    package struct Trouble: Sendable {
        package let error: String?
        package let retryAt: Instant?
        package let reclaim: ReclaimHindrance?
        package let stop: String?
    }

    package struct Records: Sendable {
        /// Null until the first wake.
        package var latencies: LatencyHistogram?
        package var lastWake: WakeMark?
    }

    /// One instant by both clocks.
    package struct Moment: Sendable {
        package var now: Instant
        /// Since 1970.
        package var wallMilliseconds: Int64
    }

    /// The wall-clock time of an instant, in milliseconds since 1970.
    package func wall(_ instant: Instant) -> Int64 {
        moment.wallMilliseconds + (instant - moment.now).milliseconds
    }
}

extension ServiceView {
    /// - Parameter memory: of all its containers together.
    init(
        _ policy: ServicePolicy, _ machine: SleepMachine, memory: MemoryReading?, share: ReclaimShare,
        freezer: Freezer, records: Records, at moment: Moment
    ) {
        self.policy = policy
        state = machine.state
        depth = machine.depth
        containers = machine.containers
        change = Change(at: machine.stateSince, trigger: machine.lastTrigger, by: machine.lastBy)
        use = Use(
            last: machine.lastUse, isPinned: machine.pin != nil, leases: machine.leases.count,
            vetoes: machine.vetoes(moment.now))
        self.freezer = freezer
        self.memory = Memory(
            reading: memory, share: share, isReclaiming: machine.isReclaiming, lastReclaim: machine.lastReclaim)
        trouble = Trouble(
            error: machine.error, retryAt: machine.retryAt, reclaim: machine.reclaimHindrance,
            stop: machine.stopHindrance)
        outlook = machine.outlook(moment.now)
        self.records = records
        self.moment = moment
    }
}

/// What a line about all services says.
package struct Summary: Sendable, Equatable {
    package var services = 0
    package var asleep = 0
    /// What sleepers have given back since they fell asleep.
    package var handedBackBytes = 0
    package var mode: Mode
    package var isEngineReachable: Bool
}
