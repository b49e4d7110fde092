internal import HeapModule
package import Logging
package import SleepCore

/// Owns every service's driver, carries out what their machines decide, and keeps them fed with facts.
///
///      hooks, operators ──▶ ┌────────────┐ ──▶ engine (pause, unpause, start, look)
///      alarms ────────────▶ │ Supervisor │ ──▶ journal (intents, history)
///      Docker's events ───▶ └────────────┘ ──▶ waiters, subscribers, log
///
/// It is an actor on an executor that it is given. In the daemon that is the event loop which also serves
/// the sockets and speaks with Docker, so that a hook for an awake service is answered without leaving the
/// thread. State changes only between two `await`s; what takes time is put into the mailbox, and its
/// result comes back as an event. It knows no Docker, no HTTP and no systemd.
package actor Supervisor {
    /// The world around it.
    package struct Surroundings: Sendable {
        package var engine: any ContainerEngine
        package var host: any ContainerHost
        package var readiness: any ReadinessProbe
        package var journal: Journal
        package var time: any TimeSource
        package var logger: Logger
        /// The kernel's boot id.
        package var boot: String
        /// Seeds the jitter of backoffs.
        package var seed: UInt64

        package init(
            engine: any ContainerEngine, host: any ContainerHost, readiness: any ReadinessProbe, journal: Journal,
            time: any TimeSource, logger: Logger, boot: String, seed: UInt64
        ) {
            self.engine = engine
            self.host = host
            self.readiness = readiness
            self.journal = journal
            self.time = time
            self.logger = logger
            self.boot = boot
            self.seed = seed
        }
    }

    /// What whoever minds the engine is told.
    enum EngineCall: Sendable {
        /// Somebody doubts that the engine is there: ask it.
        case doubt
        /// Somebody wants a sign of life.
        case pulse
    }

    enum Message: Sendable {
        case alarm
        case perform(UInt64, SleepMachine.Operation)
        case recorded(UInt64, operation: UInt64, JournalFault?)
        case look(UInt64, generation: UInt64)
        case resolve(String, Depth)
        case reclaim(ReclaimJob)
        case reclaimed(UInt64, id: UInt64, ReclaimOutcome)
        case assess(UInt64, SleepMachine.WakeReport)
        case watchPressure
        case stirred(UInt64)
        case packet(UInt64)
        case ran(UInt64, operation: UInt64, [Container])
        case acquaint
    }

    struct Alarm: Comparable {
        var at: Instant
        /// 0: the sampler's; `pulseAlarm`: whoever wants a sign of life.
        var driver: UInt64
        static func < (left: Alarm, right: Alarm) -> Bool { left.at < right.at }
    }

    struct LeaseRecord {
        var service: String
        var peer: UInt32
        var until: Instant
    }

    private let executor: any SerialExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let world: Surroundings
    package nonisolated let journal: Journal
    let mailbox: AsyncStream<Message>
    let outbox: AsyncStream<Message>.Continuation
    /// Takes doubts about the engine; null while nobody minds the connection.
    var suspicions: AsyncStream<EngineCall>.Continuation?

    package internal(set) var policy: Policy
    package internal(set) var mode: Mode
    package internal(set) var isEngineReachable = false
    var lastAnswer: Instant?

    var drivers: [UInt64: ServiceDriver] = [:]
    var byName: [String: ServiceDriver] = [:]
    /// Who is meant by a match, and who holds a container: events are sent by these.
    var byMatch: [ContainerMatch.Anchor: [UInt64]] = [:]
    var byContainer: [String: Set<UInt64>] = [:]
    var unclaimed: [String: Journal.Intent] = [:]
    var presumedAsleep: Set<String> = []
    var leases: [String: LeaseRecord] = [:]
    var wakeQueue: WakeQueue
    var bus = EventBus()
    var alarms = Heap<Alarm>()
    /// When meters are read next; null: none is.
    var nextSample: Instant?
    /// Memory is handed back by one service at a time.
    var reclaimUnderWay: ReclaimJob?
    var reclaimsWaiting: [ReclaimJob] = []
    /// Latencies of services that the policy no longer names; it may name them again.
    var formerLatencies: [String: (LatencyHistogram?, WakeMark?)] = [:]
    /// What the journal says of shares, by service.
    var learnedShares: [String: Double] = [:]
    var isWatchingPressure = false
    /// Why memory couldn't be handed back, as far as it has been logged.
    var explained: Set<String> = []
    private var armed: Instant?
    private var lastKey: UInt64 = 0
    var lastWaiter: UInt64 = 0
    var isLettingGo = false
    var unsettled: Set<UInt64> = []
    var whenSettled: CheckedContinuation<Void, Never>?
    var lastPrune: Instant?
    /// Who waits for a sign of life: of the alarms and the mailbox, and of who minds the engine.
    var pulses: [@Sendable () -> Void] = []
    var turns: [@Sendable () -> Void] = []

    /// - Parameter executor: where everything here runs.
    package init(policy: Policy, surroundings: Surroundings, executor: any SerialExecutor) {
        self.policy = policy
        mode = policy.mode
        world = surroundings
        journal = surroundings.journal
        self.executor = executor
        wakeQueue = WakeQueue(limit: policy.maxConcurrentWakes)
        (mailbox, outbox) = AsyncStream.makeStream()
    }

    var now: Instant { world.time.now }

    // MARK: Running

    /// Loads what the journal knows and sets every service up. Call once, before `run`.
    ///
    /// - Throws: `JournalFault` where the journal can't be read.
    package func prepare() async throws {
        let snapshot = try await journal.load()
        unclaimed = Dictionary(snapshot.intents.map { ($0.container, $0) }) { _, last in last }
        presumedAsleep = Set(snapshot.intents.map(\.service))
        if let stored = snapshot.settings["mode"].flatMap(Mode.init(rawValue:)) { mode = stored }
        for (key, value) in snapshot.settings where key.hasPrefix(Self.sharePrefix) {
            learnedShares[String(key.dropFirst(Self.sharePrefix.count))] = Double(value)
        }
        install(policy)
        restorePlaces(snapshot.intents)
        restore(snapshot)
        await restoreLatencies()
    }

    /// Works until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.mindEngine() }
            mindPressure()
            for await message in mailbox {
                switch message {
                case .alarm:
                    ring()
                case .perform(let key, let operation):
                    group.addImmediateTask { await self.perform(operation, for: key) }
                case .recorded(let key, let operation, let fault):
                    let failure = fault.map { SleepMachine.OperationFault(message: $0.description) }
                    deliver(.operationFinished(operation, failure), to: key)
                case .look(let key, let generation):
                    group.addImmediateTask { await self.look(for: key, generation) }
                case .resolve(let container, let depth):
                    group.addImmediateTask { await self.resolve(container, depth) }
                case .reclaim(let job):
                    group.addTask { await self.reclaim(job) }
                case .reclaimed(let key, let id, let outcome):
                    deliver(.reclaimFinished(id, outcome), to: key)
                case .assess(let key, let report):
                    group.addTask { await self.assess(report, of: key) }
                case .watchPressure:
                    group.addTask { await self.watchPressure() }
                case .stirred(let key):
                    if let driver = drivers[key] { noteStir(driver) }
                case .acquaint:
                    group.addTask { await self.acquaint() }
                case .ran(let key, let operation, let containers):
                    noteThaw(of: containers, operation, key)
                case .packet(let key):
                    if let driver = drivers[key] { packetCame(driver) }
                }
            }
            group.cancelAll()
        }
    }

    /// Wakes what svcd froze (where the policy says so), and returns when that is done or `limit` is over.
    ///
    /// - Returns: the services that are left asleep though they should not be.
    package func letGo(within limit: Duration) async -> [String] {
        isLettingGo = true
        guard policy.onExit == .wake else { return [] }
        unsettled = Set(drivers.keys)
        for key in Array(drivers.keys) { deliver(.retired(startStopped: false, .recovery), to: key) }
        // An engine that is gone unpauses nothing; it gets some time to come back.
        let deadline = now + (isEngineReachable ? limit : min(limit, Self.lostEngineGrace))
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await self.world.time.sleep(until: deadline)
                await self.stopWaiting()
            }
            await withCheckedContinuation { continuation in
                if unsettled.isEmpty { continuation.resume() } else { whenSettled = continuation }
            }
            group.cancelAll()
        }
        let left = unsettled.compactMap { drivers[$0]?.name }
        unsettled = []
        return left.sorted()
    }

    private static let lostEngineGrace = Duration.seconds(5)

    private func stopWaiting() {
        whenSettled?.resume()
        whenSettled = nil
    }

    // MARK: Drivers

    func makeDriver(_ service: ServicePolicy, target: ServiceDriver.Target? = nil) -> ServiceDriver {
        lastKey += 1
        let machine = SleepMachine(
            rules: rules(for: service), mode: mode, isPresumedAsleep: presumedAsleep.contains(service.name),
            seed: world.seed &+ lastKey, now: now)
        let share = ReclaimShare(
            target: service.settings.reclaim?.target ?? 0, learned: learnedShares[service.name])
        let driver = ServiceDriver(key: lastKey, policy: service, target: target, machine: machine, share: share)
        if !isEngineReachable { _ = driver.machine.handle(.engineLost, now: now) }
        drivers[driver.key] = driver
        if let anchor = driver.target.anchor { byMatch[anchor, default: []].append(driver.key) }
        return driver
    }

    func remove(_ driver: ServiceDriver) {
        drivers[driver.key] = nil
        if let anchor = driver.target.anchor { byMatch[anchor]?.removeAll { $0 == driver.key } }
        for container in driver.machine.containers { byContainer[container.id]?.remove(driver.key) }
        if driver.isNeeding {
            driver.isNeeding = false
            tellRequired(by: driver)
        }
        if byName[driver.name] === driver { byName[driver.name] = nil }
    }

    /// Gives a machine an event and carries out what it answers.
    func deliver(_ event: SleepMachine.Event, to key: UInt64) {
        guard let driver = drivers[key] else { return }
        let held = driver.machine.containers.map(\.id)
        let step = driver.machine.handle(event, now: now)
        let holds = driver.machine.containers.map(\.id)
        if held != holds {
            for id in held { byContainer[id]?.remove(key) }
            for id in held where byContainer[id]?.isEmpty == true { byContainer[id] = nil }
            for id in holds { byContainer[id, default: []].insert(key) }
        }
        carryOut(step, driver)
        noteNeed(of: driver)
        considerSampling(driver)
        considerTraffic(driver)
    }

    private func carryOut(_ step: SleepMachine.Step, _ driver: ServiceDriver) {
        if !step.forget.isEmpty { journal.write(.forget(step.forget)) }
        for (container, depth) in step.deepened { journal.write(.intent(intent(container, depth, driver))) }
        if step.haltsReclaim { haltReclaim(of: driver) }
        if let (id, containers) = step.reclaim { enqueueReclaim(id, containers, driver) }
        for container in step.disowned.keys { abandon(container, driver) }
        for (container, depth) in step.disowned { outbox.yield(.resolve(container, depth)) }
        if let operation = step.operation { begin(operation, driver) }
        if let generation = step.look { outbox.yield(.look(driver.key, generation: generation)) }
        if let report = step.woke {
            driver.lastWake = WakeMark(atMilliseconds: world.time.wallMilliseconds, report: report)
            // Nobody waits for a wake by a packet; it counts all the same.
            if step.ready.isEmpty, report.trigger == .traffic { noteLatency(report, driver) }
            if report.from == .reclaimed { outbox.yield(.assess(driver.key, report)) }
        }
        for (waiter, report) in step.ready {
            if report.woke { noteLatency(report, driver) }
            driver.wakeAnswers.removeValue(forKey: waiter.id)?(.success(report))
        }
        for (waiter, failure) in step.failed {
            noteFailure(failure, waiter, driver)
            driver.wakeAnswers.removeValue(forKey: waiter.id)?(.failure(failure))
        }
        // After the answers to a wake: the log may wait for whoever reads it.
        for transition in step.transitions { note(transition, driver) }
        for (request, outcome) in step.slept { driver.sleepAnswers.removeValue(forKey: request.id)?(outcome) }
        if let next = step.nextCall, driver.alarm.map({ next < $0 }) ?? true {
            driver.alarm = next
            alarms.insert(Alarm(at: next, driver: driver.key))
            arm()
        }
        if driver.machine.isSettled { settled(driver) }
    }

    private func begin(_ operation: SleepMachine.Operation, _ driver: ServiceDriver) {
        switch operation.kind {
        case .record(let containers, let depth, let unlessUsed):
            let settings = driver.policy.settings
            if unlessUsed || settings.freezer == .cgroup || settings.wakeOn.contains(.traffic) {
                outbox.yield(.perform(driver.key, operation))
            } else {
                record(containers, depth, operation, driver)
            }
        case .freeze, .ready, .stop:
            outbox.yield(.perform(driver.key, operation))
        case .wake:
            wakeRequired(by: driver)
            prepareWake(driver)
            let entry = WakeQueue.Entry(
                driver: driver.key, operation: operation, budget: driver.policy.settings.wakeBudget)
            if wakeQueue.enter(entry) { start(entry) }
        }
    }

    func record(
        _ containers: [String], _ depth: Depth, _ operation: SleepMachine.Operation, _ driver: ServiceDriver
    ) {
        let intents = containers.map { intent($0, depth, driver) }
        journal.record(intents) { [outbox, key = driver.key] fault in
            outbox.yield(.recorded(key, operation: operation.id, fault))
        }
    }

    private func intent(_ container: String, _ depth: Depth, _ driver: ServiceDriver) -> Journal.Intent {
        let place = driver.places[container]?.path
        return Journal.Intent(
            container: container, service: driver.name, depth: depth, freezer: place == nil ? .docker : .cgroup,
            beganMilliseconds: world.time.wallMilliseconds, boot: world.boot, place: place)
    }

    func start(_ entry: WakeQueue.Entry) {
        deliver(.operationStarted(entry.operation.id), to: entry.driver)
        outbox.yield(.perform(entry.driver, entry.operation))
    }

    /// A retired driver with nothing left to do makes room.
    private func settled(_ driver: ServiceDriver) {
        if unsettled.remove(driver.key) != nil, unsettled.isEmpty { stopWaiting() }
        guard driver.machine.isRetired, !isLettingGo else { return }
        remove(driver)
        // Only where Docker could not be asked: nobody is left waiting for an answer that can't come.
        for answer in driver.wakeAnswers.values { answer(.failure(.engineUnavailable)) }
        for answer in driver.sleepAnswers.values { answer(.failed("the policy has changed")) }
        guard let successor = driver.successor else { return }
        let replacement = makeDriver(successor)
        byName[successor.name] = replacement
        replacement.latencies = driver.latencies
        replacement.lastWake = driver.lastWake
        hand(over: driver.machine, to: replacement)
        if isEngineReachable { lookAnew(replacement) }
    }

    // MARK: Alarms

    func arm() {
        guard let earliest = alarms.min?.at, armed.map({ earliest < $0 }) ?? true else { return }
        armed = earliest
        world.time.setAlarm(at: earliest) { [outbox] in outbox.yield(.alarm) }
    }

    private func ring() {
        armed = nil
        let now = now
        while let first = alarms.min, first.at <= now {
            alarms.removeMin()
            if first.driver == 0 {
                sample()
                continue
            }
            if first.driver == Self.pulseAlarm {
                answerPulses()
                continue
            }
            guard let driver = drivers[first.driver], driver.alarm == first.at else { continue }
            driver.alarm = nil
            deliver(.timeCame, to: driver.key)
        }
        arm()
    }
}
