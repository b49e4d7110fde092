package import SleepCore

/// The engine's one isolation domain: takes requests, messages and the engine's news, and hands them to the parts that
/// know what is to be done.
///
///      hooks, operators ──▶ ┌────────────┐      ┌────────────┐ ──▶ Performer: engine, kernel, readiness
///      Docker's events ───▶ │ Supervisor │ ──▶  │ Dispatcher │ ──▶ Journal (intents), Ledger (history, log, events)
///      alarms, packets ───▶ └────────────┘      └────────────┘ ──▶ callers that wait
///
/// It is an actor on an executor that it is given. In the daemon that is the event loop which also serves
/// the sockets and speaks with Docker, so that a hook for an awake service is answered without leaving the
/// thread. State changes only between two `await`s; what takes time is put into the mailbox, and its
/// result comes back as an event. It knows no Docker, no HTTP and no systemd.
///
/// What must be remembered stands in parts that are values: they are told what happened and the time, and answer with
/// what is to be done. Whoever owns them does it.
package actor Supervisor {
    private let executor: any SerialExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let mailbox: Mailbox
    let dispatcher: Dispatcher
    let world: Surroundings
    package internal(set) var policy: Policy
    var leases = LeaseBook()
    var relief = PressureRelief()
    var lastWaiter: UInt64 = 0

    /// - Parameter executor: where everything here runs.
    package init(policy: Policy, surroundings: Surroundings, executor: any SerialExecutor) {
        self.policy = policy
        self.executor = executor
        world = surroundings
        mailbox = Mailbox()
        dispatcher = Dispatcher(Performer(world: surroundings, post: mailbox.post), policy)
    }

    var now: Instant { world.time.now }
    package nonisolated var journal: Journal { world.journal }
    package nonisolated var clock: any TimeSource { world.time }
    package var mode: Mode { dispatcher.mode }
    package var isEngineReachable: Bool { dispatcher.link.isReachable }

    // MARK: Running

    /// Loads what the journal knows and sets every service up. Call once, before `run`.
    ///
    /// - Throws: `JournalFault` where the journal can't be read.
    package func prepare() async throws {
        let snapshot = try await journal.load()
        dispatcher.ledger.records = await ServiceRecords.read(
            journal, snapshot.settings, policy.services, wallMilliseconds: world.time.wallMilliseconds)
        if let stored = snapshot.settings["mode"].flatMap(Mode.init(rawValue:)) { dispatcher.mode = stored }
        install(snapshot)
    }

    /// Works until the task is cancelled.
    package func run() async {
        let mailbox = mailbox
        let minder = EngineMinder(engine: world.engine, time: world.time, logger: world.logger, seed: world.seed)
        await withDiscardingTaskGroup { group in
            group.addTask { await minder.run { await self.heard($0) } }
            mindPressure()
            for await message in mailbox.messages {
                switch message {
                case .alarm: dispatcher.ring()
                case .event(let key, let event): dispatcher.deliver(event, to: key)
                case .start(let work): group.addImmediateTask { await self.work(on: work) }
                }
            }
            group.cancelAll()
        }
    }

    private func heard(_ report: EngineMinder.Report) {
        switch report {
        case .turned: for turned in dispatcher.link.minderTurned() { turned() }
        case .listening(let calls): dispatcher.link.listening(calls)
        case .answered: dispatcher.link.answered(now)
        case .event(let event): dispatcher.received(event)
        case .listed(let listed):
            if dispatcher.link.back(now) {
                dispatcher.ledger.chronicle.engineBack()
                dispatcher.deliverToAll(.engineBack)
            }
            dispatcher.reconcile(listed)
        case .lost(let why):
            // Docker may be going down, and will stop its containers next: they must be able to hear it.
            for driver in dispatcher.index.all where !driver.kernel.isEmpty { dispatcher.thaw(driver) }
            guard dispatcher.link.lost() else { return }
            dispatcher.ledger.chronicle.engineLost(why)
            dispatcher.deliverToAll(.engineLost)
        }
    }

    // MARK: The end

    /// How long an engine that is gone gets to come back: until then it unpauses nothing.
    private static let lostEngineGrace = Duration.seconds(5)

    /// Wakes what svcd froze (where the policy says so), and returns when that is done or `limit` is over.
    ///
    /// - Returns: the services that are left asleep though they should not be.
    package func letGo(within limit: Duration) async -> [String] {
        guard policy.onExit == .wake else {
            dispatcher.departure = Departure([])
            return []
        }
        dispatcher.departure = Departure(dispatcher.index.all.map(\.key))
        dispatcher.deliverToAll(.retired(startStopped: false, .recovery))
        let deadline = now + (isEngineReachable ? limit : min(limit, Self.lostEngineGrace))
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await self.world.time.sleep(until: deadline)
                await self.giveUp()
            }
            await withCheckedContinuation { dispatcher.departure?.wait($0) }
            group.cancelAll()
        }
        return dispatcher.departure?.left.compactMap { dispatcher.index[$0]?.name }.sorted() ?? []
    }

    private func giveUp() { dispatcher.departure?.giveUp() }

    // MARK: Pressure

    /// Begins to watch where the policy asks for it.
    func mindPressure() {
        guard policy.pressure != nil, !relief.isWatching else { return }
        relief.isWatching = true
        dispatcher.post(.watchPressure)
    }

    /// Returns once the policy asks for it no more.
    func watchPressure() async {
        defer { relief.end() }
        while let threshold = policy.pressure?.memorySomeAvg10, !Task.isCancelled {
            guard let share = world.host.memoryPressure() else {
                return dispatcher.ledger.chronicle.pressureUnknown()
            }
            if relief.read(share, threshold: threshold) {
                dispatcher.ledger.chronicle.pressure(isHigh: relief.isHigh, share)
            }
            // One at a time: each step takes a while to show.
            if relief.isHigh, dispatcher.reclaims.isIdle { relieve() }
            do { try await world.time.sleep(until: now + PressureRelief.every) } catch { return }
        }
    }

    private func relieve() {
        let now = now
        let candidates = dispatcher.index.named.compactMap { $0.candidate(now) }
        guard let (key, depth) = PressureRelief.next(candidates, now) else { return }
        lastWaiter += 1
        dispatcher.deliver(
            .sleepRequested(.init(id: lastWaiter, depth: depth, trigger: .pressure, by: nil)), to: key)
    }
}
