internal import SleepCore

/// Services that come and go.
extension Dispatcher {
    func makeDriver(_ service: ServicePolicy, target: ServiceTarget? = nil) -> ServiceDriver {
        let key = index.newKey()
        let machine = SleepMachine(
            rules: SleepMachine.Rules(service.settings), mode: mode,
            isPresumedAsleep: claims.isPresumedAsleep(service.name), seed: world.seed &+ key, now: now)
        let driver = ServiceDriver(key: key, policy: service, target: target, machine: machine)
        if !link.isReachable { _ = driver.machine.handle(.engineLost, now: now) }
        index.add(driver)
        return driver
    }

    /// Sets a service up that the policy names now.
    func setUp(_ service: ServicePolicy) {
        let driver = makeDriver(service)
        index.name(driver)
        if link.isReachable { deliver(.hinted(.other), to: driver.key) }
    }

    /// Lets go of a service: what svcd put to sleep is woken first.
    ///
    /// - Parameter successor: what takes its place then.
    func retire(_ driver: ServiceDriver, for successor: ServicePolicy?) {
        if successor == nil { index.unname(driver) }
        driver.successor = successor
        deliver(.retired(startStopped: true, .operator), to: driver.key)
    }

    /// A service that was let go of, and with which nothing is left to do, makes room.
    func settled(_ driver: ServiceDriver) {
        departure?.letGo(of: driver.key)
        guard driver.machine.isRetired, departure == nil else { return }
        forgetNeeds(of: driver)
        index.remove(driver)
        agenda.remove(.service(driver.key))
        // Only where Docker could not be asked: no caller is left waiting for an answer that can't come.
        let left = driver.answers.takeAll()
        for answer in left.wakes { answer(.failure(.engineUnavailable)) }
        for answer in left.sleeps { answer(.failed("the policy has changed")) }
        guard let successor = driver.successor else { return }
        setUp(successor)
        guard let replacement = index.named(successor.name) else { return }
        for (id, until) in driver.machine.leases { deliver(.leaseTaken(id: id, until: until), to: replacement.key) }
        if let pin = driver.machine.pin { deliver(.pinned(until: pin.until), to: replacement.key) }
    }

    /// A sleeper of svcd's that no service covers: it is woken and let go of.
    func adoptOrphan(_ container: String, service: String) {
        guard !index.holders(of: container).contains(where: { $0.target == .container(container) }) else { return }
        ledger.chronicle.adopted(container, service)
        var policy = ServicePolicy(name: service, tier: "", container: .name(service))
        policy.settings.minAwake = .zero
        let orphan = makeDriver(policy, target: .container(container))
        index.expect(container, for: orphan)
        deliver(.entrusted([container: .frozen]), to: orphan.key)
        deliver(.retired(startStopped: true, .recovery), to: orphan.key)
    }

    /// Takes sleepers by the kernel's freezer over from the journal, before anything is found out about them. Those
    /// of services that the policy no longer names go on at once.
    func restoreSleepers(_ intents: [Journal.Intent]) {
        for intent in intents where intent.boot == world.boot {
            guard let path = intent.place, world.host.isFrozen(at: path) == true else { continue }
            if let driver = index.named(intent.service) {
                driver.kernel.restore(intent.container, at: path, watch: performer.watchFrozen(path, driver.key))
            } else {
                try? world.host.thaw(at: path)
            }
        }
    }

    // MARK: What the engine says

    /// Holds everything that the engine has against what is believed.
    func reconcile(_ listed: [ListedContainer]) {
        let listing = Listing(listed, wanted: Set(index.all.compactMap(\.target.anchor)))
        let rivals = listing.contests(index.named.map { ($0.key, $0.name, $0.target) })
        for driver in index.named where driver.rivals != rivals[driver.key] ?? [] {
            driver.rivals = rivals[driver.key] ?? []
            deliver(.rulesChanged(driver.rules), to: driver.key)
        }
        for driver in index.all {
            var found = listing.find(driver.target)
            driver.kernel.release(allBut: found, world.host)
            for container in found.indices { driver.kernel.correct(&found[container], world.host) }
            let claimed = claims.claim(found)
            if !claimed.void.isEmpty { world.journal.write(.forget(claimed.void)) }
            deliver(.found(found, intents: claimed.sleepers), to: driver.key)
        }
        let rest = claims.conclude(listing.byID)
        if !rest.void.isEmpty { world.journal.write(.forget(rest.void)) }
        for orphan in rest.orphans { adoptOrphan(orphan.container, service: orphan.service) }
        // Signals may have been sent while no svcd was there to see it.
        for driver in index.all where driver.kernel.haveSignalsPending(world.host) { thaw(driver) }
        post(.acquaint)
    }

    /// Passes an event on as a hint to every service that it may be about.
    func received(_ event: ContainerEvent) {
        if event.isIntrusion {
            for driver in index.holders(of: event.id) where driver.kernel.has(event.id) {
                thaw(driver)
                deliver(.hinted(.other), to: driver.key)
            }
        }
        guard let hint = event.hint else { return }
        for driver in index.concerned(by: event) {
            // A pause of a sleeper that Docker believes awake is news.
            let isNews = hint == .paused && driver.kernel.has(event.id)
            deliver(.hinted(isNews ? .other : hint), to: driver.key)
        }
    }

    /// Lets a service's sleepers by the kernel's freezer go on, now: Docker is about to do what a frozen container
    /// can't take.
    func thaw(_ driver: ServiceDriver) {
        let (thawed, faults) = driver.kernel.thaw(Set(driver.machine.owned.keys), world.host)
        for fault in faults { ledger.chronicle.thawFailed(driver.name, fault) }
        if !thawed.isEmpty { deliver(.thawed(thawed, .external), to: driver.key) }
    }
}

extension ContainerEvent {
    /// Whether Docker tells it just before, or while, it does something that a frozen container can't take.
    fileprivate var isIntrusion: Bool { ["kill", "exec_create", "exec_start"].contains(action) }

    /// What it says of its container's state; null: nothing.
    fileprivate var hint: SleepMachine.Hint? {
        switch action {
        case "unpause": .runs
        case "pause": .paused
        case "create", "destroy", "die", "oom", "rename", "restart", "start", "stop": .other
        default: nil
        }
    }
}
