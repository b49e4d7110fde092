/// The edges of the engine. Everything that touches the world stands behind one of these, so that a
/// test can put a fake in its place.

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
    func sleep(until instant: Instant) async throws
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

/// The kernel's own word on whether a container's processes are stopped.
package protocol FreezerProbe: Sendable {
    /// Null where the kernel can't be asked: no such process, no permission, another host, or a process
    /// that is not the container's (a PID that was used again).
    func isFrozen(_ container: Container) -> Bool?
}
