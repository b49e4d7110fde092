internal import HeapModule
internal import SleepCore

/// Who holds which lease: so many per peer, and nobody touches another's.
struct LeaseBook {
    struct Lease: Equatable {
        var service: String
        /// The uid of the caller that took it.
        var peer: UInt32
        var until: Instant
    }

    private struct Expiry: Comparable {
        var at: Instant
        var id: String
        static func < (left: Expiry, right: Expiry) -> Bool { left.at < right.at }
    }

    /// How many leases one peer may hold at once.
    static let mostPerPeer = 1000

    private static let spareExpiries = 64

    private var leases: [String: Lease] = [:]
    private var perPeer: [UInt32: Int] = [:]
    /// At least one for each lease, none later than it expires.
    private var expiries = Heap<Expiry>()

    /// False: its peer holds too many already.
    mutating func take(_ id: String, _ lease: Lease) -> Bool {
        guard perPeer[lease.peer, default: 0] < Self.mostPerPeer else { return false }
        restore(id, lease)
        return true
    }

    /// Takes one over from the journal, however many its peer holds.
    mutating func restore(_ id: String, _ lease: Lease) {
        if leases.updateValue(lease, forKey: id) == nil { perPeer[lease.peer, default: 0] += 1 }
        schedule(id, lease.until)
    }

    /// Null: unknown, expired, or another peer's.
    ///
    /// - Parameter peer: null: an operator, who may touch any.
    mutating func renew(_ id: String, until: Instant, by peer: UInt32?, _ now: Instant) -> Lease? {
        guard var lease = live(id, peer, now) else { return nil }
        lease.until = until
        let before = leases.updateValue(lease, forKey: id)?.until
        // One that lives longer is found to when it would have expired.
        if before.map({ until < $0 }) ?? true { schedule(id, until) }
        return lease
    }

    /// Null: unknown, expired, or another peer's.
    mutating func end(_ id: String, by peer: UInt32?, _ now: Instant) -> Lease? {
        guard let lease = live(id, peer, now) else { return nil }
        remove(id, lease)
        return lease
    }

    /// Forgets what has expired; the ids of it.
    mutating func takeExpired(_ now: Instant) -> [String] {
        var expired: [String] = []
        while let first = expiries.min, first.at <= now {
            expiries.removeMin()
            guard let lease = leases[first.id] else { continue }
            if lease.until > now {
                expiries.insert(Expiry(at: lease.until, id: first.id))
            } else {
                remove(first.id, lease)
                expired.append(first.id)
            }
        }
        return expired
    }

    private mutating func schedule(_ id: String, _ instant: Instant) {
        expiries.insert(Expiry(at: instant, id: id))
        // Those that ended early are still among them.
        guard expiries.count > 2 * leases.count + Self.spareExpiries else { return }
        expiries = Heap(leases.map { Expiry(at: $1.until, id: $0) })
    }

    private func live(_ id: String, _ peer: UInt32?, _ now: Instant) -> Lease? {
        guard let lease = leases[id], lease.until > now, peer == nil || peer == lease.peer else { return nil }
        return lease
    }

    private mutating func remove(_ id: String, _ lease: Lease) {
        leases[id] = nil
        let left = perPeer[lease.peer, default: 1] - 1
        perPeer[lease.peer] = left == 0 ? nil : left
    }

    /// 32 hexadecimal digits that nobody can guess.
    static func newID() -> String {
        var random = SystemRandomNumberGenerator()
        return hex(random.next()) + hex(random.next())
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// A lease as its holder learns of it.
package struct NewLease: Sendable {
    package var id: String
    package var expiresMilliseconds: Int64
}
