internal import Synchronization

/// The edges of the engine. Everything that touches the world stands behind one of these, so that a
/// test can put a fake in its place.

// What ends on a thread of its own is `@concurrent`. An actor's method that begins with the call of a function
// which runs on its caller's executor is not brought onto the actor by the optimizer of Swift 6.3, and goes on
// wherever that function ends: its state would be touched from two threads.

package typealias Instant = SuspendingClock.Instant

/// Time as the engine sees it: a clock that stops while the host sleeps, so that a resume doesn't
/// expire every lease and idle time at once.
package protocol TimeSource: Sendable {
    var now: Instant { get }
    /// Milliseconds since 1970 of the wall clock: for timestamps only, never for deciding.
    var wallMilliseconds: Int64 { get }
    /// Calls `body` once at `instant`, or soon after; an earlier alarm of the same source that has
    /// not gone off is dropped.
    func setAlarm(at instant: Instant, _ body: @escaping @Sendable () -> Void)
    /// Returns at `instant`; throws `CancellationError` when cancelled.
    @concurrent func sleep(until instant: Instant) async throws
}

/// The container engine. Every call is bounded by `deadline` and ends early when its task is cancelled.
package protocol ContainerEngine: Sendable {
    /// Throws `EngineFault`.
    func ping(within deadline: Duration) async throws
    /// All containers, running or not, in no order. Statuses may lag behind by some milliseconds.
    func list(within deadline: Duration) async throws -> [ListedContainer]
    /// The containers that `match` means now, each looked at one by one. Empty: there is none.
    func find(_ match: ContainerMatch, within deadline: Duration) async throws -> [Container]
    /// Null: there is no such container.
    func inspect(id: String, within deadline: Duration) async throws -> Container?
    func pause(id: String, within deadline: Duration) async throws
    func unpause(id: String, within deadline: Duration) async throws
    func start(id: String, within deadline: Duration) async throws
    /// SIGTERM, and SIGKILL after `grace`. Done when it has exited.
    func stop(id: String, grace: Duration, within deadline: Duration) async throws
    /// Commands that run in a container by `exec`, its health check apart.
    func commandsRunning(in container: Container, within deadline: Duration) async throws -> [String]
    /// Calls `ready` once the engine streams, then `receive` for every container event, in order.
    /// Returns or throws only when the stream has broken or the task is cancelled.
    func events(ready: @Sendable () async -> Void, receive: @Sendable (ContainerEvent) async -> Void) async throws
}

/// A container of a listing, with what matching needs.
package struct ListedContainer: Sendable {
    package var container: Container
    package var labels: [String: String]
    /// Docker's network mode: bridge, host, container:ID, or a network's name.
    package var network: String

    package init(container: Container, labels: [String: String] = [:], network: String = "bridge") {
        self.container = container
        self.labels = labels
        self.network = network
    }
}

/// Something that happened to a container, whoever caused it.
package struct ContainerEvent: Sendable {
    package var id: String
    /// Docker's word, without what follows a colon: pause, unpause, die, exec_start, …
    package var action: String
    package var name: String
    package var labels: [String: String]
    package init(id: String, action: String, name: String, labels: [String: String] = [:]) {
        self.id = id
        self.action = action
        self.name = name
        self.labels = labels
    }
}

/// Why the engine didn't do what it was asked.
package enum EngineFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// It answered, and said no. 409 is "already in that state".
    case refused(status: Int, message: String)
    /// It can't be reached: nothing was begun.
    case unreachable(String)
    /// It was asked and did not answer in time, or the connection broke: it may still be done.
    case unanswered(String)
    /// It answered with something that makes no sense.
    case garbled(String)
    case cancelled

    package var description: String {
        switch self {
        case .refused(let status, let message): "Docker answered \(status): \(message)"
        case .unreachable(let why): "Docker can't be reached: \(why)"
        case .unanswered(let why): "Docker did not answer: \(why)"
        case .garbled(let why): "Docker's answer makes no sense: \(why)"
        case .cancelled: "cancelled"
        }
    }

    /// Whether the engine may still do what it was asked.
    package var mayStillLand: Bool {
        switch self {
        case .refused, .unreachable: false
        case .unanswered, .garbled, .cancelled: true
        }
    }

    /// Whether this says that the engine is gone or stuck, rather than that it refused.
    package var isSilence: Bool {
        switch self {
        case .unreachable, .unanswered: true
        case .refused, .garbled, .cancelled: false
        }
    }
}

