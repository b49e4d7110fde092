internal import Logging
internal import SleepCore

/// What takes time: operations and looks. Results go back as events.
extension Supervisor {
    private static let lookLimit = Duration.seconds(2)

    func perform(_ operation: SleepMachine.Operation, for key: UInt64) async {
        let engine = world.engine
        let limit = operation.limit
        var fault: EngineFault?
        switch operation.kind {
        case .record:
            break
        case .freeze(let ids):
            fault = await each(ids) { id throws in try await engine.pause(id: id, within: limit) }
        case .wake(let thaw, let start):
            fault = await each(thaw) { id throws in try await engine.unpause(id: id, within: limit) }
            if let refused = await each(start, { id throws in try await engine.start(id: id, within: limit) }) {
                fault = refused
            }
            for entry in wakeQueue.finish() { self.start(entry) }
        }
        if let fault, fault.isSilence { suspicions?.yield() }
        deliver(.operationFinished(operation.id, fault.map(Self.operationFault)), to: key)
    }

    /// Does it to all at once; the first fault, if any.
    private func each(
        _ ids: [String], _ body: @escaping @Sendable (String) async throws -> Void
    ) async -> EngineFault? {
        func attempt(_ id: String) async -> EngineFault? {
            do {
                try await body(id)
                return nil
            } catch {
                return error as? EngineFault ?? .garbled("\(error)")
            }
        }
        if ids.count == 1 { return await attempt(ids[0]) }
        return await withTaskGroup(of: EngineFault?.self) { group in
            for id in ids {
                group.addTask {
                    do {
                        try await body(id)
                        return nil
                    } catch {
                        return error as? EngineFault ?? .garbled("\(error)")
                    }
                }
            }
            var first: EngineFault?
            for await fault in group { first = first ?? fault }
            return first
        }
    }

    private static func operationFault(_ fault: EngineFault) -> SleepMachine.OperationFault {
        var isConflict = false
        if case .refused(409, _) = fault { isConflict = true }
        return SleepMachine.OperationFault(
            message: fault.description, mayStillLand: fault.mayStillLand, isConflict: isConflict)
    }

    func look(for key: UInt64, _ generation: UInt64) async {
        guard let driver = drivers[key] else { return }
        do {
            let found = try await truth(of: driver.target, isInDoubt: driver.machine.isInDoubt)
            deliver(.lookFinished(generation: generation, found), to: key)
        } catch {
            if (error as? EngineFault)?.isSilence ?? true { suspicions?.yield() }
            world.logger.debug(
                "a look failed", metadata: ["service.name": "\(driver.name)", "error": "\(error)"])
            deliver(.lookFailed(generation: generation), to: key)
        }
    }

    /// What Docker says, held against what the kernel says.
    ///
    /// dockerd's answers lag behind its deeds by 2 to 14 ms, and now and then it errs; the kernel doesn't.
    /// Where they differ they are asked again for a while; if they still do, the kernel's word counts.
    /// Where the kernel can't be asked, a doubtful answer is asked for twice.
    private func truth(of target: ServiceDriver.Target, isInDoubt: Bool) async throws -> [Container] {
        var found = try await find(target)
        for wait in [5, 10, 20, 40, 80] {
            let words = found.map { world.probe.isFrozen($0) }
            let differs = zip(found, words).contains { container, isFrozen in
                switch (container.status, isFrozen) {
                case (.running, true?), (.paused, false?): true
                case (.running, nil), (.paused, nil): isInDoubt && wait == 5
                default: false
                }
            }
            guard differs else { return found }
            try await world.time.sleep(until: now + .milliseconds(wait))
            found = try await find(target)
        }
        for index in found.indices where found[index].status != .down {
            switch world.probe.isFrozen(found[index]) {
            case true?: found[index].status = .paused
            case false?: found[index].status = .running
            case nil: break
            }
        }
        return found
    }

    private func find(_ target: ServiceDriver.Target) async throws -> [Container] {
        switch target {
        case .match(let match):
            return try await world.engine.find(match, within: Self.lookLimit)
        case .container(let id):
            return try await world.engine.inspect(id: id, within: Self.lookLimit).map { [$0] } ?? []
        }
    }

    /// Finds out what has become of a sleeper that its service no longer has.
    func resolve(_ container: String, _ depth: Depth) async {
        guard let found = try? await world.engine.inspect(id: container, within: Self.lookLimit) else {
            // Where Docker can't be asked the intent stays, and the next listing brings it up again.
            if isEngineReachable { journal.write(.forget([container])) }
            return
        }
        let holder = byContainer[container]?.compactMap { drivers[$0] }.first { $0.machine.condition != .ambiguous }
        if let holder {
            deliver(.entrusted([container: depth]), to: holder.key)
        } else if found.status == .paused {
            adoptOrphan(container, service: found.name)
        } else {
            journal.write(.forget([container]))
        }
    }

    /// A sleeper of ours that no service covers: it is woken and let go.
    func adoptOrphan(_ container: String, service: String) {
        guard byContainer[container]?.contains(where: { drivers[$0]?.target == .container(container) }) != true
        else { return }
        world.logger.notice(
            "waking a container that no service covers any more",
            metadata: ["container.id": "\(container)", "container.name": "\(service)"])
        var policy = ServicePolicy(name: service, tier: "", container: .name(service))
        policy.settings.minAwake = .zero
        let orphan = makeDriver(policy, target: .container(container))
        byContainer[container, default: []].insert(orphan.key)
        deliver(.entrusted([container: .frozen]), to: orphan.key)
        deliver(.retired(startStopped: true, .recovery), to: orphan.key)
    }
}
