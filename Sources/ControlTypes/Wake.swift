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
