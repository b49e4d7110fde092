internal import SleepCore

/// What takes time, and what comes of it.
extension Supervisor {
    private var performer: Performer { dispatcher.performer }

    func work(on work: Work) async {
        switch work {
        case .perform(let key, let operation): await perform(operation, for: key)
        case .look(let key, let generation): await look(for: key, generation)
        case .resolve(let container, let depth): await resolve(container, depth)
        case .reclaim(let job): dispatcher.reclaimEnded(job, await performer.reclaim(job))
        case .assess(let key, let report): await assess(report, of: key)
        case .acquaint: await acquaint()
        case .watchPressure: await watchPressure()
        }
    }

    // MARK: Operations

    private func perform(_ operation: SleepMachine.Operation, for key: UInt64) async {
        guard let driver = dispatcher.index[key] else { return }
        let outcome = await outcome(of: operation, driver)
        if outcome.isSilence { dispatcher.link.doubt() }
        switch operation.kind {
        case .record(let ids, let depth, _) where outcome.fault == nil:
            record(ids, depth, operation, outcome, driver)
        case .freeze(let ids, let unlessUsed):
            for id in ids { driver.kernel.froze(id, watch: outcome.watches[id]) }
            // Looked at before the machine hears of it: meters of a sleeper are closed.
            let arrival = outcome.fault == nil ? lookOnceMore(driver, unlessUsed: unlessUsed) : nil
            dispatcher.deliver(.operationFinished(operation.id, outcome.fault), to: key)
            if arrival != nil { dispatcher.deliver(.wakeDemanded(.traffic, by: nil), to: key) }
        case .wake:
            dispatcher.wakeEnded()
            dispatcher.deliver(.operationFinished(operation.id, outcome.fault), to: key)
        case .record, .ready, .stop:
            dispatcher.deliver(.operationFinished(operation.id, outcome.fault), to: key)
        }
    }

    private func outcome(of operation: SleepMachine.Operation, _ driver: ServiceDriver) async -> Outcome {
        if case .record(_, _, unlessUsed: true) = operation.kind, let use = driver.useBeforeFall(world.host, now) {
            return Outcome(veto: use)
        }
        return await performer.perform(operation, on: driver.sleeper, thawed: { driver.kernel.thawed($0) }) {
            [by = driver.name] name, limit in
            await self.wake(name, trigger: .dependency, by: by, within: limit)
        }
    }

    /// The freezer is chosen and packets are watched: the intent goes to disk.
    private func record(
        _ ids: [String], _ depth: Depth, _ operation: SleepMachine.Operation, _ outcome: Outcome,
        _ driver: ServiceDriver
    ) {
        if let refusal = driver.kernel.choose(outcome.choices) {
            dispatcher.ledger.chronicle.freezerRefused(driver.name, refusal)
        }
        // Where that can't be, the rules forbid to fall asleep on idle from now on.
        if depth == .frozen { dispatcher.deliver(driver.watch(outcome.inspected, performer), to: driver.key) }
        let intents = ids.map { driver.intent($0, depth, world) }
        journal.record(intents) { [post = performer.post, key = driver.key] fault in
            let fault = fault.map { SleepMachine.OperationFault(message: $0.description) }
            post.yield(.event(key, .operationFinished(operation.id, fault)))
        }
    }

    /// What has come since the last look; it thaws the service at once.
    private func lookOnceMore(_ driver: ServiceDriver, unlessUsed: Bool) -> Arrivals.Arrival? {
        let arrival = driver.arrivalAfterFreeze(unlessUsed: unlessUsed, world.host, now)
        if let arrival { dispatcher.ledger.chronicle.arrived(arrival, driver.name) }
        return arrival
    }

    // MARK: Looks

    private func look(for key: UInt64, _ generation: UInt64) async {
        guard let driver = dispatcher.index[key] else { return }
        let host = world.host
        do {
            let found = try await performer.truth(of: driver.target, isInDoubt: driver.machine.isInDoubt) {
                driver.kernel.correct(&$0, host)
            }
            dispatcher.deliver(.lookFinished(generation: generation, found), to: key)
        } catch {
            if (error as? EngineFault)?.isSilence ?? true { dispatcher.link.doubt() }
            dispatcher.ledger.chronicle.lookFailed(driver.name, error)
            dispatcher.deliver(.lookFailed(generation: generation), to: key)
        }
    }

    /// Finds out what has become of a sleeper that its service no longer has.
    private func resolve(_ container: String, _ depth: Depth) async {
        guard let found = try? await world.engine.inspect(id: container, within: Performer.lookLimit) else {
            // Where Docker can't be asked the intent stays, and the next listing brings it up again.
            if isEngineReachable { journal.write(.forget([container])) }
            return
        }
        if let holder = dispatcher.index.holders(of: container).first(where: { $0.machine.condition != .ambiguous }) {
            dispatcher.deliver(.entrusted([container: depth]), to: holder.key)
        } else if found.status == .paused {
            dispatcher.adoptOrphan(container, service: found.name)
        } else {
            journal.write(.forget([container]))
        }
    }

    /// Looks at everything that only a listing has told of: its memory and its use are found by its process, which
    /// listings don't tell. One after the other, so that thousands of services don't ask at once.
    private func acquaint() async {
        for key in dispatcher.index.all.filter(\.isStranger).map(\.key) {
            dispatcher.deliver(.hinted(.other), to: key)
            do { try await world.time.sleep(until: now + .milliseconds(1)) } catch { return }
        }
    }

    // MARK: Memory

    /// Takes the full cost of a deep wake, and what it needed.
    private func assess(_ report: SleepMachine.WakeReport, of key: UInt64) async {
        guard await performer.waitToAssess(), let driver = dispatcher.index[key], dispatcher.index.isNamed(driver),
            driver.policy.settings.reclaim != nil, driver.machine.condition == .running
        else { return }
        let before = dispatcher.ledger.records[driver.name]?.memoryBeforeWake
        dispatcher.ledger.assessed(performer.cost(of: report, driver.sleeper, before: before), driver.policy)
        await performer.learn(driver.machine.containers)
        world.host.keepKnowledge(of: Set(dispatcher.index.all.flatMap { $0.machine.containers.map(\.id) }))
    }
}
