package import SleepCore

extension Journal {
    /// That svcd is about to put, or has put, a container to sleep.
    package struct Intent: Sendable, Equatable {
        package var container: String
        package var service: String
        package var depth: Depth
        /// Wall clock, milliseconds since 1970.
        package var beganMilliseconds: Int64
        /// The kernel's boot id: a pause doesn't outlive a boot.
        package var boot: String
        /// Where the kernel's freezer holds it; null: Docker paused it.
        package var place: String?

        package init(
            container: String, service: String, depth: Depth, beganMilliseconds: Int64,
            boot: String, place: String? = nil
        ) {
            self.place = place
            self.container = container
            self.service = service
            self.depth = depth
            self.beganMilliseconds = beganMilliseconds
            self.boot = boot
        }
    }

    package struct Lease: Sendable, Equatable {
        package var id: String
        package var service: String
        /// The uid of whoever took it.
        package var peer: UInt32
        package var expiresMilliseconds: Int64
    }

    package struct TransitionRow: Sendable, Equatable {
        package var atMilliseconds: Int64
        package var service: String
        package var from: String
        package var to: String
        package var depth: String?
        package var trigger: String
        package var by: String?
        package var elapsedMicroseconds: Int64?
        /// done, failed or observed.
        package var outcome: String
        package var error: String?
        /// Where memory was handed back, in bytes.
        package var residentBefore: Int?
        package var residentAfter: Int?
    }

    /// The latency of one waiter of one wake.
    package struct WakeRow: Sendable, Equatable {
        package var atMilliseconds: Int64
        package var service: String
        package var tier: String
        package var depth: String
        package var trigger: String
        package var elapsedMicroseconds: Int64
        package var queuedMicroseconds: Int64
        package var thawMicroseconds: Int64
        package var readyMicroseconds: Int64
        package var budgetMicroseconds: Int64
        /// What the policy meant by the service's name, as written there; null: not kept then.
        package var match: String?
    }

    package enum Entry: Sendable {
        case intent(Intent)
        case forget([String])
        case lease(Lease)
        case leaseEnded(String)
        /// Null: until unpinned.
        case pin(service: String, expires: Int64?)
        case unpin(service: String)
        case setting(key: String, value: String)
        case transition(TransitionRow)
        case wake(WakeRow)
        /// Drops history from before, in wall-clock milliseconds.
        case prune(Int64)
    }

    /// What the journal held when svcd started.
    package struct Snapshot: Sendable {
        package var intents: [Intent] = []
        package var leases: [Lease] = []
        /// By service; null: until unpinned.
        package var pins: [String: Int64?] = [:]
        package var settings: [String: String] = [:]
    }
}
