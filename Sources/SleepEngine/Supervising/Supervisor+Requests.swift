package import SleepCore

/// What people, gateways and scripts may ask for.
extension Supervisor {
    // MARK: Waking

    /// Notes a use of a service that is awake with all that it requires.
    ///
    /// - Returns: false if that isn't so, or there is no such service: ask `hook`.
    package func touch(_ name: String) -> Bool {
        guard let driver = dispatcher.index.named(name), driver.machine.touch(now: now) else { return false }
        return driver.policy.settings.requires.isEmpty || dispatcher.sleepingRequirement(of: name) == nil
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
        guard let driver = dispatcher.index.named(name) else { return .unknownService }
        let now = now
        if trigger != .operator || driver.machine.runsWhole,
            trigger.isServedByKernel || driver.machine.isAnswered, driver.machine.touch(now: now)
        {
            guard !driver.policy.settings.requires.isEmpty, let sleeping = dispatcher.sleepingRequirement(of: name)
            else {
                return .awake
            }
            dispatcher.wakeRequired(by: name)
            return hook(sleeping.name, trigger: .dependency, by: name, within: limit) { woken in
                var woken = woken
                woken.service = name
                answer(woken)
            }
        }
        lastWaiter += 1
        let id = lastWaiter
        driver.answers.add(id) { [unowned driver] result in answer(driver.answer(result)) }
        let deadline = now + (limit ?? driver.policy.settings.wakeTimeout)
        dispatcher.deliver(
            .wakeRequested(
                SleepMachine.Waiter(id: id, arrived: now, deadline: deadline, trigger: trigger, by: by())),
            to: driver.key)
        return .waiting(id)
    }

