package import SleepCore

/// What people, gateways and scripts may ask for.
extension Supervisor {
    // MARK: Waking

    /// The answer to somebody who needs a service awake.
    package struct WakeAnswer: Sendable {
        package var service: String
        package var result: Result<SleepMachine.WakeReport, SleepMachine.WakeFailure>
        /// As it is now.
        package var state: ServiceState
        package var budget: Duration
    }

    package enum HookOutcome: Sendable {
        case unknownService
        /// It is awake, and the use is noted.
        case awake
        /// The answer comes through the callback; the id is for `abandon`.
        case waiting(UInt64)
    }

    /// Notes a use of a service that is awake with all that it requires.
    ///
    /// - Returns: false if that isn't so, or there is no such service: ask `hook`.
    package func touch(_ name: String) -> Bool {
        guard let driver = byName[name], driver.machine.touch(now: now) else { return false }
        return driver.policy.settings.requires.isEmpty || sleepingRequirement(of: driver) == nil
    }

    /// Notes a use of the service, waking it if it sleeps.
    ///
    /// For an awake service that is all: no allocation, no I/O, no callback. Else `answer` is called
    /// exactly once, here on the supervisor's executor, unless the waiter is abandoned before; it may be
    /// called before this returns.
    package func hook(
        _ name: String, trigger: Trigger, by: @autoclosure () -> String?, within limit: Duration? = nil,
        _ answer: @escaping @Sendable (WakeAnswer) -> Void
    ) -> HookOutcome {
        guard let driver = byName[name] else { return .unknownService }
        let now = now
        if trigger != .operator || driver.machine.runsWhole,
            trigger.isServedByKernel || driver.machine.isAnswered, driver.machine.touch(now: now)
        {
            guard !driver.policy.settings.requires.isEmpty, let sleeping = sleepingRequirement(of: driver) else {
                return .awake
            }
            wakeRequired(by: driver)
            return hook(sleeping.name, trigger: .dependency, by: name, within: limit) { woken in
                answer(WakeAnswer(service: name, result: woken.result, state: woken.state, budget: woken.budget))
            }
        }
        lastWaiter += 1
        let id = lastWaiter
        driver.wakeAnswers[id] = { [unowned driver] result in
            answer(
                WakeAnswer(
                    service: name, result: result, state: driver.machine.state,
                    budget: driver.policy.settings.wakeBudget))
        }
        let deadline = now + (limit ?? driver.policy.settings.wakeTimeout)
        deliver(
            .wakeRequested(
                SleepMachine.Waiter(id: id, arrived: now, deadline: deadline, trigger: trigger, by: by())),
            to: driver.key)
        return .waiting(id)
    }

    /// The caller has gone; the wake goes on.
    package func abandon(_ waiter: UInt64, of name: String) {
        guard let driver = byName[name] else { return }
        driver.wakeAnswers[waiter] = nil
        driver.sleepAnswers[waiter] = nil
        deliver(.waiterLeft(waiter), to: driver.key)
    }

    /// Wakes a service and waits until it is ready.
    ///
    /// - Parameter limit: how long to wait, the policy's `wake_timeout` at most; null: just that.
    /// - Returns: null if there is no such service.
    package func wake(
        _ name: String, trigger: Trigger, by: String?, within limit: Duration? = nil
    ) async -> WakeAnswer? {
        await withCheckedContinuation { continuation in
            let outcome = hook(name, trigger: trigger, by: by, within: limit) { answer in
                continuation.resume(returning: answer)
            }
            switch outcome {
            case .unknownService: continuation.resume(returning: nil)
            case .awake: continuation.resume(returning: awakeAnswer(name, trigger))
            case .waiting: break
            }
        }
    }

    private func awakeAnswer(_ name: String, _ trigger: Trigger) -> WakeAnswer? {
        guard let driver = byName[name] else { return nil }
        return WakeAnswer(
            service: name, result: .success(.awake(trigger)), state: driver.machine.state,
            budget: driver.policy.settings.wakeBudget)
    }

    /// Begins a wake and doesn't wait. False: there is no such service.
    package func demandWake(_ name: String, by: String?) -> Bool {
        guard let driver = byName[name] else { return false }
        deliver(.wakeDemanded(.operator, by: by), to: driver.key)
        return true
    }

    // MARK: Sleeping

    /// Puts a service to sleep and waits until that has landed.
    ///
    /// - Returns: null if there is no such service.
    package func sleep(
        _ name: String, depth: Depth = .frozen, force: Bool, by: String?
    ) async -> SleepMachine.SleepOutcome? {
        guard let driver = byName[name] else { return nil }
        lastWaiter += 1
        let request = SleepMachine.SleepRequest(id: lastWaiter, depth: depth, force: force, by: by)
        return await withCheckedContinuation { continuation in
            driver.sleepAnswers[request.id] = { continuation.resume(returning: $0) }
            deliver(.sleepRequested(request), to: driver.key)
        }
    }

