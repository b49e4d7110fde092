/// The kernel's side of containers. What it can't tell (no such process, no permission, a PID that was
/// used again, another kind of kernel) is null, or empty. All but `freeze`, `reclaim` and `learn` take microseconds.
///
/// Cut by what is asked, so that a part of the engine names what it needs, and a fake of it can be whole.
package typealias ContainerHost = FreezerHost & PacketHost & SocketHost & MemoryHost & ActivityHost

// What ends on a thread of its own is `@concurrent`. An actor's method that begins with the call of a function
// which runs on its caller's executor is not brought onto the actor by the optimizer of Swift 6.3, and goes on
// wherever that function ends: its state would be touched from two threads.

/// Freezing and thawing without the container engine, and what the kernel says of either.
package protocol FreezerHost: Sendable {
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
}

/// Packets that come for sleepers.
package protocol PacketHost: Sendable {
    /// Calls `body`, on any thread, when a packet comes that wakes, until the answer is released.
    ///
    /// - Parameter ignoring: those whose packets don't.
    func watchTraffic(
        _ container: Container, ignoring: [AddressBlock], _ body: @escaping @Sendable () -> Void
    ) -> TrafficWatch
}

/// What waits in a container's sockets.
package protocol SocketHost: Sendable {
    /// The sockets in which something waits that the container has not read, in no order.
    ///
    /// - Parameter ignoring: those whose data and connections don't count.
    func unread(_ container: Container, ignoring: [AddressBlock]) -> [UnreadSocket]
    /// Requests that came within that time and that it has not answered; empty where nobody can tell.
    ///
    /// - Parameter ignoring: those who may wait.
    func unanswered(_ container: Container, within: Duration, ignoring: [AddressBlock]) -> [OpenRequest]
}

/// A container's memory, and handing it back.
package protocol MemoryHost: Sendable {
    func memory(of container: Container) -> MemoryReading?
    /// Hands memory of a frozen container back, until `share` (0...1) of it is gone (resident and swapped
    /// together), nothing more goes, a guard steps in, or `order` is halted. Takes as long as it takes, on a
    /// thread of its own.
    @concurrent func reclaim(_ container: Container, share: Double, order: HaltFlag) async -> ReclaimOutcome
    /// Notes which pages a wake has brought back: the next reclaim spares them, and `prefetch` asks for them.
    @concurrent func learn(_ container: Container) async
    /// Asks for the pages that the last wakes needed, where swap is a disk. Doesn't wait for them.
    func prefetch(_ container: Container)
    /// Forgets what `learn` knows of containers other than these.
    func keepKnowledge(of ids: Set<String>)
    /// What a major fault costs a process, roughly, with the swap that this host has.
    var majorFaultCost: Duration { get }
    /// Share of the last ten seconds (0...1) in which some task waited for memory.
    func memoryPressure() -> Double?
}

/// What tells whether a container is in use.
package protocol ActivityHost: Sendable {
    /// Opens its meter; null where nothing of it can be read.
    func meter(_ container: Container, _ settings: Settings) -> (any ActivityMeter)?
}
