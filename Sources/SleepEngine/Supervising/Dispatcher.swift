internal import SleepCore

/// Gives machines their events and carries out what they answer, one event after the other.
///
///      deliver(event) ──▶ Inbox ──▶ SleepMachine ──▶ Step ──▶ journal: intents        ──▶ Ledger
///            ▲                                         ├──▶ mailbox: operations, looks, memory
///            └──── what that leads to for others ◀─────┴──▶ callers that wait
///
/// It lives where the supervisor does and is called by nobody else. A class, because an answer may bring its caller
/// back at once: a connection that closes when it is written to leaves its waiter within the turn.
final class Dispatcher {
    let performer: Performer
    private var inbox = Inbox()
    var index = ServiceIndex()
    var agenda = Agenda()
    var link = EngineLink()
    var claims = SleeperClaims([], boot: "")
    private var wakeQueue: WakeQueue
    private(set) var reclaims = ReclaimQueue()
    private var requirements = Requirements()
    var ledger: Ledger
    var mode: Mode
    /// Null until svcd is told to stop.
    var departure: Departure?

    init(_ performer: Performer, _ policy: Policy) {
        self.performer = performer
        mode = policy.mode
        wakeQueue = WakeQueue(limit: policy.maxConcurrentWakes)
        ledger = Ledger(performer.world)
    }

    var world: Surroundings { performer.world }
    var now: Instant { performer.world.time.now }

    // MARK: Events

    /// Gives a machine an event and carries out what it answers. What that leads to waits for its turn: when this
    /// returns it has been done, unless it was called from within such a turn itself.
    func deliver(_ event: SleepMachine.Event, to key: UInt64) {
        inbox.add(Inbox.Entry(key: key, event: event, at: now))
        if !inbox.isDraining { drain() }
    }

    func deliver(_ events: [SleepMachine.Event], to key: UInt64) {
        for event in events { deliver(event, to: key) }
    }

    func deliverToAll(_ event: SleepMachine.Event) {
        for driver in index.all { deliver(event, to: driver.key) }
    }

    private func drain() {
        while let entry = inbox.take() {
            guard let driver = index[entry.key] else { continue }
            let held = driver.machine.containers
            let step = driver.machine.handle(entry.event, now: entry.at)
            index.moved(driver, from: held)
            carryOut(step, driver)
            follow(driver)
        }
        arm()
    }

    private func carryOut(_ step: SleepMachine.Step, _ driver: ServiceDriver) {
        if !step.forget.isEmpty { world.journal.write(.forget(step.forget)) }
        for (container, depth) in step.deepened {
            world.journal.write(.intent(driver.intent(container, depth, world)))
        }
        if step.haltsReclaim, let job = reclaims.halt(driver.key) {
            deliver(.reclaimFinished(job.id, ReclaimOutcome(.halted)), to: job.service)
        }
        if let (id, containers) = step.reclaim {
            let share = ledger.records[driver.name]?.share.value ?? 0
            let job = ReclaimJob(service: driver.key, id: id, containers: containers, share: share)
            if reclaims.enter(job) { post(.reclaim(job)) }
        }
        for (container, depth) in step.disowned {
            driver.kernel.release(container, world.host)
            post(.resolve(container, depth))
        }
        if let operation = step.operation { begin(operation, driver) }
        if let generation = step.look { post(.look(driver.key, generation: generation)) }
        answer(step, driver)
        if let next = step.nextCall { agenda.add(.service(driver.key), at: next) }
        if driver.machine.isSettled { settled(driver) }
    }

    private func answer(_ step: SleepMachine.Step, _ driver: ServiceDriver) {
        if let report = step.woke {
            ledger.woke(report, driver.policy, isAwaited: !step.ready.isEmpty)
            if report.from == .reclaimed { post(.assess(driver.key, report)) }
        }
        for (waiter, report) in step.ready {
            ledger.answered(report, driver.policy)
            driver.answers.takeWake(waiter.id)?(.success(report))
        }
        for (waiter, failure) in step.failed {
            ledger.refused(failure, waiter, driver.policy, from: driver.machine.depth)
            driver.answers.takeWake(waiter.id)?(.failure(failure))
        }
        // After the answers to a wake: the log may wait for its reader.
        for transition in step.transitions { ledger.changed(transition, driver.policy) }
        for (request, outcome) in step.slept { driver.answers.takeSleep(request.id)?(outcome) }
    }

