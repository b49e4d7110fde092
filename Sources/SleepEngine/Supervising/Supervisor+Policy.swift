internal import Logging
package import SleepCore

/// Setting up services from a policy, and changing them when it is loaded anew.
extension Supervisor {
    func rules(of driver: ServiceDriver) -> SleepMachine.Rules {
        rules(for: driver.policy, rivals: driver.rivals, trafficRefusal: driver.trafficRefusal)
    }

    func rules(
        for service: ServicePolicy, rivals: String? = nil, trafficRefusal: String? = nil
    ) -> SleepMachine.Rules {
        var vetoes: [Veto] = []
        if let trafficRefusal { vetoes.append(.noPacketWakes(trafficRefusal)) }
        var rules = SleepMachine.Rules(service.settings, idleVetoes: vetoes)
        if let rivals { rules.neverSleeps = .claimed(by: rivals) }
        return rules
    }

    /// Sets up every service of the policy that this starts with.
    func install(_ policy: Policy) {
        noteOnExit(policy)
        for service in policy.services { byName[service.name] = makeDriver(service) }
        refreshNeeds()
    }

    /// Brings leases and pins back.
    func restore(_ snapshot: Journal.Snapshot) {
        let wall = world.time.wallMilliseconds
        for lease in snapshot.leases {
            guard lease.expiresMilliseconds > wall, let driver = byName[lease.service] else {
                journal.write(.leaseEnded(lease.id))
                continue
            }
            let until = now + .milliseconds(lease.expiresMilliseconds - wall)
            leases[lease.id] = LeaseRecord(service: lease.service, peer: lease.peer, until: until)
            deliver(.leaseTaken(id: lease.id, until: until), to: driver.key)
        }
        for (service, expires) in snapshot.pins {
            if let expires, expires <= wall {
                journal.write(.unpin(service: service))
            } else if let driver = byName[service] {
                deliver(.pinned(until: expires.map { now + .milliseconds($0 - wall) }), to: driver.key)
            }
        }
    }

    /// Puts a new policy in place of the old one. A sleeper that it no longer covers, or covers
    /// differently, is woken by the old settings first; the others sleep on.
    package func adopt(_ new: Policy) {
        let old = policy
        policy = new
        wakeQueue.limit = new.maxConcurrentWakes
        noteOnExit(new)
        for driver in Array(byName.values) where new.service(driver.name) == nil {
            byName[driver.name] = nil
            formerLatencies[driver.name] = (driver.latencies, driver.lastWake)
            driver.successor = nil
            deliver(.retired(startStopped: true, .operator), to: driver.key)
        }
        for service in new.services {
            guard let driver = byName[service.name] else {
                let driver = makeDriver(service)
                byName[service.name] = driver
                (driver.latencies, driver.lastWake) = formerLatencies.removeValue(forKey: service.name) ?? (nil, nil)
                if isEngineReachable { lookAnew(driver) }
                continue
            }
            if driver.policy.isCovered(like: service), driver.successor == nil {
                driver.policy = service
                driver.meters = [:]
                driver.share = ReclaimShare(target: service.settings.reclaim?.target ?? 0, learned: driver.share.value)
                driver.traffic = [:]
                driver.trafficRefusal = nil
                deliver(.rulesChanged(rules(of: driver)), to: driver.key)
            } else {
                driver.successor = service
                deliver(.retired(startStopped: true, .operator), to: driver.key)
            }
        }
        refreshNeeds()
        mindPressure()
        if new.mode != old.mode { set(new.mode) }
        world.logger.notice("policy loaded", metadata: ["services": "\(new.services.count)"])
        publish("policy loaded")
    }

    /// For `svcd release`, which has no policy.
    private func noteOnExit(_ policy: Policy) {
        journal.write(.setting(key: "on_exit", value: policy.onExit.rawValue))
    }

    /// Moves what people asked for from one driver to its replacement.
    func hand(over machine: SleepMachine, to replacement: ServiceDriver) {
        for (id, until) in machine.leases { deliver(.leaseTaken(id: id, until: until), to: replacement.key) }
        if let pin = machine.pin { deliver(.pinned(until: pin.until), to: replacement.key) }
    }

    /// Changes the mode; survives restarts. Leaving `auto` wakes what sleeps.
    package func set(_ mode: Mode) {
        self.mode = mode
        journal.write(.setting(key: "mode", value: mode.rawValue))
        world.logger.notice("mode set", metadata: ["mode": "\(mode.rawValue)"])
        publish("mode \(mode.rawValue)")
        for key in Array(drivers.keys) { deliver(.modeChanged(mode), to: key) }
    }
}

extension ServicePolicy {
    /// Whether a sleeper of one may go on sleeping under the other.
    func isCovered(like other: ServicePolicy) -> Bool {
        container == other.container && settings.replicas == other.settings.replicas
            && settings.freezer == other.settings.freezer
    }
}
