import Dispatch
import Foundation
package import SleepCore

/// The real clock, for tests of what really takes time.
package struct RealTime: TimeSource {
    package init() {}
    package var now: Instant { SuspendingClock().now }
    package var wallMilliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    package func setAlarm(at instant: Instant, _ body: @escaping @Sendable () -> Void) {
        let wait = max(0, (instant - now).fractionalSeconds)
        DispatchQueue.global().asyncAfter(deadline: .now() + wait, execute: body)
    }

    @concurrent package func sleep(until instant: Instant) async throws {
        try await SuspendingClock().sleep(until: instant)
    }
}
