/// What went wrong, and when it is worth another try.
///
/// A failed wake or sleep is tried again after a backoff, and forgotten once it has succeeded. What keeps a sleeper
/// from going deeper holds for this sleep only.
struct Setbacks: Sendable {
    struct Failure: Equatable {
        var message: String
        /// How many times in a row.
        var count: Int
        var retryAt: Instant
    }

    private(set) var wake: Failure?
    private(set) var sleep: Failure?
    private(set) var reclaim: ReclaimHindrance?
    /// Why its container isn't stopped.
    private(set) var stop: String?
    private var random: SplitMix

    /// How long a reclaim that a guard has stopped waits before it tries again.
    private static let reclaimRetry = Duration.seconds(60)

    init(seed: UInt64) { random = SplitMix(state: seed) }

    /// What failed last and has not succeeded since.
    var error: String? { wake?.message ?? sleep?.message }
    var retryAt: Instant? { wake?.retryAt ?? sleep?.retryAt }

    mutating func wakeFailed(_ message: String, at now: Instant) {
        let count = (wake?.count ?? 0) + 1
        wake = Failure(message: message, count: count, retryAt: now + backoff(count, base: 1, most: 60))
    }

    mutating func sleepFailed(_ message: String, at now: Instant) {
        let count = (sleep?.count ?? 0) + 1
        sleep = Failure(message: message, count: count, retryAt: now + backoff(count, base: 5, most: 300))
    }

    /// A client that asks doesn't wait out the backoff of what failed for another one.
    mutating func retryWake(at now: Instant) { wake?.retryAt = now }

    /// It runs, or there is nothing that a wake could do.
    mutating func forgetWake() { wake = nil }

    mutating func sleepSucceeded() { (wake, sleep) = (nil, nil) }

    /// A sleep begins: nothing has kept it from going deeper yet.
    mutating func sleepBegan() { (reclaim, stop) = (nil, nil) }

    mutating func reclaimEnded(_ outcome: ReclaimOutcome, at now: Instant) {
        switch outcome.end {
        case .done where !outcome.isDeep:
            reclaim = ReclaimHindrance(message: "there is nothing to hand back", retryAt: nil)
        case .done, .halted: reclaim = nil
        case .guarded(let why): reclaim = ReclaimHindrance(message: why, retryAt: now + Self.reclaimRetry)
        case .unavailable(let why): reclaim = ReclaimHindrance(message: why, retryAt: nil)
        }
    }

    mutating func stopFailed(_ message: String) { stop = message }

    /// `base` seconds, doubled for every failure, at most `most`, with up to a quarter more at random.
    private mutating func backoff(_ count: Int, base: Double, most: Double) -> Duration {
        let seconds = min(most, base * Double(1 << min(count - 1, 16)))
        return .seconds(seconds * (1 + Double.random(in: 0..<0.25, using: &random)))
    }
}

/// Why a sleeper's memory isn't handed back.
package struct ReclaimHindrance: Sendable, Equatable {
    package var message: String
    /// Null: not in this sleep.
    package var retryAt: Instant?
}

extension ReclaimOutcome {
    /// Whether the service has less in memory for it. What an earlier sleep has handed back may be in swap still.
    var isDeep: Bool { freedBytes > 0 || (end == .done && after?.swappedBytes ?? 0 > 0) }
}
