internal import SleepCore

/// Does what machines decide: thaws, starts, freezes, stops, looks. It works for one service at a time, holds no
/// state and asks the supervisor for nothing.
///
/// Everything here runs where its caller does, up to the first wait: the kernel's thaw is written in the turn of the
/// message that asked for it.
struct Performer: Sendable {
    let world: Surroundings
    /// Takes what the kernel tells later.
    let post: AsyncStream<Message>.Continuation

    static let lookLimit = Duration.seconds(2)
    /// How long a container gets to end by itself.
    private static let stopGrace = Duration.seconds(10)

    /// Wakes a service that another one requires, and waits for it; null: there is no such service.
    typealias Waker = (_ service: String, _ limit: Duration) async -> WakeAnswer?

    /// - Parameter thawed: called for each container that the kernel has let go on, in that moment.
    func perform(
        _ operation: SleepMachine.Operation, on sleeper: Sleeper, thawed: (String) -> Void, wake: Waker
    ) async -> Outcome {
        switch operation.kind {
        case .record(let ids, let depth, let unlessUsed):
            await prepareFall(ids, depth, unlessUsed: unlessUsed, sleeper)
        case .freeze(let ids, _):
            await freeze(ids, sleeper, operation.limit)
        case .wake(let thaw, let start):
            await self.wake(thaw, start, operation, sleeper, thawed)
        case .ready(let ids, let afterStart):
            await waitUntilReady(ids, afterStart: afterStart, sleeper, operation.limit, wake)
        case .stop(let ids):
            await stop(ids, sleeper, operation.limit, thawed)
        }
    }

    // MARK: Waking

    private func wake(
        _ thaw: [String], _ start: [String], _ operation: SleepMachine.Operation, _ sleeper: Sleeper,
        _ thawed: (String) -> Void
    ) async -> Outcome {
        let watches = start.isEmpty ? watchThaw(of: thaw, operation.id, sleeper) : []
        defer { withExtendedLifetime(watches) {} }
        let fault = await self.thaw(thaw, sleeper, operation.limit, thawed)
        guard !start.isEmpty else { return Outcome(fault) }
        let (engine, limit) = (world.engine, operation.limit)
        let refused = await each(start) { id throws in try await engine.start(id: id, within: limit) }
        return Outcome(refused ?? fault)
    }

    /// Thaws each by the way that it was frozen. Where it was paused through Docker as well, Docker goes first: it
    /// refuses to unpause what the kernel has thawed already.
    ///
    /// - Returns: the first fault.
    private func thaw(
        _ ids: [String], _ sleeper: Sleeper, _ limit: Duration, _ thawed: (String) -> Void
    ) async -> EngineFault? {
        var fault: EngineFault?
        var paused: [String] = []
        for id in ids {
            guard let place = sleeper.places[id] else {
                paused.append(id)
                continue
            }
            do {
                if sleeper.container(id)?.isPausedTwice == true {
                    try await world.engine.unpause(id: id, within: limit)
                }
                try world.host.thaw(at: place)
                thawed(id)
            } catch {
                fault = fault ?? Self.fault(error)
            }
        }
        guard !paused.isEmpty else { return fault }
        let engine = world.engine
        let refused = await each(paused) { id throws in try await engine.unpause(id: id, within: limit) }
        return fault ?? refused
    }

    /// Tells when what Docker is about to thaw runs: dockerd answers some milliseconds later, when it has done its
    /// bookkeeping. Empty where that can't be told of all.
    private func watchThaw(of ids: [String], _ operation: UInt64, _ sleeper: Sleeper) -> [AnyObject] {
        guard sleeper.places.isEmpty else { return [] }
        let containers = sleeper.containers.filter { ids.contains($0.id) }
        let (host, post, key) = (world.host, post, sleeper.key)
        let watches = containers.compactMap { container in
            host.frozenPlace(of: container).flatMap { place in
                host.watch(place) {
                    guard containers.allSatisfy({ host.isFrozen($0) == false }) else { return }
                    post.yield(.event(key, .containersRun(operation)))
                }
            }
        }
        return watches.count == ids.count ? watches : []
    }

    // MARK: Freezing

    /// Looks once more at what only the engine tells, and chooses the freezer, before anything is done.
    private func prepareFall(
        _ ids: [String], _ depth: Depth, unlessUsed: Bool, _ sleeper: Sleeper
    ) async -> Outcome {
        var outcome = Outcome()
        do {
            if unlessUsed, let command = try await commandRunning(in: sleeper) {
                return Outcome(veto: "a docker exec runs in it: \(command)")
            }
            let isDirect = sleeper.settings.freezer == .cgroup
            guard depth == .frozen, isDirect || !sleeper.settings.triggers.isEmpty else { return outcome }
            for id in ids {
                let found = try await world.engine.inspect(id: id, within: Self.lookLimit)
                if isDirect { outcome.choices[id] = found.map(choice) ?? .docker }
                if let found { outcome.inspected.append(found) }
            }
            return outcome
        } catch {
            return Outcome(Self.fault(error))
        }
    }

