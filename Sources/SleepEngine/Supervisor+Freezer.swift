internal import Logging
internal import SleepCore

/// Sleepers by the kernel's freezer: frozen and thawed without Docker, which goes on believing that they run.
///
/// A thaw takes microseconds, so it is no operation: whatever Docker is about to do with a sleeper (stop it,
/// kill it, run a command in it, go down itself) is preceded by one, here and at once.
extension Supervisor {
    /// The container of a service that is frozen directly, and where; null: through Docker.
    private func place(for container: Container, _ driver: ServiceDriver) -> String? {
        guard driver.policy.settings.freezer == .cgroup else { return nil }
        if container.details?.health != nil {
            return refuse(driver, "it has a HEALTHCHECK, which Docker would run in a frozen container")
        }
        guard let place = world.host.freezerPlace(of: container) else {
            return refuse(driver, "this kernel, or its permissions, offer no freezer for it")
        }
        driver.freezerRefusal = nil
        return place
    }

    private func refuse(_ driver: ServiceDriver, _ why: String) -> String? {
        if driver.freezerRefusal != why {
            driver.freezerRefusal = why
            world.logger.warning(
                "freezer: cgroup is refused, Docker's pause is used",
                metadata: ["service.name": "\(driver.name)", "reason": "\(why)"])
        }
        return nil
    }

    /// Decides for each container how it will be frozen. Its intent says so, too.
    func choosePlaces(_ ids: [String], _ driver: ServiceDriver) async throws {
        guard driver.policy.settings.freezer == .cgroup else { return }
        for id in ids {
            driver.places[id] = nil
            guard let container = try await world.engine.inspect(id: id, within: Self.lookLimit) else { continue }
            if let place = place(for: container, driver) { driver.places[id] = .init(path: place) }
        }
    }

    /// Freezes one container, by the way that was chosen.
    func freeze(_ id: String, within limit: Duration, _ key: UInt64) async throws {
        guard let driver = drivers[key], let place = driver.places[id] else {
            try await world.engine.pause(id: id, within: limit)
            return
        }
        try await world.host.freeze(at: place.path)
        driver.places[id]?.watch = watch(place.path, driver)
    }

    /// Thaws one container, by the way that it was frozen. Where somebody has paused it through Docker as well,
    /// Docker goes first: it refuses to unpause what the kernel has thawed already.
    func thaw(_ id: String, within limit: Duration, _ key: UInt64) async throws {
        guard let driver = drivers[key], let place = driver.places[id] else {
            try await world.engine.unpause(id: id, within: limit)
            return
        }
        if driver.machine.containers.first(where: { $0.id == id })?.isPausedTwice == true {
            try await world.engine.unpause(id: id, within: limit)
        }
        try world.host.thaw(at: place.path)
        driver.places[id] = nil
    }

    /// Lets a service's sleepers by the kernel's freezer go on, now.
    func thawNow(_ driver: ServiceDriver, _ trigger: Trigger) {
        var thawed: [String] = []
        for (id, place) in driver.places where driver.machine.owned[id] != nil {
            do {
                try world.host.thaw(at: place.path)
                thawed.append(id)
            } catch {
                // Gone, or not ours any more: a look tells.
                world.logger.debug("a thaw failed", metadata: ["service.name": "\(driver.name)", "error": "\(error)"])
            }
            driver.places[id] = nil
        }
        if !thawed.isEmpty { deliver(.thawed(thawed, trigger), to: driver.key) }
    }

    /// Docker may be going down, and will stop its containers next: they must be able to hear it.
    func thawAll() {
        for driver in Array(drivers.values) where !driver.places.isEmpty { thawNow(driver, .external) }
    }

    /// What Docker tells of a container just before, or while, it does something that a frozen one can't take.
    func thawFor(_ event: ContainerEvent) {
        guard ["kill", "exec_create", "exec_start"].contains(event.action) else { return }
        for key in byContainer[event.id] ?? [] {
            guard let driver = drivers[key], driver.places[event.id] != nil else { continue }
            thawNow(driver, .external)
            deliver(.hinted(.other), to: key)
        }
    }

    private func watch(_ place: String, _ driver: ServiceDriver) -> AnyObject? {
        world.host.watch(place) { [outbox, key = driver.key] in outbox.yield(.stirred(key)) }
    }

    /// The state of a place has changed; not every thaw from outside raises an event of Docker's.
    func noteStir(_ driver: ServiceDriver) {
        for (id, place) in driver.places where world.host.isFrozen(at: place.path) != true {
            guard driver.machine.owned[id] != nil, driver.machine.condition != .running else { continue }
            deliver(.hinted(.other), to: driver.key)
        }
    }

    // MARK: What is true

    /// What a sleeper by the kernel's freezer is, where Docker says that it runs.
    func correct(_ container: inout Container, _ driver: ServiceDriver) {
        guard let place = driver.places[container.id] else { return }
        switch (container.status, world.host.isFrozen(at: place.path)) {
        case (.running, true?): container.status = .paused
        case (.paused, true?): container.isPausedTwice = true
        case (.down, _), (_, nil), (_, false?): driver.places[container.id] = nil
        }
    }

    /// Takes sleepers over from the journal, before anything is found out about them. Those of services that
    /// the policy no longer names go on at once.
    func restorePlaces(_ intents: [Journal.Intent]) {
        for intent in intents where intent.boot == world.boot {
            guard let path = intent.place, world.host.isFrozen(at: path) == true else { continue }
            if let driver = byName[intent.service] {
                driver.places[intent.container] = .init(path: path, watch: watch(path, driver))
            } else {
                try? world.host.thaw(at: path)
            }
        }
    }

    /// Lets go of a sleeper that the service no longer has: Docker believes that it runs, so nobody else would.
    func abandon(_ container: String, _ driver: ServiceDriver) {
        guard let place = driver.places.removeValue(forKey: container) else { return }
        try? world.host.thaw(at: place.path)
    }

    /// Somebody may have sent signals while no svcd was there to see it.
    func thawSignalled() {
        for driver in Array(drivers.values) {
            if driver.places.values.contains(where: { world.host.hasPendingSignals(at: $0.path) }) {
                thawNow(driver, .external)
            }
        }
    }
}
