/// Letting go of every service before the end: who is left, and who waits for that.
struct Departure {
    private(set) var left: Set<UInt64>
    private var waiter: CheckedContinuation<Void, Never>?

    /// - Parameter keys: the services that are to be let go of.
    init(_ keys: some Sequence<UInt64>) { left = Set(keys) }

    /// One has been.
    mutating func letGo(of key: UInt64) {
        left.remove(key)
        if left.isEmpty { giveUp() }
    }

    /// Resumes when none is left, or by `giveUp`.
    mutating func wait(_ continuation: CheckedContinuation<Void, Never>) {
        waiter = continuation
        if left.isEmpty { giveUp() }
    }

    mutating func giveUp() {
        waiter?.resume()
        waiter = nil
    }
}
