internal import SleepCore

/// One service: its machine, who waits for it, and what watches over its containers. Only the supervisor touches it.
final class ServiceDriver {
    /// Distinguishes drivers of one name over reloads.
    let key: UInt64
    var policy: ServicePolicy
    let target: ServiceTarget
    var machine: SleepMachine
    /// Takes this one's place once it is let go of, after a reload that covers the service differently.
    var successor: ServicePolicy?
    /// Services that claim the same container; empty: none.
    var rivals: [String] = []
    var answers = PendingAnswers()
    var kernel = KernelSleepers()
    var watches = WakeWatches()
    var arrivals = Arrivals()
    var meters = Meters()
    /// When it was last looked at for the sake of a PID.
    private var lastPIDLook: Instant?

    init(key: UInt64, policy: ServicePolicy, target: ServiceTarget? = nil, machine: SleepMachine) {
        self.key = key
        self.policy = policy
        self.target = target ?? .match(policy.container)
        self.machine = machine
    }

    var name: String { policy.name }

    var rules: SleepMachine.Rules {
        var rules = SleepMachine.Rules(policy.settings, idleVetoes: watches.vetoes)
        if !rivals.isEmpty { rules.neverSleeps = .claimed(by: rivals.joined(separator: ", ")) }
        return rules
    }

    /// What an operation needs to know of it.
    var sleeper: Sleeper {
        Sleeper(
            key: key, name: name, settings: policy.settings, containers: machine.containers, places: kernel.paths)
    }

    func answer(_ result: Result<SleepMachine.WakeReport, SleepMachine.WakeFailure>) -> WakeAnswer {
        WakeAnswer(service: name, result: result, state: machine.state, budget: policy.settings.wakeBudget)
    }

    /// What people may see of it.
    func view(_ record: ServiceRecords.Record?, _ performer: Performer) -> ServiceView {
        let (time, refusal) = (performer.world.time, kernel.refusal)
        return ServiceView(
            policy, machine, memory: performer.memory(of: machine.containers),
            share: record?.share ?? ReclaimShare(target: 0),
            freezer: .init(kind: refusal == nil ? policy.settings.freezer : .docker, refusal: refusal),
            records: .init(latencies: record?.latencies, lastWake: record?.lastWake),
            at: .init(now: time.now, wallMilliseconds: time.wallMilliseconds))
    }

    /// Whether only a listing has told of some of its containers: those have a process, and nobody knows which.
    var isStranger: Bool { machine.containers.contains { $0.pid == 0 && $0.status != .down } }

    /// Takes new settings that cover its sleepers as the old ones did.
    func cover(_ service: ServicePolicy) {
        policy = service
        meters.close()
        watches.reset()
    }

    // MARK: Use

    /// Meters are read so often in the time that a service may be idle, at least; and within these bounds.
    private static let readingsPerIdleTime = 10
    private static let samplingBounds = Duration.milliseconds(100)...Duration.seconds(1)
    private static let pidLookEvery = Duration.seconds(10)

    /// Whether what its meters say could matter.
    func isMetered(_ mode: Mode) -> Bool {
        let settings = policy.settings
        return settings.sleep == .allowed && !settings.activity.isSubset(of: [.hook]) && mode != .off
            && machine.state == .awake && machine.pin == nil && !machine.isRetired
    }

    var samplingInterval: Duration {
        let wanted = policy.settings.idleAfter / Self.readingsPerIdleTime
        return min(max(wanted, Self.samplingBounds.lowerBound), Self.samplingBounds.upperBound)
    }

    /// When its meters are to be read, if they are. Where they aren't open yet, at once, so that there is something to
    /// compare with.
    func nextSampling(_ mode: Mode, _ now: Instant) -> Instant? {
        guard isMetered(mode) else {
            // While it falls asleep they tell whether a client has come.
            if machine.state != .fallingAsleep { meters.close() }
            return nil
        }
        return meters.isEmpty ? now : now + samplingInterval
    }

    /// Reads its meters; what its machine must hear.
    func sample(_ host: any ActivityHost, _ now: Instant) -> [SleepMachine.Event] {
        let sample = meters.sample(machine.containers, policy.settings, host, now)
        var events: [SleepMachine.Event] = []
        if sample.lacksPID, needsPIDLook(now) { events.append(.hinted(.other)) }
        if sample.reading.use != nil || sample.reading != machine.activity { events.append(.sampled(sample.reading)) }
        return events
    }

    /// Whether it is worth another look because a listing didn't tell its processes; notes that there is one.
    private func needsPIDLook(_ now: Instant) -> Bool {
        if let lastPIDLook, now - lastPIDLook < Self.pidLookEvery { return false }
        lastPIDLook = now
        return true
    }

    /// The last look before a fall at everything that the kernel tells: what uses it, in words; null: nothing.
    func useBeforeFall(_ host: any ContainerHost, _ now: Instant) -> String? {
        if let use = meters.read(now).use { return use }
        let waiting = arrivals.baseline(reading(host, within: Arrivals.longestAnswer), now)
        return waiting.map { "\($0) waits for its answer" }
    }

