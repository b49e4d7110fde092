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
