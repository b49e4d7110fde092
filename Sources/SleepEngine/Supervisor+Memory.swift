internal import Logging
internal import SleepCore

/// One service's memory on its way back to the host.
struct ReclaimJob: Sendable {
    var driver: UInt64
    var id: UInt64
    var containers: [Container]
    var share: Double
    var flag = HaltFlag()
}

/// Handing memory back, and learning from wakes how much of it.
extension Supervisor {
    static let sharePrefix = "share."
    /// How long after a wake what it brought back is counted: "the first seconds".
    private static let assessAfter = Duration.seconds(2)

    // MARK: Handing back

    func enqueueReclaim(_ id: UInt64, _ containers: [Container], _ driver: ServiceDriver) {
        let job = ReclaimJob(driver: driver.key, id: id, containers: containers, share: driver.share.value)
        if reclaimUnderWay == nil { begin(job) } else { reclaimsWaiting.append(job) }
    }

    private func begin(_ job: ReclaimJob) {
        reclaimUnderWay = job
        outbox.yield(.reclaim(job))
    }

    /// One that hasn't begun ends at once: a wake doesn't wait for its turn.
    func haltReclaim(of driver: ServiceDriver) {
        if let index = reclaimsWaiting.firstIndex(where: { $0.driver == driver.key }) {
            let job = reclaimsWaiting.remove(at: index)
            outbox.yield(.reclaimed(driver.key, id: job.id, ReclaimOutcome(.halted)))
        } else if let job = reclaimUnderWay, job.driver == driver.key {
            job.flag.raise()
        }
    }

    func reclaim(_ job: ReclaimJob) async {
        var sum = ReclaimOutcome(.done)
        for var container in job.containers {
            if container.pid == 0 {
                guard let found = try? await world.engine.inspect(id: container.id, within: Self.lookLimit) else {
                    continue
                }
                container = found
            }
            let outcome = await world.host.reclaim(container, share: job.share, order: job.flag)
            sum.before = Self.sum(sum.before, outcome.before)
            sum.after = Self.sum(sum.after, outcome.after)
            sum.end = outcome.end
            if outcome.end != .done { break }
        }
        switch sum.end {
        case .unavailable(let why), .guarded(let why): explain(why)
        case .done, .halted: break
        }
        deliver(.reclaimFinished(job.id, sum), to: job.driver)
        reclaimUnderWay = nil
        if !reclaimsWaiting.isEmpty { begin(reclaimsWaiting.removeFirst()) }
    }

    /// Says once why memory can't be handed back; `why` and `doctor` say it whenever asked.
    private func explain(_ why: String) {
        guard explained.insert(why).inserted else { return }
        world.logger.warning("memory can't be handed back", metadata: ["reason": "\(why)"])
    }

    private static func sum(_ left: MemoryReading?, _ right: MemoryReading?) -> MemoryReading? {
        guard let left, let right else { return left ?? right }
        return MemoryReading(
            residentBytes: left.residentBytes + right.residentBytes,
            swappedBytes: left.swappedBytes + right.swappedBytes, majorFaults: left.majorFaults + right.majorFaults)
    }

    /// Of all its containers that have a process; null where nothing can be read.
    func memory(of driver: ServiceDriver) -> MemoryReading? {
        driver.machine.containers.reduce(nil) { Self.sum($0, world.host.memory(of: $1)) }
    }

    // MARK: Learning

    /// Before the thaw: what a wake brings back is counted from here, and what the last ones needed is asked for.
    func prepareWake(_ driver: ServiceDriver) {
        driver.memoryAtWake = nil
        guard driver.machine.depth == .reclaimed else { return }
        driver.memoryAtWake = memory(of: driver)
        for container in driver.machine.containers { world.host.prefetch(container) }
    }

    /// Takes the full cost of a deep wake: until ready, and, where nobody asks whether it answers, what the
    /// faults of the first seconds have cost.
    func assess(_ report: SleepMachine.WakeReport, of key: UInt64) async {
        do { try await world.time.sleep(until: now + Self.assessAfter) } catch { return }
        guard let driver = drivers[key], byName[driver.name] === driver,
            let target = driver.policy.settings.reclaim?.target,
            driver.machine.condition == .running
        else { return }
        let containers = driver.machine.containers
        let settings = driver.policy.settings
        var cost = report.thaw + report.ready
        let memory = memory(of: driver)
        let faults = max(0, (memory?.majorFaults ?? 0) - (driver.memoryAtWake?.majorFaults ?? .max))
        if settings.ready == nil || settings.ready == Readiness.none { cost += world.host.majorFaultCost * faults }
        let hasChanged = driver.share.note(cost: cost, budget: settings.wakeBudget, target: target)
        world.logger.debug(
            "deep wake assessed",
            metadata: [
                "service.name": "\(driver.name)", "wake.cost_ms": "\(cost.milliseconds)", "faults": "\(faults)",
                "share": "\(driver.share.value)",
            ])
        if hasChanged {
            learnedShares[driver.name] = driver.share.value
            journal.write(.setting(key: Self.sharePrefix + driver.name, value: "\(driver.share.value)"))
        }
        for container in containers { await world.host.learn(container) }
        let held = Set(drivers.values.flatMap { $0.machine.containers.map(\.id) })
        world.host.keepKnowledge(of: held)
    }
}
