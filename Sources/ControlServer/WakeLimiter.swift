internal import NIOCore

/// Bounds how many sleepers one peer may wake. Event loop only.
///
/// A token bucket per peer: a gateway's burst goes through, somebody who keeps a whole host awake doesn't.
final class WakeLimiter {
    static let burst = 500.0
    static let perSecond = 20.0
    private static let mostPeers = 1024

    private var peers: [String: (left: Double, at: NIODeadline)] = [:]

    /// False: it has woken too many.
    func take(_ peer: String, now: NIODeadline) -> Bool {
        if peers.count >= Self.mostPeers { peers = peers.filter { refilled($0.value, now) < Self.burst } }
        var left = peers[peer].map { refilled($0, now) } ?? Self.burst
        defer { peers[peer] = (left, now) }
        guard left >= 1 else { return false }
        left -= 1
        return true
    }

    private func refilled(_ bucket: (left: Double, at: NIODeadline), _ now: NIODeadline) -> Double {
        min(Self.burst, bucket.left + Double((now - bucket.at).nanoseconds) / 1e9 * Self.perSecond)
    }
}