    /// After every event: what other services must know of it, and what must be watched.
    private func follow(_ driver: ServiceDriver) {
        if index.isNamed(driver) { tell(requirements.note(driver.name, is: driver.machine.state)) }
        if let due = driver.nextSampling(mode, now) { agenda.add(.sampling, at: due) }
        deliver(driver.watchAsNeeded(performer, now), to: driver.key)
    }

    func post(_ work: Work) { performer.post.yield(.start(work)) }

    // MARK: Wakes

    private func begin(_ operation: SleepMachine.Operation, _ driver: ServiceDriver) {
        guard case .wake = operation.kind else { return post(.perform(driver.key, operation)) }
        if index.isNamed(driver) { wakeRequired(by: driver.name) }
        let memory = driver.prepareWake(performer)
        ledger.records.wakeBegins(driver.policy, memory: memory)
        let entry = WakeQueue.Entry(
            driver: driver.key, operation: operation, budget: driver.policy.settings.wakeBudget)
        if wakeQueue.enter(entry) { start(entry) }
    }

    private func start(_ entry: WakeQueue.Entry) {
        deliver(.operationStarted(entry.operation.id), to: entry.driver)
        post(.perform(entry.driver, entry.operation))
    }

    /// A wake has ended, and makes room for the next.
    func wakeEnded() {
        for entry in wakeQueue.finish() { start(entry) }
    }

    func limitWakes(to limit: Int) { wakeQueue.limit = limit }

    // MARK: Requirements

    /// Takes the services as a policy has them now.
    func cover(_ services: [ServicePolicy]) {
        requirements.cover(services)
        for driver in index.named {
            _ = requirements.note(driver.name, is: driver.machine.state)
        }
        tell(index.named.map(\.name))
    }

    /// It is no longer there, so it needs no other.
    func forgetNeeds(of driver: ServiceDriver) {
        if index.isNamed(driver) { tell(requirements.note(driver.name, is: nil)) }
    }

    /// Begins to wake what a service requires, beside its own wake.
    func wakeRequired(by service: String) {
        for name in requirements.all(of: service) {
            guard let other = index.named(name), !other.machine.touch(now: now) else { continue }
            deliver(.wakeDemanded(.dependency, by: service), to: other.key)
        }
    }

    /// The first service that it requires, directly or through others, and that isn't awake by svcd's doing.
    func sleepingRequirement(of service: String) -> ServiceDriver? {
        requirements.all(of: service).lazy.compactMap { [index] in index.named($0) }.first { other in
            switch other.machine.state {
            case .asleep, .fallingAsleep, .waking, .failed: true
            case .awake, .held, .down, .absent, .ambiguous, .unknown: false
            }
        }
    }

    /// Tells services by whom they are needed now.
    private func tell(_ names: [String]) {
        for name in names {
            guard let driver = index.named(name) else { continue }
            let needing = requirements.needing(name)
            if needing != driver.machine.neededBy { deliver(.neededBy(needing), to: driver.key) }
        }
    }

    // MARK: Memory

    /// A job has ended, and makes room for the next.
    func reclaimEnded(_ job: ReclaimJob, _ outcome: ReclaimOutcome) {
        switch outcome.end {
        case .unavailable(let why), .guarded(let why):
            if reclaims.isNews(why) { ledger.chronicle.keepsMemory(why) }
        case .done, .halted: break
        }
        deliver(.reclaimFinished(job.id, outcome), to: job.service)
        if let next = reclaims.finish() { post(.reclaim(next)) }
    }

    // MARK: Time

    /// The alarm has rung.
    func ring() {
        for item in agenda.takeDue(now) {
            switch item {
            case .service(let key): deliver(.timeCame, to: key)
            case .sampling: sample()
            case .pulse: link.alarmCame()
            }
        }
        arm()
    }

    func arm() {
        guard let alarm = agenda.nextAlarm() else { return }
        world.time.setAlarm(at: alarm) { [post = performer.post] in post.yield(.alarm) }
    }

    /// Reads all meters that matter.
    private func sample() {
        for driver in index.all where driver.isMetered(mode) {
            deliver(driver.sample(world.host, now), to: driver.key)
            agenda.add(.sampling, at: now + driver.samplingInterval)
        }
    }

    // MARK: Shown

    var summary: Summary {
        var summary = Summary(mode: mode, isEngineReachable: link.isReachable)
        for driver in index.named {
            summary.services += 1
            guard driver.machine.state == .asleep else { continue }
            summary.asleep += 1
            summary.handedBackBytes += ledger.records[driver.name]?.handedBackBytes ?? 0
        }
        return summary
    }
}
