internal import ControlTypes
internal import SleepCore
internal import SleepEngine

extension BudgetsAnswer {
    init(_ budgets: Budgets, since: Int64, policy: Policy) {
        func line(_ line: Budgets.Line) -> Line {
            let latencies = line.latencies
            return Line(
                name: line.name, tier: line.tier, budgetMs: milliseconds(line.budgetMicroseconds),
                wakes: Service.Wakes(latencies),
                shareWithinBudget: latencies.count == 0
                    ? nil : Double(latencies.withinBudget) / Double(latencies.count))
        }
        /// Everything the policy has, in its order, then what it no longer has.
        func lines(_ found: [String: Budgets.Line], _ known: [Budgets.Line]) -> [Line] {
            let names = Set(known.map(\.name))
            let gone = found.values.filter { !names.contains($0.name) }.sorted { $0.name < $1.name }
            return (known.map { found[$0.name] ?? $0 } + gone).map(line)
        }
        let tiers = policy.tiers.map {
            Budgets.Line(name: $0.name, tier: $0.name, budgetMicroseconds: $0.settings.wakeBudget.microseconds)
        }
        let services = policy.services.map {
            Budgets.Line(name: $0.name, tier: $0.tier, budgetMicroseconds: $0.settings.wakeBudget.microseconds)
        }
        self.init(
            since: Wire.timestamp(milliseconds: since), tiers: lines(budgets.tiers, tiers),
            services: lines(budgets.services, services))
    }
}
