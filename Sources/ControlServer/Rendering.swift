internal import ControlTypes
internal import SleepCore
internal import SleepEngine

// How the engine's values look on the wire.

extension Duration {
    /// Milliseconds to two digits behind the point.
    fileprivate var rounded: Double { Double(microseconds / 10) / 100 }
}

private func milliseconds(_ microseconds: Int64) -> Double { Duration.microseconds(microseconds).rounded }

extension Phases {
    init(_ report: SleepMachine.WakeReport) {
        self.init(queuedMs: report.queued.rounded, thawMs: report.thaw.rounded, readyMs: report.ready.rounded)
    }
}

extension Service.Wakes {
    init(_ latencies: LatencyHistogram?) {
        func percentile(_ percent: Double) -> Double? { latencies?.percentile(percent)?.rounded }
        self.init(
            count: latencies?.count ?? 0, withinBudget: latencies?.withinBudget ?? 0, p50Ms: percentile(50),
            p95Ms: percentile(95), p99Ms: percentile(99), maxMs: percentile(100))
    }
}

extension Service {
    init(_ view: ServiceView) {
        self.init(
            name: view.policy.name, tier: view.policy.tier, state: view.state.rawValue,
            depth: view.depth?.rawValue, since: Wire.timestamp(milliseconds: view.wall(view.change.at)),
            trigger: view.change.trigger.rawValue, by: view.change.by,
            container: view.containers.first.map {
                // Docker's own word: it believes that sleepers by the kernel's freezer run.
                let isDirect = view.freezer.kind == .cgroup && $0.status == .paused && !$0.isPausedTwice
                return Container(
                    id: $0.id, name: $0.name, image: $0.image, status: isDirect ? "running" : $0.dockerStatus)
            },
            freezer: view.freezer.kind.rawValue, wakeBudgetMs: view.policy.settings.wakeBudget.rounded,
            idleS: Double((view.moment.now - view.use.last).milliseconds / 10) / 100, pinned: view.use.isPinned,
            leases: view.use.leases, error: view.trouble.error,
            retryAt: view.trouble.retryAt.map { Wire.timestamp(milliseconds: view.wall($0)) },
            memory: Memory(
                residentBytes: view.memory.reading?.residentBytes, swappedBytes: view.memory.reading?.swappedBytes),
            wakes: Wakes(view.records.latencies),
            lastWake: view.records.lastWake.map { mark in
                LastWake(
                    at: Wire.timestamp(milliseconds: mark.atMilliseconds), elapsedMs: mark.report.elapsed.rounded,
                    from: mark.report.from?.rawValue, trigger: mark.report.trigger.rawValue,
                    phases: Phases(mark.report))
            })
    }
}

extension Wake {
    init(_ answer: Supervisor.WakeAnswer, _ report: SleepMachine.WakeReport) {
        self.init(
            service: answer.service, state: answer.state.rawValue, woke: report.woke, from: report.from?.rawValue,
            elapsedMs: report.elapsed.rounded, budgetMs: answer.budget.rounded,
            withinBudget: report.elapsed <= answer.budget, trigger: report.trigger.rawValue, phases: Phases(report))
    }

    /// A wake that nobody waits for.
    init(begun view: ServiceView) {
        self.init(
            service: view.policy.name, state: view.state.rawValue, woke: view.state == .waking,
            from: view.depth?.rawValue, elapsedMs: 0, budgetMs: view.policy.settings.wakeBudget.rounded,
            withinBudget: true, trigger: Trigger.operator.rawValue, phases: Phases(queuedMs: 0, thawMs: 0, readyMs: 0))
    }
}

extension History.Entry {
    init(_ row: Journal.TransitionRow) {
        self.init(
            at: Wire.timestamp(milliseconds: row.atMilliseconds), service: row.service, from: row.from, to: row.to,
            depth: row.depth, trigger: row.trigger, by: row.by, elapsedMs: row.elapsedMicroseconds.map(milliseconds),
            outcome: row.outcome, error: row.error, residentBeforeBytes: row.residentBefore,
            residentAfterBytes: row.residentAfter)
    }
}

extension EventAnswer {
    init(_ notice: EngineNotice) {
        self.init(
            kind: notice.kind.rawValue, at: Wire.timestamp(milliseconds: notice.atMilliseconds),
            transition: notice.row.map(History.Entry.init), message: notice.message)
    }
}

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