    /// The caller has gone; the wake goes on.
    package func abandon(_ waiter: UInt64, of name: String) {
        guard let driver = dispatcher.index.named(name) else { return }
        driver.answers.forget(waiter)
        dispatcher.deliver(.waiterLeft(waiter), to: driver.key)
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
            case .awake:
                let driver = dispatcher.index.named(name)
                continuation.resume(returning: driver.map { $0.answer(.success(.awake(trigger))) })
            case .waiting: break
            }
        }
    }

    /// Begins a wake and doesn't wait. False: there is no such service.
    package func demandWake(_ name: String, by: String?) -> Bool {
        guard let driver = dispatcher.index.named(name) else { return false }
        dispatcher.deliver(.wakeDemanded(.operator, by: by), to: driver.key)
        return true
    }

    // MARK: Sleeping

    /// Puts a service to sleep and waits until that has landed.
    ///
    /// - Returns: null if there is no such service.
    package func sleep(
        _ name: String, depth: Depth = .frozen, force: Bool, by: String?
    ) async -> SleepMachine.SleepOutcome? {
        guard let driver = dispatcher.index.named(name) else { return nil }
        lastWaiter += 1
        let request = SleepMachine.SleepRequest(id: lastWaiter, depth: depth, force: force, by: by)
        return await withCheckedContinuation { continuation in
            driver.answers.add(request.id, sleep: { continuation.resume(returning: $0) })
            dispatcher.deliver(.sleepRequested(request), to: driver.key)
        }
    }

    // MARK: Pins and leases

    /// Keeps a service awake, waking it if it sleeps. False: there is no such service.
    ///
    /// - Parameter duration: null: until unpinned.
    package func pin(_ name: String, for duration: Duration?, by: String?) -> Bool {
        guard let driver = dispatcher.index.named(name) else { return false }
        let expires = duration.map { world.time.wallMilliseconds + $0.milliseconds }
        journal.write(.pin(service: name, expires: expires))
        dispatcher.deliver(.pinned(until: duration.map { now + $0 }, by: by), to: driver.key)
        return true
    }

    /// False: there is no such service.
    package func unpin(_ name: String) -> Bool {
        guard let driver = dispatcher.index.named(name) else { return false }
        journal.write(.unpin(service: name))
        dispatcher.deliver(.unpinned, to: driver.key)
        return true
    }

    /// How many leases one peer may hold at once.
    package static var mostLeases: Int { LeaseBook.mostPerPeer }

    /// Takes a lease: the service can't fall asleep until it ends. Wake it afterwards.
    ///
    /// - Parameter peer: the uid of the caller.
    /// - Returns: null if the peer holds too many already.
    package func takeLease(_ name: String, for duration: Duration, peer: UInt32) -> NewLease? {
        for id in leases.takeExpired(now) { journal.write(.leaseEnded(id)) }
        let (id, lease) = (LeaseBook.newID(), LeaseBook.Lease(service: name, peer: peer, until: now + duration))
        guard dispatcher.index.named(name) != nil, leases.take(id, lease) else { return nil }
        return NewLease(id: id, expiresMilliseconds: keep(id, lease, for: duration))
    }

    /// False: unknown, expired, or another peer's.
    ///
    /// - Parameter peer: null: an operator, who may touch any.
    package func renewLease(_ id: String, for duration: Duration, peer: UInt32?) -> Bool {
        guard let lease = leases.renew(id, until: now + duration, by: peer, now),
            dispatcher.index.named(lease.service) != nil
        else { return false }
        _ = keep(id, lease, for: duration)
        return true
    }

    /// False: unknown, expired, or another peer's.
    package func endLease(_ id: String, peer: UInt32?) -> Bool {
        guard let lease = leases.end(id, by: peer, now) else { return false }
        journal.write(.leaseEnded(id))
        if let driver = dispatcher.index.named(lease.service) {
            dispatcher.deliver(.leaseEnded(id: id), to: driver.key)
        }
        return true
    }

    /// Tells the journal and the service; when it expires, by the wall clock.
    private func keep(_ id: String, _ lease: LeaseBook.Lease, for duration: Duration) -> Int64 {
        let expires = world.time.wallMilliseconds + duration.milliseconds
        journal.write(
            .lease(Journal.Lease(id: id, service: lease.service, peer: lease.peer, expiresMilliseconds: expires)))
        if let driver = dispatcher.index.named(lease.service) {
            dispatcher.deliver(.leaseTaken(id: id, until: lease.until), to: driver.key)
        }
        return expires
    }

    // MARK: Looking

    package func has(_ name: String) -> Bool { dispatcher.index.named(name) != nil }

    package func view(_ name: String) -> ServiceView? {
        dispatcher.index.named(name).map { $0.view(dispatcher.ledger.records[name], dispatcher.performer) }
    }

    /// All services in policy order.
    package func views() -> [ServiceView] { policy.services.compactMap { view($0.name) } }

    /// Null if there is no such service.
    package func state(of name: String) -> ServiceState? { dispatcher.index.named(name)?.machine.state }

    package var summary: Summary { dispatcher.summary }

    /// The service that a person most likely meant.
    package func nearest(to name: String) -> String? { nearestName(to: name, in: dispatcher.index.names) }

    /// Whether Docker answers now. Asks it unless it has answered within the last second.
    package func isHealthy() async -> Bool {
        guard isEngineReachable else { return false }
        if dispatcher.link.isFresh(now) { return true }
        do {
            try await world.engine.ping(within: EngineMinder.pingLimit)
            dispatcher.link.answered(now)
            return isEngineReachable
        } catch {
            dispatcher.link.doubt()
            return false
        }
    }

    /// Calls back when all that works here has turned once: an alarm, the mailbox, and the task that minds the
    /// connection to the engine. Whether the engine answers doesn't matter. Never calls where one of them is stuck.
    package func pulse(_ turned: @escaping @Sendable () -> Void) {
        dispatcher.link.await(turned)
        dispatcher.agenda.add(.pulse, at: now)
        dispatcher.arm()
    }

    package func subscribe() -> (id: UInt64, notices: AsyncStream<EngineNotice>) {
        dispatcher.ledger.chronicle.subscribe()
    }
    package func unsubscribe(_ id: UInt64) { dispatcher.ledger.chronicle.unsubscribe(id) }

    /// Ends every subscription.
    package func closeSubscriptions() { dispatcher.ledger.chronicle.close() }

    /// Logs what an operator asked for; what comes of it is a transition with their name.
    package func logRequest(_ request: String, of service: String?, by: String) {
        dispatcher.ledger.chronicle.log(request: request, of: service, by: by)
    }

    /// Logs a request that is no transition, and puts it into the history, where no service is `*`.
    package func noteRequest(_ request: String, of service: String?, by: String) {
        let state = service.flatMap { dispatcher.index.named($0)?.machine.state }
        dispatcher.ledger.chronicle.tell(request: request, of: service, in: state, by: by)
    }
}
