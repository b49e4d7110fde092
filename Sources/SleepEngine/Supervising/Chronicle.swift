internal import Logging
internal import SleepCore

/// Tells what happens: to the journal's history, to the log and to subscribers.
struct Chronicle {
    private let journal: Journal
    private let logger: Logger
    private let time: any TimeSource
    private var bus = EventBus()

    init(_ world: Surroundings) {
        journal = world.journal
        logger = world.logger
        time = world.time
    }

    mutating func subscribe() -> (id: UInt64, notices: AsyncStream<EngineNotice>) { bus.subscribe() }
    mutating func unsubscribe(_ id: UInt64) { bus.unsubscribe(id) }
    mutating func close() { bus.close() }

    mutating func tell(_ transition: SleepMachine.Transition, of service: String) {
        let row = Journal.TransitionRow(transition, of: service, atMilliseconds: time.wallMilliseconds)
        log(transition, row)
        journal.write(.transition(row))
        publish(.transition, row, nil)
    }

    private func log(_ transition: SleepMachine.Transition, _ row: Journal.TransitionRow) {
        var metadata: Logger.Metadata = [
            "service.name": "\(row.service)", "service.from": "\(row.from)", "service.to": "\(row.to)",
            "trigger": "\(row.trigger)",
        ]
        if let by = row.by { metadata["by"] = "\(by)" }
        if let depth = row.depth { metadata["service.depth"] = "\(depth)" }
        if let before = row.residentBefore, let after = row.residentAfter {
            metadata["memory.before_bytes"] = "\(before)"
            metadata["memory.after_bytes"] = "\(after)"
        }
        if let elapsed = transition.elapsed {
            metadata["elapsed_ms"] = "\(Double(elapsed.microseconds / 10) / 100)"
        }
        switch transition.outcome {
        case .done:
            logger.notice("service changed", metadata: metadata)
        case .observed:
            logger.notice("service would change", metadata: metadata)
        case .failed(let message):
            metadata["error"] = "\(message)"
            logger.warning("service did not change", metadata: metadata)
        }
    }

    /// Logs what an operator asked for; what comes of it is a transition with their name.
    func log(request: String, of service: String?, by: String) {
        var metadata: Logger.Metadata = ["request": "\(request)", "by": "\(by)"]
        if let service { metadata["service.name"] = "\(service)" }
        logger.notice("request", metadata: metadata)
    }

    /// Logs a request that is no transition, and puts it into the history, where no service is `*`.
    func tell(request: String, of service: String?, in state: ServiceState?, by: String) {
        log(request: request, of: service, by: by)
        let state = state?.rawValue ?? "*"
        journal.write(
            .transition(
                Journal.TransitionRow(
                    atMilliseconds: time.wallMilliseconds, service: service ?? "*", from: state, to: state,
                    depth: nil, trigger: Trigger.operator.rawValue, by: by, elapsedMicroseconds: nil, outcome: request,
                    error: nil, residentBefore: nil, residentAfter: nil)))
    }

    mutating func policyLoaded(services: Int) {
        logger.notice("policy loaded", metadata: ["services": "\(services)"])
        announce("policy loaded")
    }

    mutating func modeSet(_ mode: Mode) {
        logger.notice("mode set", metadata: ["mode": "\(mode.rawValue)"])
        announce("mode \(mode.rawValue)")
    }

    // MARK: What degrades, and heals itself

    mutating func engineLost(_ why: String) {
        logger.warning("Docker is lost", metadata: ["error": "\(why)"])
        announce("Docker is lost: \(why)")
    }

    mutating func engineBack() {
        logger.notice("Docker answers")
        announce("Docker answers")
    }

    func freezerRefused(_ service: String, _ why: FreezerRefusal) {
        logger.warning(
            "freezer: cgroup is refused, Docker's pause is used",
            metadata: ["service.name": "\(service)", "reason": "\(why)"])
    }

    func keepsMemory(_ why: String) {
        logger.warning("memory can't be handed back", metadata: ["reason": "\(why)"])
    }

    func pressure(isHigh: Bool, _ share: Double) {
        logger.notice(
            isHigh ? "memory pressure is high" : "memory pressure is over", metadata: ["some_avg10": "\(share)"])
    }

    func pressureUnknown() {
        logger.warning("pressure can't be read: the kernel doesn't tell it (PSI)")
    }

    func adopted(_ container: String, _ service: String) {
        logger.notice(
            "waking a container that no service covers any more",
            metadata: ["container.id": "\(container)", "container.name": "\(service)"])
    }

    // MARK: Decisions

    func arrived(_ arrival: Arrivals.Arrival, _ service: String) {
        logger.debug(
            "a client came while it fell asleep", metadata: ["service.name": "\(service)", "sign": "\(arrival)"])
    }

    func thawFailed(_ service: String, _ fault: String) {
        logger.debug("a thaw failed", metadata: ["service.name": "\(service)", "error": "\(fault)"])
    }

    func lookFailed(_ service: String, _ error: any Error) {
        logger.debug("a look failed", metadata: ["service.name": "\(service)", "error": "\(error)"])
    }

    func assessed(_ cost: Duration, share: Double, of service: String) {
        logger.debug(
            "deep wake assessed",
            metadata: [
                "service.name": "\(service)", "wake.cost_ms": "\(cost.milliseconds)", "share": "\(share)",
            ])
    }

    // MARK: The event stream

    /// Tells subscribers something about the daemon itself.
    mutating func announce(_ message: String) { publish(.daemon, nil, message) }

    private mutating func publish(_ kind: EngineNotice.Kind, _ row: Journal.TransitionRow?, _ message: String?) {
        bus.publish(
            EngineNotice(
                number: 0, kind: kind, atMilliseconds: time.wallMilliseconds, service: row?.service, row: row,
                message: message))
    }
}

extension Journal.TransitionRow {
    init(_ transition: SleepMachine.Transition, of service: String, atMilliseconds: Int64) {
        var (outcome, error): (String, String?) = ("done", nil)
        switch transition.outcome {
        case .done: break
        case .observed: outcome = "observed"
        case .failed(let message): (outcome, error) = ("failed", message)
        }
        self.init(
            atMilliseconds: atMilliseconds, service: service, from: transition.from.rawValue,
            to: transition.to.rawValue, depth: transition.depth?.rawValue, trigger: transition.trigger.rawValue,
            by: transition.by, elapsedMicroseconds: transition.elapsed?.microseconds, outcome: outcome, error: error,
            residentBefore: transition.reclaim?.before?.residentBytes,
            residentAfter: transition.reclaim?.after?.residentBytes)
    }
}
