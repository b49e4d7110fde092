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
        if hasNewlyUnread(driver) { outbox.yield(.packet(driver.key)) }
    }

    /// How long something may wait in a socket and still be news. What nobody reads for longer, as the end of a
    /// forgotten connection, would keep its service awake for ever.
    static let news = Duration.seconds(10)

    /// Whether a packet that came before the watch began, or that it was woken for last, is still to be read.
    func hasNewlyUnread(_ driver: ServiceDriver) -> Bool {
        let now = now
        let ignored = driver.policy.settings.ignoreSources
        let unread = Set(driver.machine.containers.flatMap { world.host.unread($0, ignoring: ignored) })
        driver.unreadSince = driver.unreadSince.filter { unread.contains($0.key) }
        for name in unread where driver.unreadSince[name] == nil { driver.unreadSince[name] = now }
        return driver.unreadSince.values.contains { now - $0 < Self.news }
    }

    func packetCame(_ driver: ServiceDriver) {
        guard !driver.traffic.isEmpty else { return }
        deliver(.wakeDemanded(.traffic, by: nil), to: driver.key)
    }
}
