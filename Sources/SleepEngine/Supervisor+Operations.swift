internal import Logging
internal import SleepCore

/// Operations take time. Their results go back as events.
extension Supervisor {
    static let lookLimit = Duration.seconds(2)

    func perform(_ operation: SleepMachine.Operation, for key: UInt64) async {
        let engine = world.engine
        let limit = operation.limit
        switch operation.kind {
        case .record(let ids, let depth, let unlessUsed):
            await prepareFall(ids, depth, unlessUsed: unlessUsed, operation, key)
        case .freeze(let ids, let unlessUsed):
            await freeze(ids, unlessUsed: unlessUsed, operation, key)
        case .wake(let thaw, let start):
            let watches = start.isEmpty ? watchThaw(of: thaw, operation.id, key) : []
            defer { withExtendedLifetime(watches) {} }
            var fault = await each(thaw) { id throws in try await self.thaw(id, within: limit, key) }
            if let refused = await each(start, { id throws in try await engine.start(id: id, within: limit) }) {
                fault = refused
            }
            for entry in wakeQueue.finish() { self.start(entry) }
            finished(operation, fault, key)
        case .ready(let ids, let afterStart):
            deliver(.operationFinished(operation.id, await waitUntilReady(ids, afterStart, limit, key)), to: key)
        case .stop(let ids):
            await stop(ids, operation, key)
        }
    }

    private func finished(_ operation: SleepMachine.Operation, _ fault: EngineFault?, _ key: UInt64) {
        if let fault, fault.isSilence { suspicions?.yield(.doubt) }
        deliver(.operationFinished(operation.id, fault.map(Self.operationFault)), to: key)
    }

    // MARK: Freezing

    /// How many bytes on the wire while a pause was landing mean that somebody has come: more than the ARP
    /// and neighbour chatter of a bridge.
    private static let strayBytes = 128

    /// The last look at everything that means use, and the choice of the freezer, before anything is done.
    private func prepareFall(
        _ ids: [String], _ depth: Depth, unlessUsed: Bool, _ operation: SleepMachine.Operation, _ key: UInt64
    ) async {
        guard let driver = drivers[key] else { return }
        do {
            if unlessUsed, let use = try await useNow(of: driver) {
                deliver(.operationFinished(operation.id, .init(message: use, isVeto: true)), to: key)
                return
            }
            if depth == .frozen {
                try await choosePlaces(ids, driver)
                if driver.policy.settings.wakeOn.contains(.traffic) {
                    var containers: [Container] = []
                    for id in ids {
                        let found = try await world.engine.inspect(id: id, within: Self.lookLimit)
                        if let found { containers.append(found) }
                    }
                    // Where that can't be, the rules forbid to fall asleep on idle from now on.
                    _ = armTraffic(containers, driver)
                }
            }
            record(ids, depth, operation, driver)
        } catch {
            finished(operation, error as? EngineFault ?? .garbled("\(error)"), key)
        }
    }

    /// Pauses it, and looks again: what has come since the last look thaws it at once.
    private func freeze(
        _ ids: [String], unlessUsed: Bool, _ operation: SleepMachine.Operation, _ key: UInt64
    ) async {
        let fault = await each(ids) { id throws in try await self.freeze(id, within: operation.limit, key) }
        let newcomer = unlessUsed && fault == nil ? drivers[key].flatMap(newcomer) : nil
        var isWaitedFor = false
        if fault == nil, let driver = drivers[key], !driver.traffic.isEmpty {
            isWaitedFor = hasNewlyUnread(driver) || (!unlessUsed && self.isWaitedFor(driver))
        }
        finished(operation, fault, key)
        if isWaitedFor { deliver(.wakeDemanded(.traffic, by: nil), to: key) }
        if let newcomer {
            world.logger.debug("somebody came while it fell asleep", metadata: ["sign": "\(newcomer)"])
            deliver(.wakeDemanded(.traffic, by: nil), to: key)
        }
    }

    /// Why it is in use, as of now; null: it isn't.
    private func useNow(of driver: ServiceDriver) async throws -> String? {
        for metered in driver.meters.values {
            if let use = metered.meter?.read(now: now).use { return use }
            _ = metered.meter?.newlyUnread()
        }
        if let request = requestBeforeFall(driver) { return request }
        for container in driver.machine.containers where container.status == .running {
            let commands = try await world.engine.commandsRunning(in: container, within: Self.lookLimit)
            if let command = commands.first { return "a docker exec runs in it: \(command)" }
        }
        return nil
    }

    private func newcomer(_ driver: ServiceDriver) -> String? {
        if let request = requestDuringFall(driver) { return request }
        for metered in driver.meters.values {
            guard let meter = metered.meter else { continue }
            if let unread = meter.newlyUnread() { return unread }
            let bytes = meter.read(now: now).networkBytes
            if bytes > Self.strayBytes { return "\(bytes) bytes" }
        }
        return nil
    }

    // MARK: Thawing

    /// Tells when what Docker is about to thaw runs: dockerd answers some milliseconds later, when it has done
    /// its bookkeeping. Empty where that can't be told of all.
    private func watchThaw(of ids: [String], _ operation: UInt64, _ key: UInt64) -> [AnyObject] {
        guard let driver = drivers[key], driver.places.isEmpty else { return [] }
        let containers = driver.machine.containers.filter { ids.contains($0.id) }
        let watches = containers.compactMap { container in
            world.host.frozenPlace(of: container).flatMap { place in
                world.host.watch(place) { [outbox] in
                    outbox.yield(.ran(key, operation: operation, containers))
                }
            }
        }
        return watches.count == ids.count ? watches : []
    }

    func noteThaw(of containers: [Container], _ operation: UInt64, _ key: UInt64) {
        guard containers.allSatisfy({ world.host.isFrozen($0) == false }) else { return }
        deliver(.containersRun(operation), to: key)
    }

    // MARK: Stopping

    /// How long a container gets to end by itself.
    private static let stopGrace = Duration.seconds(10)

    private func stopVeto(_ container: Container, _ settings: Settings?) -> String? {
        guard let details = container.details, let settings else { return nil }
        if settings.wakeOn.contains(.traffic) { return "no packet could wake it any more, and wake_on names traffic" }
        if details.isRemovedOnStop { return "Docker would remove \(container.name) for good (--rm)" }
        if settings.ready == nil, details.health == nil {
            return "nobody would know when a cold start has ended: it has neither ready nor a HEALTHCHECK"
        }
        return nil
    }

    /// Thaws first: a frozen process gets no SIGTERM, and would end by SIGKILL.
    private func stop(_ ids: [String], _ operation: SleepMachine.Operation, _ key: UInt64) async {
        let engine = world.engine
        do {
            for id in ids {
                guard let found = try await engine.inspect(id: id, within: Self.lookLimit) else { continue }
                if let why = stopVeto(found, drivers[key]?.policy.settings) {
                    deliver(.operationFinished(operation.id, .init(message: why, isVeto: true)), to: key)
                    return
                }
            }
        } catch {
            finished(operation, error as? EngineFault ?? .garbled("\(error)"), key)
            return
        }
        let fault = await each(ids) { id throws in
            do {
                try await self.thaw(id, within: operation.limit, key)
            } catch EngineFault.refused {
                // It runs already, or dockerd errs; the stop that follows tells.
            }
            try await engine.stop(id: id, grace: Self.stopGrace, within: operation.limit)
        }
        finished(operation, fault, key)
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
}
