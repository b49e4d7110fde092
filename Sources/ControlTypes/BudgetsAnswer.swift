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
