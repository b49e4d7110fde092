internal import Logging
internal import SleepCore

/// Keeping score: latencies, history, the log and the event stream.
extension Supervisor {
    func noteLatency(_ report: SleepMachine.WakeReport, _ driver: ServiceDriver) {
        let budget = driver.policy.settings.wakeBudget
        driver.latencies = driver.latencies ?? LatencyHistogram()
        driver.latencies?.record(report.elapsed, budget: budget)
        journal.write(
            .wake(
                Journal.WakeRow(
                    atMilliseconds: world.time.wallMilliseconds, service: driver.name, tier: driver.policy.tier,
                    depth: (report.from ?? .frozen).rawValue, trigger: report.trigger.rawValue,
                    elapsedMicroseconds: report.elapsed.microseconds, queuedMicroseconds: report.queued.microseconds,
                    thawMicroseconds: report.thaw.microseconds, readyMicroseconds: report.ready.microseconds,
                    budgetMicroseconds: budget.microseconds)))
        prune()
    }

    /// Who gave up after the budget was over counts as a wake that broke it: an outage is no excuse.
    func noteFailure(
        _ failure: SleepMachine.WakeFailure, _ waiter: SleepMachine.Waiter, _ driver: ServiceDriver
    ) {
        let elapsed = now - waiter.arrived
        switch failure {
        case .held, .down, .absent, .ambiguous: return
        case .failed, .timedOut, .engineUnavailable: break
        }
        guard elapsed > driver.policy.settings.wakeBudget else { return }
        noteLatency(
            SleepMachine.WakeReport(
                woke: true, from: driver.machine.depth, elapsed: elapsed, queued: elapsed, thaw: .zero, ready: .zero,
                trigger: waiter.trigger), driver)
    }

    /// Drops what is older than history is kept, once a day at most.
    private func prune() {
        if let lastPrune, now - lastPrune < .seconds(86_400) { return }
        lastPrune = now
        journal.write(.prune(world.time.wallMilliseconds - Journal.keptFor.milliseconds))
    }

    func restoreLatencies() async {
        let since = world.time.wallMilliseconds - Journal.keptFor.milliseconds
        typealias Kept = [String: (latencies: LatencyHistogram, last: WakeMark)]
        let kept = try? await journal.wakes(since: since, into: Kept()) { kept, row in
            var latencies = kept[row.service]?.latencies ?? LatencyHistogram()
            latencies.record(.microseconds(row.elapsedMicroseconds), budget: .microseconds(row.budgetMicroseconds))
            kept[row.service] = (latencies, WakeMark(row))
        }
        for (name, kept) in kept ?? [:] {
            byName[name]?.latencies = kept.latencies
            byName[name]?.lastWake = kept.last
        }
    }

    func note(_ transition: SleepMachine.Transition, _ driver: ServiceDriver) {
        var row = Journal.TransitionRow(
            atMilliseconds: world.time.wallMilliseconds, service: driver.name, from: transition.from.rawValue,
            to: transition.to.rawValue, depth: transition.depth?.rawValue, trigger: transition.trigger.rawValue,
            by: transition.by, elapsedMicroseconds: transition.elapsed?.microseconds, outcome: "done", error: nil,
            residentBefore: transition.reclaim?.before?.residentBytes,
            residentAfter: transition.reclaim?.after?.residentBytes)
        if transition.to == .awake { driver.handedBackBytes = 0 }
        if let before = row.residentBefore, let after = row.residentAfter { driver.handedBackBytes += before - after }
        var metadata: Logger.Metadata = [
            "service.name": "\(driver.name)", "service.from": "\(row.from)", "service.to": "\(row.to)",
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
            world.logger.notice("service changed", metadata: metadata)
        case .observed:
            row.outcome = "observed"
            world.logger.notice("service would change", metadata: metadata)
        case .failed(let message):
            (row.outcome, row.error) = ("failed", message)
            metadata["error"] = "\(message)"
            world.logger.warning("service did not change", metadata: metadata)
        }
        journal.write(.transition(row))
        publish(.transition, row, nil)
    }

    /// Logs what an operator asked for; what comes of it is a transition with his name.
    package func logRequest(_ request: String, of service: String?, by: String) {
        var metadata: Logger.Metadata = ["request": "\(request)", "by": "\(by)"]
        if let service { metadata["service.name"] = "\(service)" }
        world.logger.notice("request", metadata: metadata)
    }

    /// Logs a request that is no transition, and puts it into the history, where no service is `*`.
    package func noteRequest(_ request: String, of service: String?, by: String) {
        logRequest(request, of: service, by: by)
        let state = service.flatMap { byName[$0]?.machine.state.rawValue } ?? "*"
        journal.write(
            .transition(
                Journal.TransitionRow(
                    atMilliseconds: world.time.wallMilliseconds, service: service ?? "*", from: state, to: state,
                    depth: nil, trigger: Trigger.operator.rawValue, by: by, elapsedMicroseconds: nil, outcome: request,
                    error: nil, residentBefore: nil, residentAfter: nil)))
    }

    /// Tells subscribers something about the daemon itself.
    func publish(_ message: String) { publish(.daemon, nil, message) }

    private func publish(_ kind: EngineNotice.Kind, _ row: Journal.TransitionRow?, _ message: String?) {
        bus.publish(
            EngineNotice(
                number: 0, kind: kind, atMilliseconds: world.time.wallMilliseconds, service: row?.service, row: row,
                message: message))
    }
}
