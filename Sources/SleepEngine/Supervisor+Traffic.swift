internal import SleepCore

/// Sleepers that a packet wakes by itself.
extension Supervisor {
    /// Watches over the packets of a service's containers, from before they are frozen.
    ///
    /// - Returns: why they can't be watched; null: they are.
    func armTraffic(_ containers: [Container], _ driver: ServiceDriver) -> String? {
        for container in containers where driver.traffic[container.id] == nil {
            let watch = world.host.watchTraffic(container, ignoring: driver.policy.settings.ignoreSources) {
                [outbox, key = driver.key] in outbox.yield(.packet(key))
            }
            switch watch {
            case .watching(let watch): driver.traffic[container.id] = watch
            case .refused(let why):
                driver.traffic = [:]
                setTrafficRefusal(why, driver)
                return why
            }
        }
        setTrafficRefusal(nil, driver)
        return nil
    }

    private func setTrafficRefusal(_ why: String?, _ driver: ServiceDriver) {
        guard driver.trafficRefusal != why else { return }
        driver.trafficRefusal = why
        deliver(.rulesChanged(rules(of: driver)), to: driver.key)
    }

    /// Ends the watch of what is awake, and begins it for sleepers that were found asleep.
    func considerTraffic(_ driver: ServiceDriver) {
        guard driver.policy.settings.wakeOn.contains(.traffic) else {
            driver.traffic = [:]
            return
        }
        switch driver.machine.state {
        case .awake where !driver.machine.isPreparing, .held, .down, .absent, .ambiguous: driver.traffic = [:]
        case .asleep where driver.traffic.isEmpty && driver.trafficRefusal == nil: armFound(driver)
        default: break
        }
    }

    private func armFound(_ driver: ServiceDriver) {
        let paused = driver.machine.containers.filter { $0.status == .paused }
        guard !paused.isEmpty else { return }
        guard paused.allSatisfy({ $0.pid > 0 && $0.details != nil }) else {
            askForPID(driver)
            return
        }
        guard armTraffic(paused, driver) == nil else { return }
        // What came while nobody watched waits in its sockets.
        if paused.contains(where: world.host.hasUnread) { outbox.yield(.packet(driver.key)) }
    }

    func packetCame(_ driver: ServiceDriver) {
        guard !driver.traffic.isEmpty else { return }
        deliver(.wakeDemanded(.traffic, by: nil), to: driver.key)
    }
}
