internal import SleepCore

/// One kind of use, as far as the kernel's counters show it.
protocol ActivitySensor: Sendable {
    /// Opens what is read again and again.
    init(_ subject: Metered)

    /// What could not be opened, and why; null: nothing is missing.
    var unreadable: String? { get }

    /// Adds what has happened since the last reading to what the sensors before it have found: its use where none is
    /// named yet, and what has become unreadable.
    mutating func read(_ now: Instant, _ reading: inout ActivityReading)
}