    /// After a freeze: who has come meanwhile, or waits and would only be heard again by another packet.
    ///
    /// - Parameter unlessUsed: it fell asleep because nobody used it.
    func arrivalAfterFreeze(unlessUsed: Bool, _ host: any ContainerHost, _ now: Instant) -> Arrivals.Arrival? {
        if unlessUsed {
            var reading = reading(host, within: Arrivals.longestAnswer)
            reading.networkBytes = meters.read(now).networkBytes
            if let newcomer = arrivals.newcomer(reading, now) { return newcomer }
        }
        guard watches.isArmed else { return nil }
        return arrivals.missed(reading(host, within: Arrivals.news), requests: !unlessUsed, now)
    }

    private func reading(_ host: any SocketHost, within limit: Duration) -> Arrivals.Reading {
        let settings = policy.settings
        guard !settings.activity.isDisjoint(with: [.network, .connections]) || !settings.triggers.isEmpty else {
            return Arrivals.Reading()
        }
        let containers = machine.containers.filter { $0.pid > 0 && $0.status != .down }
        return Arrivals.Reading(
            unread: containers.flatMap { host.unread($0, ignoring: settings.ignoreSources) },
            requests: containers.flatMap { host.unanswered($0, within: limit, ignoring: settings.ignoreSources) })
    }

    // MARK: Watching

    /// Watches over its containers, from before they are frozen; what its machine must hear.
    func watch(_ containers: [Container], _ performer: Performer) -> [SleepMachine.Event] {
        let haveChanged = watches.arm(containers, policy.settings, performer.world.host) {
            [post = performer.post, key] trigger in post.yield(.event(key, .wakeDemanded(trigger, by: nil)))
        }
        return haveChanged ? [.rulesChanged(rules)] : []
    }

    /// Ends the watch of what is awake, and begins it for sleepers that were found asleep; what its machine must hear.
    func watchAsNeeded(_ performer: Performer, _ now: Instant) -> [SleepMachine.Event] {
        guard !policy.settings.triggers.isEmpty else {
            watches.disarm()
            return []
        }
        switch machine.state {
        case .awake where !machine.isPreparing, .held, .down, .absent, .ambiguous:
            watches.disarm()
            return []
        case .asleep where !watches.isArmed && watches.refusals.isEmpty:
            return watchFound(performer, now)
        default:
            return []
        }
    }

    private func watchFound(_ performer: Performer, _ now: Instant) -> [SleepMachine.Event] {
        let paused = machine.containers.filter { $0.status == .paused }
        guard !paused.isEmpty else { return [] }
        guard paused.allSatisfy({ $0.pid > 0 && $0.details != nil }) else {
            return needsPIDLook(now) ? [.hinted(.other)] : []
        }
        let events = watch(paused, performer)
        guard watches.isArmed else { return events }
        // What came while nobody watched waits in its sockets.
        let missed = arrivals.missed(reading(performer.world.host, within: Arrivals.news), requests: false, now)
        return missed == nil ? events : events + [.wakeDemanded(.traffic, by: nil)]
    }

    // MARK: Operations

    func intent(_ container: String, _ depth: Depth, _ world: Surroundings) -> Journal.Intent {
        Journal.Intent(
            container: container, service: name, depth: depth, beganMilliseconds: world.time.wallMilliseconds,
            boot: world.boot, place: kernel.path(of: container))
    }

    /// Before the thaw of a deep sleeper: asks for what the last wakes needed.
    ///
    /// - Returns: what its memory is like now, from where on is counted what the wake brings back; null: it isn't.
    func prepareWake(_ performer: Performer) -> MemoryReading? {
        guard machine.depth == .reclaimed else { return nil }
        for container in machine.containers { performer.world.host.prefetch(container) }
        return performer.memory(of: machine.containers)
    }

    // MARK: Pressure

    /// What memory pressure could do about it; null: nothing.
    func candidate(_ now: Instant) -> PressureRelief.Candidate? {
        switch machine.state {
        case .awake where machine.vetoes(now).isEmpty:
            PressureRelief.Candidate(key: key, standing: .idle(lastUse: machine.lastUse))
        case .asleep where !machine.isReclaiming:
            nextDepth.map {
                PressureRelief.Candidate(key: key, standing: .sleeper(since: machine.asleepSince, next: $0))
            }
        default:
            nil
        }
    }

    /// The next step that the policy allows a sleeper; null: none.
    private var nextDepth: Depth? {
        switch machine.depth {
        case .frozen? where policy.settings.reclaim != nil && machine.reclaimHindrance == nil: .reclaimed
        case .frozen?, .reclaimed?: policy.settings.stopAfter != nil && machine.stopHindrance == nil ? .stopped : nil
        default: nil
        }
    }
}
