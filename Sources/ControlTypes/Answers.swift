// What the API answers. Times are RFC 3339 in UTC, latencies milliseconds, names as in the policy.

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

package struct Phases: Codable, Sendable {
    package var queuedMs: Double
    package var thawMs: Double
    package var readyMs: Double
    package init(queuedMs: Double, thawMs: Double, readyMs: Double) {
        self.queuedMs = queuedMs
        self.thawMs = thawMs
        self.readyMs = readyMs
    }
}

package struct Wake: Codable, Sendable {
    package var service: String
    package var state: String
    /// False: it was awake already.
    package var woke: Bool
    @Nullable package var from: String?
    package var elapsedMs: Double
    package var budgetMs: Double
    package var withinBudget: Bool
    package var trigger: String
    package var phases: Phases

    package init(
        service: String, state: String, woke: Bool, from: String?, elapsedMs: Double, budgetMs: Double,
        withinBudget: Bool, trigger: String, phases: Phases
    ) {
        self.service = service
        self.state = state
        self.woke = woke
        self.from = from
        self.elapsedMs = elapsedMs
        self.budgetMs = budgetMs
        self.withinBudget = withinBudget
        self.trigger = trigger
        self.phases = phases
    }
}

package struct Lease: Codable, Sendable {
    package var id: String
    package var service: String
    package var expiresAt: String
    package var wake: Wake

    package init(id: String, service: String, expiresAt: String, wake: Wake) {
        self.id = id
        self.service = service
        self.expiresAt = expiresAt
        self.wake = wake
    }
}

package struct ModeAnswer: Codable, Sendable {
    package var mode: String
    package init(mode: String) { self.mode = mode }
}

package struct Reloaded: Codable, Sendable {
    package var services: Int
    /// What the policy asks for and this build doesn't do yet.
    package var notInEffect: [String]
    package init(services: Int, notInEffect: [String]) {
        self.services = services
        self.notInEffect = notInEffect
    }
}

package struct Why: Codable, Sendable {
    /// Something that would change the state.
    package struct Change: Codable, Sendable {
        package var what: String
        /// Null: no particular time.
        @Nullable package var at: String?
        package init(what: String, at: String?) {
            self.what = what
            self.at = at
        }
    }
    package var service: String
    package var state: String
    @Nullable package var depth: String?
    package var since: String
    package var trigger: String
    @Nullable package var by: String?
    /// Why it is in this state, a sentence each.
    package var because: [String]
    /// What keeps it from falling asleep now.
    package var vetoes: [String]
    package var changes: [Change]

    package init(
        service: String, state: String, depth: String?, since: String, trigger: String, by: String?,
        because: [String], vetoes: [String], changes: [Change]
    ) {
        self.service = service
        self.state = state
        self.depth = depth
        self.since = since
        self.trigger = trigger
        self.by = by
        self.because = because
        self.vetoes = vetoes
        self.changes = changes
    }
}

package struct History: Codable, Sendable {
    package struct Entry: Codable, Sendable {
        package var at: String
        package var service: String
        package var from: String
        package var to: String
        @Nullable package var depth: String?
        package var trigger: String
        @Nullable package var by: String?
        @Nullable package var elapsedMs: Double?
        /// done, failed or observed; or what an operator has asked for: pin, unpin, mode …, reload.
        package var outcome: String
        @Nullable package var error: String?
        /// Where memory was handed back: what was resident before and after.
        @Nullable package var residentBeforeBytes: Int?
        @Nullable package var residentAfterBytes: Int?

        package init(
            at: String, service: String, from: String, to: String, depth: String?, trigger: String, by: String?,
            elapsedMs: Double?, outcome: String, error: String?, residentBeforeBytes: Int?, residentAfterBytes: Int?
        ) {
            self.residentBeforeBytes = residentBeforeBytes
            self.residentAfterBytes = residentAfterBytes
            self.at = at
            self.service = service
            self.from = from
            self.to = to
            self.depth = depth
            self.trigger = trigger
            self.by = by
            self.elapsedMs = elapsedMs
            self.outcome = outcome
            self.error = error
        }
    }
    /// The newest first.
    package var history: [Entry]
    package init(history: [Entry]) { self.history = history }
}

package struct BudgetsAnswer: Codable, Sendable {
    package struct Line: Codable, Sendable {
        package var name: String
        package var tier: String
        package var budgetMs: Double
        package var wakes: Service.Wakes
        /// 0...1; null before the first wake.
        @Nullable package var shareWithinBudget: Double?

        package init(name: String, tier: String, budgetMs: Double, wakes: Service.Wakes, shareWithinBudget: Double?) {
            self.name = name
            self.tier = tier
            self.budgetMs = budgetMs
            self.wakes = wakes
            self.shareWithinBudget = shareWithinBudget
        }
    }
    package var since: String
    package var tiers: [Line]
    package var services: [Line]

    package init(since: String, tiers: [Line], services: [Line]) {
        self.since = since
        self.tiers = tiers
        self.services = services
    }
}

/// The policy in effect.
package struct PolicyAnswer: Codable, Sendable {
    package struct Setting: Codable, Sendable {
        package var key: String
        /// As it would be written in the file.
        package var value: String
        /// `built-in`, `tier NAME line N` or `line N`.
        package var origin: String
        package init(key: String, value: String, origin: String) {
            self.key = key
            self.value = value
            self.origin = origin
        }
    }
    package struct Entry: Codable, Sendable {
        package var name: String
        package var tier: String
        package var settings: [Setting]
        package init(name: String, tier: String, settings: [Setting]) {
            self.name = name
            self.tier = tier
            self.settings = settings
        }
    }
    /// The origin of what no line has set.
    package static let builtIn = "built-in"

    @Nullable package var source: String?
    package var mode: String
    package var onExit: String
    package var maxConcurrentWakes: Int
    package var notInEffect: [String]
    package var services: [Entry]

    package init(
        source: String?, mode: String, onExit: String, maxConcurrentWakes: Int, notInEffect: [String],
        services: [Entry]
    ) {
        self.source = source
        self.mode = mode
        self.onExit = onExit
        self.maxConcurrentWakes = maxConcurrentWakes
        self.notInEffect = notInEffect
        self.services = services
    }
}

/// What a look at the host has found.
package struct DoctorAnswer: Codable, Sendable {
    package struct Check: Codable, Sendable {
        package enum Verdict: String, Codable, Sendable { case ok, warning, error }
        package var name: String
        package var verdict: Verdict
        package var detail: String
        /// What to do about it; null where there is nothing to do.
        @Nullable package var remedy: String?

        package init(_ name: String, _ verdict: Verdict, _ detail: String, remedy: String? = nil) {
            self.name = name
            self.verdict = verdict
            self.detail = detail
            self.remedy = remedy
        }
    }
    package var checks: [Check]
    package init(checks: [Check]) { self.checks = checks }
}

/// One line of the event stream.
package struct EventAnswer: Codable, Sendable {
    /// transition or daemon.
    package var kind: String
    package var at: String
    @Nullable package var transition: History.Entry?
    @Nullable package var message: String?

    package init(kind: String, at: String, transition: History.Entry?, message: String?) {
        self.kind = kind
        self.at = at
        self.transition = transition
        self.message = message
    }
}
