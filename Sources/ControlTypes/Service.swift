package struct ServiceList: Codable, Sendable {
    package var services: [Service]
    package init(services: [Service]) { self.services = services }
}

package struct Service: Codable, Sendable {
    package struct Container: Codable, Sendable {
        package var id: String
        package var name: String
        package var image: String
        /// Docker's own word.
        package var status: String
        package init(id: String, name: String, image: String, status: String) {
            self.id = id
            self.name = name
            self.image = image
            self.status = status
        }
    }

    package struct Memory: Codable, Sendable {
        @Nullable package var residentBytes: Int?
        @Nullable package var swappedBytes: Int?
        package init(residentBytes: Int?, swappedBytes: Int?) {
            self.residentBytes = residentBytes
            self.swappedBytes = swappedBytes
        }
    }

    package struct Wakes: Codable, Sendable {
        package var count: Int
        package var withinBudget: Int
        @Nullable package var p50Ms: Double?
        @Nullable package var p95Ms: Double?
        @Nullable package var p99Ms: Double?
        @Nullable package var maxMs: Double?
        package init(
            count: Int, withinBudget: Int, p50Ms: Double?, p95Ms: Double?, p99Ms: Double?, maxMs: Double?
        ) {
            self.count = count
            self.withinBudget = withinBudget
            self.p50Ms = p50Ms
            self.p95Ms = p95Ms
            self.p99Ms = p99Ms
            self.maxMs = maxMs
        }
    }

    package struct LastWake: Codable, Sendable {
        package var at: String
        package var elapsedMs: Double
        @Nullable package var from: String?
        package var trigger: String
        package var phases: Phases
        package init(at: String, elapsedMs: Double, from: String?, trigger: String, phases: Phases) {
            self.at = at
            self.elapsedMs = elapsedMs
            self.from = from
            self.trigger = trigger
            self.phases = phases
        }
    }

    package var name: String
    package var tier: String
    package var state: String
    @Nullable package var depth: String?
    package var since: String
    package var trigger: String
    @Nullable package var by: String?
    /// The first container; null where there is none.
    @Nullable package var container: Container?
    package var freezer: String
    package var wakeBudgetMs: Double
    package var idleS: Double
    package var pinned: Bool
    package var leases: Int
    @Nullable package var error: String?
    @Nullable package var retryAt: String?
    package var memory: Memory
    package var wakes: Wakes
    @Nullable package var lastWake: LastWake?

    package init(
        name: String, tier: String, state: String, depth: String?, since: String, trigger: String, by: String?,
        container: Container?, freezer: String, wakeBudgetMs: Double, idleS: Double, pinned: Bool, leases: Int,
        error: String?, retryAt: String?, memory: Memory, wakes: Wakes, lastWake: LastWake?
    ) {
        self.name = name
        self.tier = tier
        self.state = state
        self.depth = depth
        self.since = since
        self.trigger = trigger
        self.by = by
        self.container = container
        self.freezer = freezer
        self.wakeBudgetMs = wakeBudgetMs
        self.idleS = idleS
        self.pinned = pinned
        self.leases = leases
        self.error = error
        self.retryAt = retryAt
        self.memory = memory
        self.wakes = wakes
        self.lastWake = lastWake
    }
}
