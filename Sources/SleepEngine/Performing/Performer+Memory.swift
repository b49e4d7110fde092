internal import SleepCore

/// Handing memory back, and what a deep wake has cost.
extension Performer {
    /// How long after a wake what it brought back is counted: "the first seconds".
    private static let assessAfter = Duration.seconds(2)

    func reclaim(_ job: ReclaimJob) async -> ReclaimOutcome {
        var sum = ReclaimOutcome(.done)
        for var container in job.containers {
            if container.pid == 0 {
                guard let found = try? await world.engine.inspect(id: container.id, within: Self.lookLimit) else {
                    continue
                }
                container = found
            }
            let outcome = await world.host.reclaim(container, share: job.share, order: job.flag)
            sum.before = sum.before + outcome.before
            sum.after = sum.after + outcome.after
            sum.end = outcome.end
            if outcome.end != .done { break }
        }
        return sum
    }

    /// Of all these together; null where nothing can be read.
    func memory(of containers: [Container]) -> MemoryReading? {
        containers.reduce(nil) { $0 + world.host.memory(of: $1) }
    }

    /// Returns when the first seconds after a wake are over; false: it was cancelled.
    func waitToAssess() async -> Bool {
        do {
            try await world.time.sleep(until: world.time.now + Self.assessAfter)
            return true
        } catch {
            return false
        }
    }

    /// The full cost of a deep wake: until ready, and, where nothing asks whether it answers, what the faults of
    /// the first seconds have cost.
    func cost(of report: SleepMachine.WakeReport, _ sleeper: Sleeper, before: MemoryReading?) -> Duration {
        let cost = report.thaw + report.ready
        guard sleeper.settings.ready == nil || sleeper.settings.ready == Readiness.none else { return cost }
        let faults = memory(of: sleeper.containers)?.majorFaults ?? 0
        return cost + world.host.majorFaultCost * max(0, faults - (before?.majorFaults ?? .max))
    }

    func learn(_ containers: [Container]) async {
        for container in containers { await world.host.learn(container) }
    }
}

extension MemoryReading? {
    /// What is known of both together; what isn't known counts for nothing.
    fileprivate static func + (left: MemoryReading?, right: MemoryReading?) -> MemoryReading? {
        guard let left, let right else { return left ?? right }
        return MemoryReading(
            residentBytes: left.residentBytes + right.residentBytes,
            swappedBytes: left.swappedBytes + right.swappedBytes, majorFaults: left.majorFaults + right.majorFaults)
    }
}