/// The kernel's side of containers. What it can't tell (no such process, no permission, a PID that was
/// used again, another kind of kernel) is null. All but `reclaim` and `learn` take microseconds.
package protocol ContainerHost: Sendable {
    /// Whether all of its processes are stopped.
    func isFrozen(_ container: Container) -> Bool?
    /// Where a container is frozen and thawed directly; null: this kernel offers nothing, or it has no process.
    func freezerPlace(of container: Container) -> String?
    /// Where a container is frozen now, whoever did it; null: nowhere, or nobody can tell.
    func frozenPlace(of container: Container) -> String?
    /// Null: the place is gone.
    func isFrozen(at place: String) -> Bool?
    /// Whether a signal waits for a process there.
    func hasPendingSignals(at place: String) -> Bool
    /// Returns when every process there has stopped; on a thread of its own. Throws `EngineFault`.
    @concurrent func freeze(at place: String) async throws
    /// Throws `EngineFault`.
    func thaw(at place: String) throws
    /// Calls `body`, on any thread, whenever the state of a place changes, until the answer is released; null:
    /// it can't be watched.
    func watch(_ place: String, _ body: @escaping @Sendable () -> Void) -> AnyObject?
    /// Calls `body`, on any thread, when a packet comes that wakes, until the answer is released.
    ///
    /// - Parameter ignoring: addresses and CIDR blocks whose packets don't.
    func watchTraffic(
        _ container: Container, ignoring: [String], _ body: @escaping @Sendable () -> Void
    ) -> TrafficWatch
    /// The sockets in which something waits that nobody has read, each by a name that stays while it does.
    func unread(_ container: Container) -> Set<String>
    /// Requests that came within that time and that it has not answered; empty where nobody can tell.
    ///
    /// - Parameter ignoring: addresses and CIDR blocks of those who may wait.
    func unanswered(_ container: Container, within: Duration, ignoring: [String]) -> [OpenRequest]
    func memory(of container: Container) -> MemoryReading?
    /// Hands memory of a frozen container back, until `share` (0...1) of it is gone (resident and swapped
    /// together), nothing more goes, a guard steps in, or `order` is halted. Takes as long as it takes, on a thread of its own.
    @concurrent func reclaim(_ container: Container, share: Double, order: HaltFlag) async -> ReclaimOutcome
    /// Notes which pages a wake has brought back: the next reclaim spares them, and `prefetch` asks for them.
    @concurrent func learn(_ container: Container) async
    /// Asks for the pages that the last wakes needed, where swap is a disk. Doesn't wait for them.
    func prefetch(_ container: Container)
    /// Forgets what `learn` knows of containers other than these.
    func keepKnowledge(of ids: Set<String>)
    /// Opens what tells whether a container is in use; null where nothing of it can be read.
    func meter(_ container: Container, _ settings: Settings) -> (any ActivityMeter)?
    /// What a major fault costs a process, roughly, with the swap that this host has.
    var majorFaultCost: Duration { get }
    /// Share of the last ten seconds (0...1) in which some task waited for memory.
    func memoryPressure() -> Double?
}

/// A connection to a service on which its peer has said the last word.
package struct OpenRequest: Sendable, Equatable {
    /// The kernel's number for the connection: never used again.
    package var connection: UInt64
    /// How many segments with data have come and gone: unchanged, it is the same request.
    package var segments: UInt64
    package var port: Int

    package init(connection: UInt64, segments: UInt64, port: Int) {
        self.connection = connection
        self.segments = segments
        self.port = port
    }
}

/// A watch over a sleeper's packets, or why there is none.
package enum TrafficWatch {
    case watching(AnyObject)
    case refused(String)
}

/// Counters of one container, kept open between readings.
package protocol ActivityMeter: AnyObject, Sendable {
    /// What has happened since the last reading; the first one only takes the counters.
    func read(now: Instant) -> ActivityReading
    /// What waits unread in its sockets and didn't at the last call, in words; null: nothing. What has
    /// waited for long (an end of a connection that nobody reads) tells nothing of new use.
    func newlyUnread() -> String?
}

/// What a meter says.
package struct ActivityReading: Sendable, Equatable {
    /// Why it is in use, in words: `3 connections from 10.0.0.7`; null: it isn't.
    package var use: String?
    /// Signals that can't be read, and why; null: all can.
    package var unreadable: String?
    /// Bytes that came and went over its network since the last reading.
    package var networkBytes: Int

    package init(use: String? = nil, unreadable: String? = nil, networkBytes: Int = 0) {
        self.use = use
        self.unreadable = unreadable
        self.networkBytes = networkBytes
    }
}

/// A container's memory, from its cgroup.
package struct MemoryReading: Sendable, Equatable {
    package var residentBytes: Int
    package var swappedBytes: Int
    /// Faults that had to wait for a disk or for swap, since the container began.
    package var majorFaults: Int

    package init(residentBytes: Int, swappedBytes: Int, majorFaults: Int = 0) {
        self.residentBytes = residentBytes
        self.swappedBytes = swappedBytes
        self.majorFaults = majorFaults
    }
}

/// How handing memory back ended.
package struct ReclaimOutcome: Sendable, Equatable {
    package enum End: Sendable, Equatable {
        /// The share is gone, or nothing more goes.
        case done
        /// A wake came.
        case halted
        /// A guard stepped in: too little swap, or too much pressure.
        case guarded(String)
        /// It can't be done on this host, or with this container.
        case unavailable(String)
    }
    package var end: End
    package var before: MemoryReading?
    package var after: MemoryReading?

    package init(_ end: End, before: MemoryReading? = nil, after: MemoryReading? = nil) {
        self.end = end
        self.before = before
        self.after = after
    }

    package var freedBytes: Int { max(0, (before?.residentBytes ?? 0) - (after?.residentBytes ?? 0)) }
}

/// Tells a reclaim to stop at its next chunk. May be raised on any thread.
package final class HaltFlag: Sendable {
    private struct State {
        var isRaised = false
        var handler: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    package init() {}

    package var isRaised: Bool { state.withLock { $0.isRaised } }

    package func raise() {
        state.withLock { state in
            state.isRaised = true
            state.handler?()
        }
    }

    /// Calls `handler`, at once if the flag is raised already; null: call nothing any more. Once this has
    /// returned, an earlier handler isn't running.
    package func whenRaised(_ handler: (@Sendable () -> Void)?) {
        state.withLock { state in
            state.handler = handler
            if state.isRaised { handler?() }
        }
    }
}

/// Finds out whether a woken service answers.
package protocol ReadinessProbe: Sendable {
    /// Returns once it does.
    ///
    /// - Throws: `NotReady` when `limit` is over, with what was seen last.
    @concurrent func wait(for readiness: Readiness, of container: Container, within limit: Duration)
        async throws(NotReady)
}

/// It didn't answer in time.
package struct NotReady: Error, Sendable, CustomStringConvertible {
    package var description: String
    package init(description: String) { self.description = description }
}
