package import SleepCore

/// Setting up services from a policy, and changing them when it is loaded anew.
extension Supervisor {
    /// Sets up every service of the policy that this starts with, and brings back what the journal has.
    func install(_ snapshot: Journal.Snapshot) {
        keepOnExit()
        // Before the services: each is told whether it is presumed asleep.
        dispatcher.claims = SleeperClaims(snapshot.intents, boot: world.boot)
        for service in policy.services { dispatcher.setUp(service) }
        dispatcher.cover(policy.services)
        dispatcher.restoreSleepers(snapshot.intents)
        for lease in snapshot.leases { restore(lease) }
        for (service, expires) in snapshot.pins { restorePin(of: service, expires) }
    }

    private func restore(_ lease: Journal.Lease) {
        let left = lease.expiresMilliseconds - world.time.wallMilliseconds
        guard left > 0, let driver = dispatcher.index.named(lease.service) else {
            return journal.write(.leaseEnded(lease.id))
        }
        let until = now + .milliseconds(left)
        leases.restore(lease.id, LeaseBook.Lease(service: lease.service, peer: lease.peer, until: until))
        dispatcher.deliver(.leaseTaken(id: lease.id, until: until), to: driver.key)
    }

    /// - Parameter expires: wall clock, milliseconds since 1970; null: it holds until unpinned.
    private func restorePin(of service: String, _ expires: Int64?) {
        let left = expires.map { $0 - world.time.wallMilliseconds }
        if let left, left <= 0 { return journal.write(.unpin(service: service)) }
        guard let driver = dispatcher.index.named(service) else { return }
        dispatcher.deliver(.pinned(until: left.map { now + .milliseconds($0) }), to: driver.key)
    }

    /// Puts a new policy in place of the old one. A sleeper that it no longer covers, or covers
    /// differently, is woken by the old settings first; the others sleep on.
    package func adopt(_ new: Policy) {
        let old = policy
        policy = new
        dispatcher.limitWakes(to: new.maxConcurrentWakes)
        keepOnExit()
        for driver in dispatcher.index.named where new.service(driver.name) == nil {
            dispatcher.retire(driver, for: nil)
        }
        for service in new.services { adopt(service) }
        dispatcher.cover(new.services)
        mindPressure()
        if new.mode != old.mode { set(new.mode) }
        dispatcher.ledger.chronicle.policyLoaded(services: new.services.count)
    }

    private func adopt(_ service: ServicePolicy) {
        dispatcher.ledger.records.cover(service)
        guard let driver = dispatcher.index.named(service.name) else { return dispatcher.setUp(service) }
        guard driver.policy.isCovered(like: service), driver.successor == nil else {
            return dispatcher.retire(driver, for: service)
        }
        driver.cover(service)
        dispatcher.deliver(.rulesChanged(driver.rules), to: driver.key)
    }

    /// For `svcd release`, which has no policy.
    private func keepOnExit() {
        journal.write(.setting(key: "on_exit", value: policy.onExit.rawValue))
    }

    /// Changes the mode; survives restarts. Leaving `auto` wakes what sleeps.
    package func set(_ mode: Mode) {
        dispatcher.mode = mode
        journal.write(.setting(key: "mode", value: mode.rawValue))
        dispatcher.ledger.chronicle.modeSet(mode)
        dispatcher.deliverToAll(.modeChanged(mode))
    }
}

extension ServicePolicy {
    /// Whether a sleeper of one may go on sleeping under the other.
    fileprivate func isCovered(like other: ServicePolicy) -> Bool {
        container == other.container && settings.replicas == other.settings.replicas
            && settings.freezer == other.settings.freezer
    }
}
