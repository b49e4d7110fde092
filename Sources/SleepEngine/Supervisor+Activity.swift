internal import HeapModule
internal import SleepCore

/// Reading the meters of running containers: one sampler for all, and none while no service needs it.
extension Supervisor {
    /// Meters are read so often in the time that a service may be idle, at least; and within these bounds.
    private static let readingsPerIdleTime = 10
    private static let samplingBounds = Duration.milliseconds(100)...Duration.seconds(1)
    private static let pidLookEvery = Duration.seconds(10)

    /// Whether what its meters say could matter.
    private func isMetered(_ driver: ServiceDriver) -> Bool {
        let settings = driver.policy.settings
        return settings.sleep == .allowed && !settings.activity.isSubset(of: [.hook]) && mode != .off
            && driver.machine.state == .awake && driver.machine.pin == nil && !driver.machine.isRetired
    }

    private func samplingInterval(_ driver: ServiceDriver) -> Duration {
        let wanted = driver.policy.settings.idleAfter / Self.readingsPerIdleTime
        return min(max(wanted, Self.samplingBounds.lowerBound), Self.samplingBounds.upperBound)
    }

    /// Begins to read a service's meters, at once, so that there is something to compare with.
    func considerSampling(_ driver: ServiceDriver) {
        guard isMetered(driver) else {
            // While it falls asleep they tell whether somebody has come.
            if !driver.meters.isEmpty, driver.machine.state != .fallingAsleep { driver.meters = [:] }
            return
        }
        let due = driver.meters.isEmpty ? now : now + samplingInterval(driver)
        if nextSample.map({ due < $0 }) ?? true { armSampler(at: due) }
    }

    private func armSampler(at instant: Instant) {
        nextSample = instant
        alarms.insert(Alarm(at: instant, driver: 0))
        arm()
    }

    /// Reads all meters that matter.
    func sample() {
        guard let due = nextSample, due <= now else { return }
        nextSample = nil
        var shortest: Duration?
        for driver in Array(drivers.values) where isMetered(driver) {
            read(driver)
            let interval = samplingInterval(driver)
            shortest = min(shortest ?? interval, interval)
        }
        if let shortest {
            let next = now + shortest
            if nextSample.map({ next < $0 }) ?? true { armSampler(at: next) }
        }
    }

    private func read(_ driver: ServiceDriver) {
        var sum = ActivityReading()
        for container in driver.machine.containers where container.status == .running {
            guard container.pid > 0 else {
                sum.unreadable = "its process is not known yet"
                askForPID(driver)
                continue
            }
            if driver.meters[container.id]?.pid != container.pid {
                let meter = world.host.meter(container, driver.policy.settings)
                driver.meters[container.id] = .init(pid: container.pid, meter: meter)
            }
            guard let meter = driver.meters[container.id]?.meter else {
                sum.unreadable = "its processes can't be seen from here"
                continue
            }
            let reading = meter.read(now: now)
            sum.use = sum.use ?? reading.use
            sum.unreadable = sum.unreadable ?? reading.unreadable
        }
        if sum.use != nil || sum != driver.machine.activity { deliver(.sampled(sum), to: driver.key) }
    }

    /// Listings don't tell PIDs; a look does.
    func askForPID(_ driver: ServiceDriver) {
        if let last = driver.lastPIDLook, now - last < Self.pidLookEvery { return }
        driver.lastPIDLook = now
        deliver(.hinted(.other), to: driver.key)
    }
}