    // MARK: Pins and leases

    /// Keeps a service awake, waking it if it sleeps. False: there is no such service.
    ///
    /// - Parameter duration: null: until unpinned.
    package func pin(_ name: String, for duration: Duration?, by: String?) -> Bool {
        guard let driver = byName[name] else { return false }
        let expires = duration.map { world.time.wallMilliseconds + $0.milliseconds }
        journal.write(.pin(service: name, expires: expires))
        deliver(.pinned(until: duration.map { now + $0 }, by: by), to: driver.key)
        return true
    }

    /// False: there is no such service.
    package func unpin(_ name: String) -> Bool {
        guard let driver = byName[name] else { return false }
        journal.write(.unpin(service: name))
        deliver(.unpinned, to: driver.key)
        return true
    }

    /// How many leases one peer may hold at once.
    package static var mostLeases: Int { 1000 }

    package struct NewLease: Sendable {
        package var id: String
        package var expiresMilliseconds: Int64
    }

    /// Takes a lease: the service can't fall asleep until it ends. Wake it afterwards.
    ///
    /// - Parameter peer: the uid of the caller.
    /// - Returns: null if the peer holds too many already.
    package func takeLease(_ name: String, for duration: Duration, peer: UInt32) -> NewLease? {
        dropExpiredLeases()
        guard let driver = byName[name], leases.values.count(where: { $0.peer == peer }) < Self.mostLeases
        else { return nil }
        var random = SystemRandomNumberGenerator()
        let id = Self.hex(random.next()) + Self.hex(random.next())
        let expires = store(id, LeaseRecord(service: name, peer: peer, until: now + duration), duration)
        deliver(.leaseTaken(id: id, until: now + duration), to: driver.key)
        return NewLease(id: id, expiresMilliseconds: expires)
    }

    /// False: unknown, expired, or another peer's.
    ///
    /// - Parameter peer: null: an operator, who may touch any.
    package func renewLease(_ id: String, for duration: Duration, peer: UInt32?) -> Bool {
        guard var record = liveLease(id, peer), let driver = byName[record.service] else { return false }
        record.until = now + duration
        _ = store(id, record, duration)
        deliver(.leaseTaken(id: id, until: record.until), to: driver.key)
        return true
    }

    /// False: unknown, expired, or another peer's.
    package func endLease(_ id: String, peer: UInt32?) -> Bool {
        guard let record = liveLease(id, peer) else { return false }
        leases[id] = nil
        journal.write(.leaseEnded(id))
        if let driver = byName[record.service] { deliver(.leaseEnded(id: id), to: driver.key) }
        return true
    }

    private func liveLease(_ id: String, _ peer: UInt32?) -> LeaseRecord? {
        guard let record = leases[id], record.until > now, peer == nil || peer == record.peer else { return nil }
        return record
    }

    private func store(_ id: String, _ record: LeaseRecord, _ duration: Duration) -> Int64 {
        leases[id] = record
        let expires = world.time.wallMilliseconds + duration.milliseconds
        journal.write(
            .lease(Journal.Lease(id: id, service: record.service, peer: record.peer, expiresMilliseconds: expires)))
        return expires
    }

    private func dropExpiredLeases() {
        let now = now
        for (id, record) in leases where record.until <= now {
            leases[id] = nil
            journal.write(.leaseEnded(id))
        }
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    // MARK: Looking

    package nonisolated var clock: any TimeSource { world.time }

    package func view(_ name: String) -> ServiceView? { byName[name].map(view(of:)) }

    /// All services in policy order.
    package func views() -> [ServiceView] {
        policy.services.compactMap { byName[$0.name].map(view(of:)) }
    }

    private func view(of driver: ServiceDriver) -> ServiceView {
        ServiceView(
            policy: driver.policy, machine: driver.machine, latencies: driver.latencies, lastWake: driver.lastWake,
            memory: memory(of: driver), share: driver.share,
            freezer: driver.freezerRefusal == nil ? driver.policy.settings.freezer : .docker,
            freezerRefusal: driver.freezerRefusal, now: now, nowMilliseconds: world.time.wallMilliseconds)
    }

    package func has(_ name: String) -> Bool { byName[name] != nil }

    /// The service that a person most likely meant.
    package func nearest(to name: String) -> String? { nearestName(to: name, in: byName.keys) }

    package func subscribe() -> (id: UInt64, notices: AsyncStream<EngineNotice>) { bus.subscribe() }
    package func unsubscribe(_ id: UInt64) { bus.unsubscribe(id) }

    /// Ends every subscription.
    package func closeSubscriptions() { bus.close() }
}
