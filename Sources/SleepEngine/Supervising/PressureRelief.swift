internal import SleepCore

/// What to do about memory pressure: idle services sleep early, then sleepers go deeper, one step at a time.
struct PressureRelief {
    /// How often pressure is read.
    static let every = Duration.seconds(2)
    /// Pressure is over only below this share of the threshold, so that svcd doesn't flutter around it.
    private static let hysteresis = 0.7
    /// Used within so long, a service is not idle, whatever the pressure.
    private static let inUseFor = Duration.seconds(10)

    /// Whether the pressure is being read.
    var isWatching = false
    private(set) var isHigh = false

    /// Takes a reading; true if pressure has become high, or is over.
    ///
    /// - Parameter share: of the last ten seconds, 0...1.
    mutating func read(_ share: Double, threshold: Double) -> Bool {
        let wasHigh = isHigh
        isHigh = share >= threshold * (wasHigh ? Self.hysteresis : 1)
        return isHigh != wasHigh
    }

    mutating func end() { (isWatching, isHigh) = (false, false) }

    /// A service as far as it matters here.
    struct Candidate {
        enum Standing {
            /// It is awake, and nothing but its idle time keeps it so.
            case idle(lastUse: Instant)
            /// It sleeps, and the policy allows a step deeper.
            case sleeper(since: Instant, next: Depth)
        }
        var key: UInt64
        var standing: Standing
    }

    /// Who sleeps, or sleeps deeper, next; null: nobody can.
    static func next(_ candidates: [Candidate], _ now: Instant) -> (key: UInt64, depth: Depth)? {
        var idle: (key: UInt64, since: Instant)?
        var sleeper: (key: UInt64, since: Instant, depth: Depth)?
        for candidate in candidates {
            switch candidate.standing {
            case .idle(let lastUse):
                guard now - lastUse >= inUseFor, idle.map({ lastUse < $0.since }) ?? true else { continue }
                idle = (candidate.key, lastUse)
            case .sleeper(let since, let depth):
                if sleeper.map({ since < $0.since }) ?? true { sleeper = (candidate.key, since, depth) }
            }
        }
        return idle.map { ($0.key, .frozen) } ?? sleeper.map { ($0.key, $0.depth) }
    }
}
