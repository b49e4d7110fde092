internal import Logging
internal import SleepCore

/// What a wake waits for after the thaw: that the service answers, and that what it requires is awake.
extension Supervisor {
    /// Health checks run every few seconds; asking more often than this finds nothing sooner.
    private static let longestHealthWait = Duration.milliseconds(100)

    /// Null: it is ready.
    func waitUntilReady(
        _ ids: [String], _ afterStart: Bool, _ limit: Duration, _ key: UInt64
    ) async -> SleepMachine.OperationFault? {
        guard let driver = drivers[key] else { return nil }
        let deadline = now + limit
        let readiness = driver.policy.settings.ready
        do {
            for id in ids {
                if let readiness {
                    try await answers(id, readiness, afterStart, deadline, driver)
                } else if afterStart {
                    try await isHealthy(id, deadline)
                }
            }
            return await requiredAreAwake(by: driver, deadline)
        } catch let notReady as NotReady {
            return .init(message: "it is not ready: \(notReady)", isTimeout: true)
        } catch let fault as EngineFault {
            if fault.isSilence { suspicions?.yield(.doubt) }
            return .init(message: "it is not ready: \(fault)")
        } catch {
            return .init(message: "it is not ready: \(error)")
        }
    }

    private func answers(
        _ id: String, _ readiness: Readiness, _ afterStart: Bool, _ deadline: Instant, _ driver: ServiceDriver
    ) async throws {
        var container = driver.machine.containers.first { $0.id == id }
        // A start may give it another address.
        if afterStart || container?.details == nil {
            container = try await world.engine.inspect(id: id, within: Self.lookLimit)
        }
        guard let container else { throw NotReady(description: "its container is gone") }
        try await world.readiness.wait(for: readiness, of: container, within: deadline - now)
    }

    /// Waits for Docker's HEALTHCHECK, where the container has one.
    private func isHealthy(_ id: String, _ deadline: Instant) async throws {
        var wait = Duration.milliseconds(1)
        while true {
            guard let found = try await world.engine.inspect(id: id, within: Self.lookLimit), found.status == .running
            else { throw NotReady(description: "its container has ended") }
            guard let health = found.details?.health, health != "healthy" else { return }
            guard now + wait < deadline else { throw NotReady(description: "its HEALTHCHECK says \(health)") }
            try await world.time.sleep(until: now + wait)
            wait = min(wait * 2, Self.longestHealthWait)
        }
    }

    // MARK: Requires

    /// Everything that a service requires, directly or through others, in no order.
    private func required(by driver: ServiceDriver) -> [ServiceDriver] {
        var found: [String: ServiceDriver] = [:]
        var next = driver.policy.settings.requires
        while let name = next.popLast() {
            guard found[name] == nil, let other = byName[name], other !== driver else { continue }
            found[name] = other
            next += other.policy.settings.requires
        }
        return Array(found.values)
    }

    /// Begins to wake what a service requires, beside its own wake.
    func wakeRequired(by driver: ServiceDriver) {
        for other in required(by: driver) where !other.machine.touch(now: now) {
            deliver(.wakeDemanded(.dependency, by: driver.name), to: other.key)
        }
    }

    /// The first service that it requires, directly or through others, and that isn't awake by svcd's doing.
    func sleepingRequirement(of driver: ServiceDriver) -> ServiceDriver? {
        required(by: driver).first { other in
            switch other.machine.state {
            case .asleep, .fallingAsleep, .waking, .failed: true
            case .awake, .held, .down, .absent, .ambiguous, .unknown: false
            }
        }
    }

    /// What others have done to a required service (held, down, absent, ambiguous) doesn't hold its dependents
    /// back: they run without it as they would without svcd.
    private func requiredAreAwake(
        by driver: ServiceDriver, _ deadline: Instant
    ) async -> SleepMachine.OperationFault? {
        for name in driver.policy.settings.requires {
            let answer = await wake(name, trigger: .dependency, by: driver.name, within: deadline - now)
            guard let answer, case .failure(let failure) = answer.result else { continue }
            switch failure {
            case .held, .down, .absent, .ambiguous:
                world.logger.debug(
                    "a required service is not there",
                    metadata: ["service.name": "\(driver.name)", "required": "\(name)", "state": "\(answer.state)"])
            case .failed(let why):
                return .init(message: "\(name), which it requires, could not be woken: \(why)")
            case .timedOut:
                return .init(message: "\(name), which it requires, was not awake in time", isTimeout: true)
            case .engineUnavailable:
                return .init(message: "\(name), which it requires, sleeps, and Docker can't be asked")
            }
        }
        return nil
    }

    /// Tells required services whether this one needs them; while it does, they don't fall asleep.
    func noteNeed(of driver: ServiceDriver) {
        guard !driver.policy.settings.requires.isEmpty, byName[driver.name] === driver else { return }
        let isNeeding: Bool
        switch driver.machine.state {
        case .awake, .fallingAsleep, .waking, .failed: isNeeding = true
        case .asleep, .held, .down, .absent, .ambiguous: isNeeding = false
        case .unknown: return
        }
        guard isNeeding != driver.isNeeding else { return }
        driver.isNeeding = isNeeding
        tellRequired(by: driver)
    }

    func tellRequired(by driver: ServiceDriver) {
        for name in driver.policy.settings.requires { tellNeeds(of: name) }
    }

    private func tellNeeds(of name: String) {
        guard let driver = byName[name] else { return }
        let names = policy.services.filter { $0.settings.requires.contains(name) }.map(\.name)
        let needing = names.filter { byName[$0]?.isNeeding == true }
        if needing != driver.machine.neededBy { deliver(.neededBy(needing), to: driver.key) }
    }

    /// After a change of policy.
    func refreshNeeds() {
        for driver in byName.values where driver.policy.settings.requires.isEmpty { driver.isNeeding = false }
        for driver in Array(byName.values) {
            noteNeed(of: driver)
            tellNeeds(of: driver.name)
        }
    }
}
