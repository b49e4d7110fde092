internal import Logging
internal import SleepCore

/// The connection to the engine: listening, noticing that it is gone, and reconciling when it is back.
extension Supervisor {
    private static let pingLimit = Duration.seconds(1)
    private static let listLimit = Duration.seconds(5)
    /// How often everything is listed anew although no event said so.
    private static let reconcileEvery = Duration.seconds(300)
    /// The longest wait between two attempts to reach a lost engine, so that it is back within 5 s.
    private static let longestBackoff = 2.0

    /// Keeps the event stream open for as long as the task lives.
    func mindEngine() async {
        var failures = 0
        var random = SplitMix(state: world.seed)
        while !Task.isCancelled {
            engineTaskTurned()
            do {
                try await world.engine.ping(within: Self.pingLimit)
                answered()
                try await listen { failures = 0 }
            } catch {
                if Task.isCancelled { return }
                engineLost("\(error)")
            }
            if Task.isCancelled { return }
            failures += 1
            let wait = min(Self.longestBackoff, 0.05 * Double(1 << min(failures, 10)))
            let jittered = wait * Double.random(in: 0.75...1, using: &random)
            try? await world.time.sleep(until: now + .seconds(jittered))
        }
    }

    private struct StreamEnded: Error, CustomStringConvertible {
        var description: String { "Docker closed the event stream" }
    }

