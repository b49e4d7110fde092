internal import Logging
internal import SleepCore

/// What happens when the host runs short of memory: idle services sleep early, then sleepers go deeper.
extension Supervisor {
    private static let pressureEvery = Duration.seconds(2)
    /// Pressure is over only below this share of the threshold, so that svcd doesn't flutter around it.
    private static let hysteresis = 0.7
    /// Used within so long, a service is not idle, whatever the pressure.
    private static let inUseFor = Duration.seconds(10)

    /// Begins to watch where the policy asks for it.
    func mindPressure() {
        guard policy.pressure != nil, !isWatchingPressure else { return }
        isWatchingPressure = true
        outbox.yield(.watchPressure)
    }

    /// Returns once the policy asks for it no more.
    func watchPressure() async {
        defer { isWatchingPressure = false }
        var isHigh = false
        while let pressure = policy.pressure, !Task.isCancelled {
            guard let share = world.host.memoryPressure() else {
                world.logger.warning("pressure can't be read: the kernel doesn't tell it (PSI)")
                return
            }
            let isStill = share >= pressure.memorySomeAvg10 * (isHigh ? Self.hysteresis : 1)
            if isStill != isHigh {
                isHigh = isStill
                world.logger.notice(
                    isHigh ? "memory pressure is high" : "memory pressure is over", metadata: ["some_avg10": "\(share)"]
                )
            }
            // One at a time: each step takes a while to show.
            if isHigh, reclaimUnderWay == nil { relieve() }
            do { try await world.time.sleep(until: now + Self.pressureEvery) } catch { return }
        }
    }

    private func relieve() {
        let now = now
        let idle = byName.values.filter { driver in
            let machine = driver.machine
            return machine.state == .awake && now - machine.lastUse >= Self.inUseFor && machine.vetoes(now).isEmpty
        }
        if let longest = idle.min(by: { $0.machine.lastUse < $1.machine.lastUse }) {
            press(longest, to: .frozen)
            return
        }
        let sleepers = byName.values.compactMap { driver in deeper(driver).map { (driver, $0) } }
        if let (driver, depth) = sleepers.min(by: { $0.0.machine.asleepSince < $1.0.machine.asleepSince }) {
            press(driver, to: depth)
        }
    }

    /// The next step that the policy allows a sleeper; null: none.
    private func deeper(_ driver: ServiceDriver) -> Depth? {
        let machine = driver.machine
        guard machine.state == .asleep, !machine.isReclaiming else { return nil }
        switch machine.depth {
        case .frozen? where driver.policy.settings.reclaim != nil && machine.reclaimHindrance == nil: return .reclaimed
        case .frozen?, .reclaimed?:
            return driver.policy.settings.stopAfter != nil && machine.stopHindrance == nil ? .stopped : nil
        default: return nil
        }
    }

    private func press(_ driver: ServiceDriver, to depth: Depth) {
        lastWaiter += 1
        deliver(
            .sleepRequested(.init(id: lastWaiter, depth: depth, trigger: .pressure, by: nil)), to: driver.key)
    }
}
