package import SleepCore

/// One service's machine, and everybody who waits for it. Only the supervisor touches it.
final class ServiceDriver {
    typealias WakeAnswer = (Result<SleepMachine.WakeReport, SleepMachine.WakeFailure>) -> Void
    typealias SleepAnswer = (SleepMachine.SleepOutcome) -> Void

    /// How it finds its containers.
    enum Target: Sendable, Equatable {
        case match(ContainerMatch)
        /// A sleeper that no service covers any more.
        case container(String)

        /// Where an index finds it; null: by nothing that a container says of itself.
        var anchor: ContainerMatch.Anchor? { if case .match(let match) = self { match.anchor } else { nil } }
    }

    /// Distinguishes drivers of one name over reloads.
    let key: UInt64
    var policy: ServicePolicy
    let target: Target
    var machine: SleepMachine
    /// Takes this one's place once it is settled, after a reload that covers the service differently.
    var successor: ServicePolicy?

    /// Services that claim the same container, in words; null: none.
    var rivals: String?
    /// Whether the services that it requires were told that it needs them.
    var isNeeding = false

    /// Sleepers by the kernel's freezer, by container.
    var places: [String: FreezerPlace] = [:]
    /// Why it sleeps by Docker's pause although its policy says otherwise; null: it doesn't.
    var freezerRefusal: String?

    /// What watches over the packets of its sleepers, by container.
    var traffic: [String: AnyObject] = [:]
    /// Why they can't be watched; null: they can, or need not be.
    var trafficRefusal: String?

    /// What waits unread in its sleepers' sockets, and since when that is known.
    var unreadSince: [UnreadSocket: Instant] = [:]

    /// What was said on connections whose peers have said the last word, and since when that is known.
    var heard: [UInt64: (segments: UInt64, at: Instant)] = [:]

    /// Where a container is frozen, and what watches over it.
    struct FreezerPlace {
        var path: String
        var watch: AnyObject?
    }

    /// What tells whether its containers are in use, by container; empty while nobody reads them.
    var meters: [String: Metered] = [:]
    /// When it was last looked at for the sake of a PID.
    var lastPIDLook: Instant?
    /// How much of its memory is handed back.
    var share: ReclaimShare
    /// What it has given back since it fell asleep.
    var handedBackBytes = 0
    /// What its memory was like when the wake began that is under way, or the last one.
    var memoryAtWake: MemoryReading?

    var wakeAnswers: [UInt64: WakeAnswer] = [:]
    var sleepAnswers: [UInt64: SleepAnswer] = [:]
    /// When the supervisor will call it next.
    var alarm: Instant?
    /// Null until the first wake.
    var latencies: LatencyHistogram?
    var lastWake: WakeMark?

    /// A meter and the process it was opened for: PIDs change when a container restarts.
    struct Metered {
        var pid: Int
        /// Null: nothing can be read, and there is no use in trying again with this process.
        var meter: (any ActivityMeter)?
    }

    init(key: UInt64, policy: ServicePolicy, target: Target? = nil, machine: SleepMachine, share: ReclaimShare) {
        self.key = key
        self.policy = policy
        self.target = target ?? .match(policy.container)
        self.machine = machine
        self.share = share
    }

    var name: String { policy.name }

    func holds(_ container: String) -> Bool { machine.containers.contains { $0.id == container } }
}

/// The last wake, as status shows it.
package struct WakeMark: Sendable, Equatable {
    package var atMilliseconds: Int64
    package var report: SleepMachine.WakeReport

    init(atMilliseconds: Int64, report: SleepMachine.WakeReport) {
        self.atMilliseconds = atMilliseconds
        self.report = report
    }

    init(_ row: Journal.WakeRow) {
        self.init(
            atMilliseconds: row.atMilliseconds,
            report: SleepMachine.WakeReport(
                woke: true, from: Depth(rawValue: row.depth), elapsed: .microseconds(row.elapsedMicroseconds),
                queued: .microseconds(row.queuedMicroseconds), thaw: .microseconds(row.thawMicroseconds),
                ready: .microseconds(row.readyMicroseconds), trigger: Trigger(rawValue: row.trigger) ?? .recovery))
    }
}

/// A service as it is now: what status and `why` are made of.
package struct ServiceView: Sendable {
    package var policy: ServicePolicy
    package var machine: SleepMachine
    package var latencies: LatencyHistogram?
    package var lastWake: WakeMark?
    /// Of all its containers together; null where none can be read.
    package var memory: MemoryReading?
    package var share: ReclaimShare
    /// What it sleeps by, or would.
    package var freezer: FreezerKind
    package var freezerRefusal: String?
    package var now: Instant
    package var nowMilliseconds: Int64

    /// The wall-clock time of an instant, in milliseconds since 1970.
    package func wall(_ instant: Instant) -> Int64 { nowMilliseconds + (instant - now).milliseconds }
}