    private func commandRunning(in sleeper: Sleeper) async throws -> String? {
        for container in sleeper.containers where container.status == .running {
            let commands = try await world.engine.commandsRunning(in: container, within: Self.lookLimit)
            if let command = commands.first { return command }
        }
        return nil
    }

    private func choice(_ container: Container) -> FreezerChoice {
        if container.details?.health != nil { return .refused(.healthcheck) }
        return world.host.freezerPlace(of: container).map(FreezerChoice.kernel) ?? .refused(.noFreezer)
    }

    private func freeze(_ ids: [String], _ sleeper: Sleeper, _ limit: Duration) async -> Outcome {
        let (engine, host, places) = (world.engine, world.host, sleeper.places)
        var outcome = Outcome(
            await each(ids) { id throws in
                if let place = places[id] {
                    try await host.freeze(at: place)
                } else {
                    try await engine.pause(id: id, within: limit)
                }
            })
        for (id, place) in places where ids.contains(id) {
            outcome.watches[id] = watchFrozen(place, sleeper.key)
        }
        return outcome
    }

    /// Tells when a place thaws: not every thaw from outside raises an event of Docker's.
    func watchFrozen(_ place: String, _ key: UInt64) -> AnyObject? {
        let (host, post) = (world.host, post)
        return host.watch(place) {
            if host.isFrozen(at: place) != true { post.yield(.event(key, .hinted(.runs))) }
        }
    }

    // MARK: Stopping

    /// Thaws first: a frozen process gets no SIGTERM, and would end by SIGKILL.
    private func stop(
        _ ids: [String], _ sleeper: Sleeper, _ limit: Duration, _ thawed: (String) -> Void
    ) async -> Outcome {
        let engine = world.engine
        do {
            for id in ids {
                guard let found = try await engine.inspect(id: id, within: Self.lookLimit) else { continue }
                if let refusal = StopRefusal(found, sleeper.settings) { return Outcome(veto: refusal) }
            }
        } catch {
            return Outcome(Self.fault(error))
        }
        switch await thaw(ids, sleeper, limit, thawed) {
        // Refused, it runs already, or dockerd errs; the stop that follows tells.
        case nil, .refused: break
        case let fault?: return Outcome(fault)
        }
        return Outcome(
            await each(ids) { id throws in try await engine.stop(id: id, grace: Self.stopGrace, within: limit) })
    }

    // MARK: One by one, and together

    /// Does it to all at once; the first fault, if any.
    private func each(
        _ ids: [String], _ body: @escaping @Sendable (String) async throws -> Void
    ) async -> EngineFault? {
        if ids.count == 1 { return await Self.attempt(ids[0], body) }
        return await withTaskGroup(of: EngineFault?.self) { group in
            for id in ids { group.addTask { await Self.attempt(id, body) } }
            return await group.reduce(nil) { $0 ?? $1 }
        }
    }

    private static func attempt(_ id: String, _ body: (String) async throws -> Void) async -> EngineFault? {
        do {
            try await body(id)
            return nil
        } catch {
            return fault(error)
        }
    }

    static func fault(_ error: any Error) -> EngineFault { error as? EngineFault ?? .garbled("\(error)") }
}

/// Why a sleeper is not stopped although its policy says so.
enum StopRefusal: Equatable, CustomStringConvertible {
    case wouldNotWake(WakeSource)
    case isRemovedOnStop(name: String)
    case readinessUnknown

    /// Null: it may be.
    init?(_ container: Container, _ settings: Settings) {
        guard let details = container.details else { return nil }
        if let trigger = settings.triggers.first {
            self = .wouldNotWake(trigger.source)
        } else if details.isRemovedOnStop {
            self = .isRemovedOnStop(name: container.name)
        } else if settings.ready == nil, details.health == nil {
            self = .readinessUnknown
        } else {
            return nil
        }
    }

    var description: String {
        switch self {
        case .wouldNotWake(let source):
            "no packet could wake it any more, and wake_on names \(source.rawValue)"
        case .isRemovedOnStop(let name): "Docker would remove \(name) for good (--rm)"
        case .readinessUnknown:
            "nobody would know when a cold start has ended: it has neither ready nor a HEALTHCHECK"
        }
    }
}
