import NIOConcurrencyHelpers
package import SleepCore

/// Ready at once, unless a test says otherwise.
package final class FakeReadiness: ReadinessProbe {
    private let reason = NIOLockedValueBox<String?>(nil)
    private let time: any TimeSource

    package init(time: any TimeSource = RealTime()) { self.time = time }

    /// Why nothing is ready; null: everything is.
    package var notReady: String? {
        get { reason.withLockedValue { $0 } }
        set { reason.withLockedValue { $0 = newValue } }
    }

    @concurrent package func wait(for readiness: Readiness, of container: Container, within limit: Duration)
        async throws(NotReady)
    {
        guard let notReady else { return }
        try? await time.sleep(until: time.now + limit)
        throw NotReady(description: notReady)
    }
}
