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
        let machine = view.machine
        self.init(
            name: view.policy.name, tier: view.policy.tier, state: machine.state.rawValue,
            depth: machine.depth?.rawValue, since: Wire.timestamp(milliseconds: view.wall(machine.stateSince)),
            trigger: machine.lastTrigger.rawValue, by: machine.lastBy,
            container: machine.containers.first.map {
                // Docker's own word: it believes that sleepers by the kernel's freezer run.
                let isDirect = view.freezer == .cgroup && $0.status == .paused && !$0.isPausedTwice
                return Container(
                    id: $0.id, name: $0.name, image: $0.image, status: isDirect ? "running" : $0.dockerStatus)
            },
            freezer: view.freezer.rawValue, wakeBudgetMs: view.policy.settings.wakeBudget.rounded,
            idleS: Double((view.now - machine.lastUse).milliseconds / 10) / 100, pinned: machine.pin != nil,
            leases: machine.leases.count, error: machine.error,
            retryAt: machine.retryAt.map { Wire.timestamp(milliseconds: view.wall($0)) },
            memory: Memory(residentBytes: view.memory?.residentBytes, swappedBytes: view.memory?.swappedBytes),
            wakes: Wakes(view.latencies),
            lastWake: view.lastWake.map { mark in
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
            service: view.policy.name, state: view.machine.state.rawValue, woke: view.machine.state == .waking,
            from: view.machine.depth?.rawValue, elapsedMs: 0, budgetMs: view.policy.settings.wakeBudget.rounded,
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

extension PolicyAnswer {
    init(_ policy: Policy, mode: Mode) {
        self.init(
            source: policy.source, mode: mode.rawValue, onExit: policy.onExit.rawValue,
            maxConcurrentWakes: policy.maxConcurrentWakes, notInEffect: policy.notInEffect.map(\.description),
            services: policy.services.map { service in
                let tier = policy.tiers.first { $0.name == service.tier }
                return Entry(
                    name: service.name, tier: service.tier,
                    settings: PolicyKey.allCases.map { key in
                        Setting(key: key.rawValue, value: service.text(of: key), origin: service.origin(of: key, tier))
                    })
            })
    }
}

extension ServicePolicy {
    fileprivate func origin(of key: PolicyKey, _ tier: Tier?) -> String {
        if let line = lines[key] { return "line \(line)" }
        if let line = tier?.lines[key] { return "tier \(self.tier) line \(line)" }
        return "built-in"
    }

    /// A setting as it would be written in the file.
    fileprivate func text(of key: PolicyKey) -> String {
        func list(_ words: [String]) -> String { "[\(words.joined(separator: ", "))]" }
        func percent(_ share: Double) -> String {
            let text = "\((share * 10_000).rounded() / 100)"
            return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + "%"
        }
        switch key {
        case .tier: return tier
        case .container: return container.written
        case .replicas: return settings.replicas.rawValue
        case .sleep: return settings.sleep.rawValue
        case .idleAfter: return DurationText.format(settings.idleAfter)
        case .minAwake: return DurationText.format(settings.minAwake)
        case .wakeBudget: return DurationText.format(settings.wakeBudget)
        case .wakeTimeout: return DurationText.format(settings.wakeTimeout)
        case .reclaim:
            guard let reclaim = settings.reclaim else { return "never" }
            return "{after: \(DurationText.format(reclaim.after)), target: \(percent(reclaim.target))}"
        case .stopAfter: return settings.stopAfter.map(DurationText.format) ?? "never"
        case .freezer: return settings.freezer.rawValue
        case .wakeOn: return list(WakeSource.allCases.filter(settings.wakeOn.contains).map(\.rawValue))
        case .activity: return list(ActivitySignal.allCases.filter(settings.activity.contains).map(\.rawValue))
        case .networkFloor:
            let floor = settings.networkFloorBytesPerSecond
            return floor % 1024 == 0 ? "\(floor / 1024)KiB/s" : "\(floor)B/s"
        case .cpuFloor: return percent(settings.cpuFloor)
        case .ignoreSources: return list(settings.ignoreSources.map(\.description))
        case .ready:
            switch settings.ready {
            case nil: return "HEALTHCHECK after a stop"
            case Readiness.none?: return "none"
            case .tcp(let port)?: return "{tcp: \(port)}"
            case .http(let port, let path)?: return "{http: \":\(port)\(path)\"}"
            case .url(let url)?: return url
            case .after(let time)?: return "{after: \(DurationText.format(time))}"
            }
        case .requires: return list(settings.requires)
        }
    }
}
