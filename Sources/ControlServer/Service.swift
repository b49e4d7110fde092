internal import ControlTypes
internal import SleepCore
internal import SleepEngine

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
