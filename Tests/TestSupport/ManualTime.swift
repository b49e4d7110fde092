import NIOConcurrencyHelpers
package import SleepCore

/// A clock that a test moves. Between two instants everything that was woken runs until all is quiet, so that one
/// test always goes the same way, however slow the machine.
package final class ManualTime: TimeSource {
    private struct Sleeper {
        var due: Instant
        var number: Int
        var wake: @Sendable () -> Void
    }

    private struct State {
        var now: Instant
        var number = 0
        var alarm: Sleeper?
        var sleepers: [Int: Sleeper] = [:]

        /// The earliest; of several at one instant, the one that was set first.
        var first: Sleeper? {
            let all = Array(sleepers.values) + (alarm.map { [$0] } ?? [])
            return all.min { ($0.due, $0.number) < ($1.due, $1.number) }
        }
    }

    private let state: NIOLockedValueBox<State>
    private let loop: TestLoop
    private let began: Instant
    /// 2026-01-01 in milliseconds since 1970.
    private static let wallBegan: Int64 = 1_767_225_600_000

    package init(_ loop: TestLoop) {
        self.loop = loop
        began = SuspendingClock().now
        state = NIOLockedValueBox(State(now: began))
    }

    // MARK: The clock

    package var now: Instant { state.withLockedValue { $0.now } }
    package var wallMilliseconds: Int64 { Self.wallBegan + (now - began).milliseconds }

    package func setAlarm(at instant: Instant, _ body: @escaping @Sendable () -> Void) {
        state.withLockedValue { state in
            state.number += 1
            state.alarm = Sleeper(due: instant, number: state.number, wake: body)
        }
    }

    @concurrent package func sleep(until instant: Instant) async throws {
        loop.checkIsCurrent()
        let number = state.withLockedValue { state in
            state.number += 1
            return state.number
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWait = state.withLockedValue { state in
                    guard instant > state.now, !Task.isCancelled else { return false }
                    state.sleepers[number] = Sleeper(due: instant, number: number) { continuation.resume() }
                    return true
                }
                if !mayWait { continuation.resume() }
            }
        } onCancel: {
            state.withLockedValue { $0.sleepers.removeValue(forKey: number) }?.wake()
        }
        try Task.checkCancellation()
    }

    // MARK: Moving it

    /// When something is due next; null: nothing waits for time.
    package var nextDue: Instant? { state.withLockedValue { $0.first?.due } }

    /// Lets what has been begun go on until only time or the test can bring about more.
    package func settle() async throws { try await loop.settle() }

    /// Moves on, from one instant at which something is due to the next.
    package func advance(by duration: Duration) async throws {
        let end = now + duration
        repeat { try await settle() } while fire(by: end)
        state.withLockedValue { $0.now = max($0.now, end) }
    }

    /// Moves on to what is due next, and settles. False: nothing is due by then.
    package func advanceOnce(by end: Instant) async throws -> Bool {
        guard fire(by: end) else { return false }
        try await settle()
        return true
    }

    private func fire(by end: Instant) -> Bool {
        let first: Sleeper? = state.withLockedValue { state in
            guard let first = state.first, first.due <= end else { return nil }
            state.now = max(state.now, first.due)
            if state.alarm?.number == first.number { state.alarm = nil } else { state.sleepers[first.number] = nil }
            return first
        }
        first?.wake()
        return first != nil
    }
}
