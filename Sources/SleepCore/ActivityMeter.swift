/// Counters of one container, kept open between readings.
package protocol ActivityMeter: AnyObject, Sendable {
    /// What has happened since the last reading; the first one only takes the counters.
    func read(now: Instant) -> ActivityReading
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