    /// Returns never; throws when the stream has broken or the engine has fallen silent.
    private func listen(_ isListening: () -> Void) async throws {
        let engine = world.engine
        // Anew each time: a stream whose reader was cancelled has ended for good.
        let (calls, suspicions) = AsyncStream.makeStream(of: EngineCall.self, bufferingPolicy: .bufferingNewest(8))
        self.suspicions = suspicions
        // Who asked before now could not be heard.
        engineTaskTurned()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await engine.events(ready: { await self.reconcileOrSuspect() }) { event in
                    await self.receive(event)
                }
                throw StreamEnded()
            }
            group.addTask { try await self.follow(calls) }
            group.addTask { try await self.reconcileNowAndThen() }
            defer { group.cancelAll() }
            isListening()
            try await group.next()
        }
    }

    /// Asks the engine whenever somebody doubts that it is there.
    private func follow(_ calls: AsyncStream<EngineCall>) async throws {
        for await call in calls {
            engineTaskTurned()
            guard call == .doubt else { continue }
            try await world.engine.ping(within: Self.pingLimit)
            answered()
        }
    }

    private func reconcileNowAndThen() async throws {
        while true {
            try await world.time.sleep(until: now + Self.reconcileEvery)
            try await reconcile()
        }
    }

    private func reconcileOrSuspect() async {
        do {
            try await reconcile()
        } catch {
            world.logger.debug("a listing failed", metadata: ["error": "\(error)"])
            suspicions?.yield(.doubt)
        }
    }

    private func answered() { lastAnswer = now }

    private func engineLost(_ why: String) {
        lastAnswer = nil
        thawAll()
        guard isEngineReachable else { return }
        isEngineReachable = false
        world.logger.warning("Docker is lost", metadata: ["error": "\(why)"])
        publish("Docker is lost: \(why)")
        for key in Array(drivers.keys) { deliver(.engineLost, to: key) }
    }

    private func engineBack() {
        guard !isEngineReachable else { return }
        isEngineReachable = true
        world.logger.notice("Docker answers")
        publish("Docker answers")
        for key in Array(drivers.keys) { deliver(.engineBack, to: key) }
    }

    /// Whether Docker answers now. Asks it unless it has answered within the last second.
    package func isHealthy() async -> Bool {
        guard isEngineReachable else { return false }
        if let lastAnswer, now - lastAnswer < .seconds(1) { return true }
        do {
            try await world.engine.ping(within: Self.pingLimit)
            answered()
            return isEngineReachable
        } catch {
            suspicions?.yield(.doubt)
            return false
        }
    }

    // MARK: Reconciling

    /// Lists everything and holds it against what is believed.
    func reconcile() async throws {
        let listed = try await world.engine.list(within: Self.listLimit)
        answered()
        engineBack()
        let finder = ContainerFinder(listed, policy: drivers.values.map(\.target))
        noteContests(finder)
        for driver in Array(drivers.values) {
            var found = finder.find(driver.target)
            for index in found.indices { correct(&found[index], driver) }
            deliver(.found(found, intents: claim(found)), to: driver.key)
        }
        presumedAsleep = []
        releaseUnclaimed(finder)
        thawSignalled()
        outbox.yield(.acquaint)
    }

    /// The intents for these containers, which from now on are their service's.
    private func claim(_ found: [Container]) -> [String: Depth] {
        var intents: [String: Depth] = [:]
        for container in found {
            guard let intent = unclaimed.removeValue(forKey: container.id) else { continue }
            // A pause doesn't outlive a boot: whoever paused this since, it was not svcd.
            if intent.boot != world.boot, container.status == .paused {
                journal.write(.forget([container.id]))
            } else {
                intents[container.id] = intent.depth
            }
        }
        return intents
    }

    private func releaseUnclaimed(_ finder: ContainerFinder) {
        let left = unclaimed
        unclaimed = [:]
        for (container, intent) in left {
            if finder.byID[container]?.status == .paused, intent.boot == world.boot {
                adoptOrphan(container, service: intent.service)
            } else {
                journal.write(.forget([container]))
            }
        }
    }

    /// Two services on one container: neither puts it to sleep.
    private func noteContests(_ finder: ContainerFinder) {
        var claims: [String: [ServiceDriver]] = [:]
        for driver in byName.values {
            for container in finder.find(driver.target) { claims[container.id, default: []].append(driver) }
        }
        var rivals: [UInt64: String] = [:]
        for (_, claimants) in claims where claimants.count > 1 {
            for driver in claimants {
                rivals[driver.key] = claimants.filter { $0 !== driver }.map(\.name).sorted().joined(separator: ", ")
            }
        }
        for driver in Array(byName.values) where driver.rivals != rivals[driver.key] {
            driver.rivals = rivals[driver.key]
            deliver(.rulesChanged(rules(of: driver)), to: driver.key)
        }
    }

    // MARK: Events

    private static let telling: Set<String> = [
        "create", "destroy", "die", "oom", "pause", "rename", "restart", "start", "stop", "unpause",
    ]

    /// Passes an event on as a hint to every service that it may be about.
    func receive(_ event: ContainerEvent) {
        thawFor(event)
        guard Self.telling.contains(event.action) else { return }
        let hint: SleepMachine.Hint =
            switch event.action {
            case "unpause": .runs
            case "pause": .paused
            default: .other
            }
        for key in meant(by: event) {
            // A pause of a sleeper that Docker believes awake is news.
            let isNews = event.action == "pause" && drivers[key]?.places[event.id] != nil
            deliver(.hinted(isNews ? .other : hint), to: key)
        }
    }

    private func meant(by event: ContainerEvent) -> Set<UInt64> {
        var keys = byContainer[event.id] ?? []
        let labels = event.labels.map { ContainerMatch.Anchor.label(ContainerMatch.Label($0.key, $0.value)) }
        for key in ([.name(event.name)] + labels).flatMap({ byMatch[$0] ?? [] }) {
            guard case .match(let match)? = drivers[key]?.target,
                match.matches(name: event.name, label: { event.labels[$0] })
            else { continue }
            keys.insert(key)
        }
        return keys
    }

    /// Looks at everything that only a listing has told of: its memory and its use are found by its process, which
    /// listings don't tell. One after the other, so that thousands of services don't ask at once.
    func acquaint() async {
        let strangers = drivers.values.filter { driver in
            driver.machine.containers.contains { $0.pid == 0 && $0.status != .down }
        }
        for key in strangers.map(\.key) {
            deliver(.hinted(.other), to: key)
            do { try await world.time.sleep(until: now + .milliseconds(1)) } catch { return }
        }
    }

    /// Looks at a service that has just been set up, without waiting for a listing.
    func lookAnew(_ driver: ServiceDriver) {
        deliver(.hinted(.other), to: driver.key)
    }
}

/// Finds containers in a listing by whatever a policy names them by.
struct ContainerFinder {
    private var byAnchor: [ContainerMatch.Anchor: [ListedContainer]] = [:]
    private(set) var byID: [String: Container] = [:]

    init(_ listed: [ListedContainer], policy targets: [ServiceDriver.Target]) {
        var keys: Set<String> = []
        for case .label(let label)? in targets.map(\.anchor) { keys.insert(label.key) }
        for entry in listed {
            byID[entry.container.id] = entry.container
            byAnchor[.name(entry.container.name), default: []].append(entry)
            for key in keys {
                guard let value = entry.labels[key] else { continue }
                byAnchor[.label(ContainerMatch.Label(key, value)), default: []].append(entry)
            }
        }
    }

    func find(_ target: ServiceDriver.Target) -> [Container] {
        switch target {
        case .match(let match):
            (match.anchor.flatMap { byAnchor[$0] } ?? []).filter { entry in
                match.matches(name: entry.container.name, label: { entry.labels[$0] })
            }.map(\.container)
        case .container(let id): byID[id].map { [$0] } ?? []
        }
    }
}
