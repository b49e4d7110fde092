import NIOConcurrencyHelpers
package import SleepCore

/// What meters of containers say.
package final class FakeMeters: Sendable {
    /// Of one container.
    package struct Reading: Sendable {
        /// Why it is in use; null: it isn't.
        package var use: String?
        package var unreadable: String?
        /// Whether nothing of it can be read.
        package var isOpaque = false
        /// Bytes over its network since it began.
        package var networkBytes = 0
    }

    private struct State {
        var readings: [String: Reading] = [:]
        var count = 0
    }

    private let state = NIOLockedValueBox(State())

    package subscript(name: String) -> Reading {
        get { state.withLockedValue { $0.readings[name] } ?? Reading() }
        set { state.withLockedValue { $0.readings[name] = newValue } }
    }

    /// How often meters have been read.
    package var count: Int { state.withLockedValue { $0.count } }

    func open(_ container: Container) -> (any ActivityMeter)? {
        self[container.name].isOpaque ? nil : Meter(container.name, self)
    }

    private final class Meter: ActivityMeter {
        private let name: String
        private let meters: FakeMeters
        private let seenBytes = NIOLockedValueBox<Int?>(nil)

        init(_ name: String, _ meters: FakeMeters) {
            self.name = name
            self.meters = meters
        }

        func read(now: Instant) -> ActivityReading {
            meters.state.withLockedValue { $0.count += 1 }
            let reading = meters[name]
            let before = seenBytes.withLockedValue { seen in
                defer { seen = reading.networkBytes }
                return seen ?? reading.networkBytes
            }
            return ActivityReading(
                use: reading.use, unreadable: reading.unreadable, networkBytes: reading.networkBytes - before)
        }
    }
}

extension FakeHost {
    package func meter(_ container: Container, _ settings: Settings) -> (any ActivityMeter)? {
        meters.open(container)
    }
}
