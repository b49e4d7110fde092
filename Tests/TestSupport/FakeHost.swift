import NIOConcurrencyHelpers
package import SleepCore

/// A kernel of a few variables. Freezers can't be asked; memory goes and comes as a test says.
package final class FakeHost: ContainerHost {
    private struct State {
        var reclaims: [(container: String, share: Double)] = []
        var ends: [ReclaimOutcome.End] = []
        var residentBytes = 100 << 20
        var majorFaults = 0
        var pressure: Double?
        var use: String?
        var unread: String?
        var halted = 0
        var readings = 0
    }

    private let state = NIOLockedValueBox(State())
    private let reclaimTakes: Duration

    package init(reclaimTakes: Duration = .milliseconds(1)) { self.reclaimTakes = reclaimTakes }

    package var reclaims: [(container: String, share: Double)] { state.withLockedValue { $0.reclaims } }
    /// How often meters have been read.
    package var readings: Int { state.withLockedValue { $0.readings } }
    package var halted: Int { state.withLockedValue { $0.halted } }

    /// What every meter says from now on.
    package var use: String? {
        get { state.withLockedValue { $0.use } }
        set { state.withLockedValue { $0.use = newValue } }
    }

    package var unread: String? {
        get { state.withLockedValue { $0.unread } }
        set { state.withLockedValue { $0.unread = newValue } }
    }

    package var pressure: Double? {
        get { state.withLockedValue { $0.pressure } }
        set { state.withLockedValue { $0.pressure = newValue } }
    }

    package var majorFaults: Int {
        get { state.withLockedValue { $0.majorFaults } }
        set { state.withLockedValue { $0.majorFaults = newValue } }
    }

    /// How the next reclaims end, instead of being done.
    package func end(_ ends: ReclaimOutcome.End...) { state.withLockedValue { $0.ends += ends } }

    // MARK: ContainerHost

    package func isFrozen(_ container: Container) -> Bool? { nil }

    package func freezerPlace(of container: Container) -> String? { nil }
    package func frozenPlace(of container: Container) -> String? { nil }
    package func isFrozen(at place: String) -> Bool? { nil }
    package func hasPendingSignals(at place: String) -> Bool { false }
    @concurrent package func freeze(at place: String) async throws {}
    package func thaw(at place: String) throws {}
    package func watchTraffic(
        _ container: Container, ignoring: [AddressBlock], _ body: @escaping @Sendable () -> Void
    ) -> TrafficWatch { .refused("there is no network") }
    package func unanswered(_ container: Container, within: Duration, ignoring: [AddressBlock]) -> [OpenRequest] { [] }
    package func unread(_ container: Container, ignoring: [AddressBlock]) -> [UnreadSocket] {
        // More each time it is looked at.
        state.withLockedValue { state in
            guard state.unread != nil else { return [] }
            state.readings += 1
            return [UnreadSocket(endpoints: "10.0.0.2:80 10.0.0.7:51234", port: 80, waiting: state.readings)]
        }
    }
    package func watch(_ place: String, _ body: @escaping @Sendable () -> Void) -> AnyObject? { nil }

    package func memory(of container: Container) -> MemoryReading? {
        state.withLockedValue {
            MemoryReading(residentBytes: $0.residentBytes, swappedBytes: 0, majorFaults: $0.majorFaults)
        }
    }

    @concurrent package func reclaim(_ container: Container, share: Double, order: HaltFlag) async -> ReclaimOutcome {
        state.withLockedValue { $0.reclaims.append((container.name, share)) }
        let clock = SuspendingClock()
        let deadline = clock.now + reclaimTakes
        while clock.now < deadline, !order.isRaised { try? await clock.sleep(for: .milliseconds(1)) }
        if order.isRaised {
            state.withLockedValue { $0.halted += 1 }
            return ReclaimOutcome(.halted)
        }
        let end = state.withLockedValue { $0.ends.isEmpty ? .done : $0.ends.removeFirst() }
        guard end == .done else { return ReclaimOutcome(end) }
        let before = state.withLockedValue { $0.residentBytes }
        let after = Int(Double(before) * (1 - share))
        return ReclaimOutcome(
            .done, before: .init(residentBytes: before, swappedBytes: 0),
            after: .init(residentBytes: after, swappedBytes: before - after))
    }

    @concurrent package func learn(_ container: Container) async {}
    package func prefetch(_ container: Container) {}
    package func keepKnowledge(of ids: Set<String>) {}
    package var majorFaultCost: Duration { .microseconds(100) }
    package func memoryPressure() -> Double? { pressure }

    package func meter(_ container: Container, _ settings: Settings) -> (any ActivityMeter)? { Meter(self) }

    private final class Meter: ActivityMeter {
        let host: FakeHost
        init(_ host: FakeHost) { self.host = host }
        func read(now: Instant) -> ActivityReading {
            host.state.withLockedValue { $0.readings += 1 }
            return ActivityReading(use: host.use)
        }
    }
}

/// Ready at once, unless a test says otherwise.
package final class FakeReadiness: ReadinessProbe {
    private let reason = NIOLockedValueBox<String?>(nil)
    package init() {}

    /// Why nothing is ready; null: everything is.
    package var notReady: String? {
        get { reason.withLockedValue { $0 } }
        set { reason.withLockedValue { $0 = newValue } }
    }

    @concurrent package func wait(for readiness: Readiness, of container: Container, within limit: Duration)
        async throws(NotReady)
    {
        guard let notReady else { return }
        try? await SuspendingClock().sleep(for: limit)
        throw NotReady(description: notReady)
    }
}
