/// How facts change: by what a look has found, and by how an operation ended.
extension SleepMachine {
    /// How long after somebody else has woken or stopped a sleeper the loss of the engine still counts as
    /// the cause: dockerd unpauses and stops its containers before it goes, by default within 15 s.
    private static let shutdownSpan = Duration.seconds(15)
    /// How long a pause without an answer may still land.
    static let lateFreezeSpan = Duration.seconds(60)
    /// Waits between the attempts of one wake or sleep. dockerd under load refuses wrongly now and then,
    /// and does as told when asked again at once.
    private static let attemptDelays: [Duration] = [
        .zero, .milliseconds(5), .milliseconds(25), .milliseconds(100), .milliseconds(400),
    ]
    private static let freezeAttempts = 3

    // MARK: Looks

    /// Makes what was found the truth, and settles what was in doubt.
    mutating func adopt(_ found: [Container], _ now: Instant, _ step: inout Step) {
        let wasKnown = isKnown
        let before = (state: state, condition: condition)
        containers = found
        isKnown = true
        isInDoubt = false
        lastLooked = now
        reviewOwnership(now, &step)
        isAfterBreak = false

        if fall?.fault != nil {
            settleFall(now, &step)
        } else if wake != nil {
            if phase == .readying, condition != .running { (operation, phase) = (nil, .resting) }
            if phase == .resting { settleWake(now, &step) }
        } else if condition != before.condition {
            adoptChange(from: before.state, isFirst: !wasKnown, now, &step)
        }
    }

    /// Drops or changes the ownership of containers that are no longer as svcd left them.
    private mutating func reviewOwnership(_ now: Instant, _ step: inout Step) {
        for (id, depth) in owned {
            guard let container = containers.first(where: { $0.id == id }), condition != .ambiguous else {
                owned[id] = nil
                step.disowned[id] = depth
                continue
            }
            switch container.status {
            case .paused: break
            case .running:
                if let late = lateFreezes[id], late.until > now { continue }
                if wake != nil || fall != nil { continue }
                loseOwnership(of: id, depth, now)
            case .down:
                if isAfterBreak || depth == .stopped {
                    owned[id] = .stopped
                } else {
                    loseOwnership(of: id, depth, now)
                }
            }
        }
        lateFreezes = lateFreezes.filter { id, late in late.until > now && containers.contains { $0.id == id } }
        if !lateFreezes.isEmpty { looks.request(at: now + .seconds(5)) }
    }

    /// Somebody else woke or stopped it. The intent stays on disk for a while: if the engine goes now, it
    /// was the engine.
    private mutating func loseOwnership(of id: String, _ depth: Depth, _ now: Instant) {
        owned[id] = nil
        lately[id] = (depth, now + Self.shutdownSpan)
    }

    private mutating func adoptChange(
        from before: ServiceState, isFirst: Bool, _ now: Instant, _ step: inout Step
    ) {
        if condition == .running {
            use.woke(at: now)
        }
        if isAsleep { beginSleep(now) }
        // A pause that landed after it had been given up, and somebody has come since.
        if case .asleep = condition, lateFreezes.values.contains(where: { use.lastUse > $0.began }) {
            wishes.demandUnlessAny(Demand(trigger: .recovery))
        }
        setbacks.forgetWake()
        lastTrigger = isFirst ? .recovery : .external
        lastBy = nil
        if !isFirst, before != .unknown || state != .unknown {
            note(from: before, to: state, trigger: .external, by: nil, elapsed: nil, .done, &step)
        }
    }

    /// A sleep that failed, and now the truth is known.
    private mutating func settleFall(_ now: Instant, _ step: inout Step) {
        guard var fall, let fault = fall.fault else { return }
        let running = containers.filter { $0.status == .running }
        if running.isEmpty, case .asleep = condition {
            // "Already paused", and not by a pause of ours that was late: somebody else was faster.
            if fault.isConflict, fall.attempts == 1, lateFreezes.isEmpty {
                let mine = Array(owned.keys)
                owned = [:]
                step.forget += mine
                failFall(fault.message, now, &step)
                lastTrigger = .external
            } else {
                finishFall(now, &step)
            }
            return
        }
        // Only what its intent is recorded for; a container that came meanwhile is another sleep's matter.
        let isWanted =
            !wishes.isWanted && !isRetired && use.lastUse <= fall.began && isEngineReachable
            && !running.isEmpty && running.allSatisfy { owned[$0.id] != nil }
        if isWanted, !fault.mayStillLand, fall.attempts < Self.freezeAttempts {
            fall.fault = nil
            self.fall = fall
            begin(
                .freeze(running.map(\.id), unlessUsed: !fall.isForced), limit: .seconds(5), phase: .freezing)
            step.operation = operation
            return
        }
        disclaim(owned.keys.filter { id in running.contains { $0.id == id } }, &step)
        if !running.isEmpty, case .asleep = condition { wishes.demandUnlessAny(Demand(trigger: .recovery)) }
        failFall(fault.message, now, &step)
    }

    /// A wake that failed, and now the truth is known.
    mutating func settleWake(_ now: Instant, _ step: inout Step) {
        guard var wake else { return }
        switch condition {
        case .running:
            advanceWake(now, &step)
        case .asleep, .held:
            let isSpent = wake.attempts >= Self.attemptDelays.count || now >= wake.began + rules.wakeTimeout
            guard isSpent else {
                if wake.attempts > 0 { wake.nextAttempt = now + Self.attemptDelays[wake.attempts - 1] }
                self.wake = wake
                return
            }
            failWake(wake.fault?.message ?? "it stayed asleep", now, &step)
        case .unknown, .absent, .ambiguous, .down:
            failWake("it is \(state.rawValue)", now, &step)
            setbacks.forgetWake()
            wishes.dropDemand()
        }
    }

    // MARK: Operations

    mutating func begin(_ kind: Operation.Kind, limit: Duration, phase: Phase) {
        operation = Operation(id: looks.operationBegins(), kind: kind, limit: limit)
        self.phase = phase
    }

    mutating func finish(_ finished: Operation, _ fault: OperationFault?, _ now: Instant, _ step: inout Step) {
        let recordingBegan: Instant? = if case .recording(let began) = phase { began } else { nil }
        phase = .resting
        looks.operationEnded(now)
        switch finished.kind {
        case .record(let ids, .stopped, _): finishRecordStop(ids, fault, now, &step)
        case .record(let ids, _, _): finishRecord(ids, fault, began: recordingBegan ?? now, now, &step)
        case .freeze(let ids, _): finishFreeze(ids, fault, now, &step)
        case .ready: finishReady(fault, now, &step)
        case .stop(let ids): finishStop(ids, fault, now, &step)
        case .wake(let thaw, let start): finishWakeAttempt(thaw + start, fault, now, &step)
        }
    }

    /// The intent is on disk: the last look at everything that may have come up meanwhile.
    private mutating func finishRecord(
        _ ids: [String], _ fault: OperationFault?, began: Instant, _ now: Instant, _ step: inout Step
    ) {
        guard let fall else { return }
        if let fault {
            disclaim(ids, &step)
            if fault.isVeto { vetoFall(fault.message, now, &step) } else { failFall(fault.message, now, &step) }
            return
        }
        var standing = vetoes(now, forOperator: fall.trigger == .operator, force: fall.isForced)
        if use.lastUse > began || wishes.isWanted { standing.append(.inUse(nil)) }
        let isAsRecorded =
            !looks.isPending(now) && Set(ids) == Set(containers.filter { $0.status == .running }.map(\.id))
        guard standing.isEmpty, isAsRecorded else {
            self.fall = nil
            disclaim(ids, &step)
            // Where only the containers must be looked at anew, who asked for it waits for that.
            if fall.trigger == .operator, !standing.isEmpty {
                for request in wishes.takeRequests() { step.slept.append((request, .vetoed(standing))) }
            }
            return
        }
        for id in ids { owned[id] = .frozen }
        begin(.freeze(ids, unlessUsed: !fall.isForced), limit: .seconds(5), phase: .freezing)
        step.operation = operation
    }

    /// These run, so they are nobody's sleepers. A pause that may still land keeps its intent: it would be ours.
    private mutating func disclaim(_ ids: [String], _ step: inout Step) {
        let mine = ids.filter { lateFreezes[$0] == nil }
        for id in ids where lateFreezes[id] != nil { owned[id] = owned[id] ?? .frozen }
        for id in mine { owned[id] = nil }
        step.forget += mine
    }

    private mutating func finishFreeze(
        _ ids: [String], _ fault: OperationFault?, _ now: Instant, _ step: inout Step
    ) {
        guard fall != nil else { return }
        fall?.attempts += 1
        guard let fault else {
            set(.paused, ids)
            finishFall(now, &step)
            return
        }
        fall?.fault = fault
        if fault.mayStillLand {
            for id in ids { lateFreezes[id] = (fall?.began ?? now, now + Self.lateFreezeSpan) }
        }
        isInDoubt = true
        looks.request(at: now)
    }

    private mutating func finishWakeAttempt(
        _ ids: [String], _ fault: OperationFault?, _ now: Instant, _ step: inout Step
    ) {
        guard wake != nil else { return }
        wake?.attempts += 1
        guard let fault else {
            set(.running, ids)
            advanceWake(now, &step)
            return
        }
        wake?.fault = fault
        isInDoubt = true
        looks.request(at: now)
    }

    /// A fact that came about beside all operations.
    mutating func take(thawed ids: [String], _ trigger: Trigger, _ now: Instant, _ step: inout Step) {
        let before = state
        set(.running, ids)
        disclaim(ids, &step)
        guard condition == .running else { return }
        use.woke(at: now)
        setbacks.forgetWake()
        (lastTrigger, lastBy) = (trigger, nil)
        note(
            from: before == .unknown ? .asleep : before, to: .awake, trigger: trigger, by: nil, elapsed: nil, .done,
            &step)
    }

    mutating func set(_ status: Container.Status, _ ids: [String]) {
        for index in containers.indices where ids.contains(containers[index].id) {
            containers[index].status = status
            containers[index].isPausedTwice = false
            containers[index].dockerStatus =
                switch status {
                case .paused: "paused"
                case .running: "running"
                case .down: "exited"
                }
        }
    }

    // MARK: Outcomes

    private mutating func finishFall(_ now: Instant, _ step: inout Step) {
        guard let fall else { return }
        self.fall = nil
        setbacks.sleepSucceeded()
        beginSleep(now)
        for container in containers where container.status == .paused && owned[container.id] == nil {
            owned[container.id] = .frozen
        }
        (lastTrigger, lastBy) = (fall.trigger, fall.by)
        note(from: .awake, to: .asleep, trigger: fall.trigger, by: fall.by, elapsed: now - fall.began, .done, &step)
        // Who wants it deeper waits for that.
        for request in wishes.takeRequests(where: { $0.depth == .frozen }) { step.slept.append((request, .asleep)) }
    }

    private mutating func beginSleep(_ now: Instant) {
        use.fellAsleep(at: now)
        setbacks.sleepBegan()
        lastReclaim = nil
    }

    /// It is in use, as the last look at everything has found.
    private mutating func vetoFall(_ use: String, _ now: Instant, _ step: inout Step) {
        fall = nil
        self.use.foundInUse(use, at: now)
        for request in wishes.takeRequests() { step.slept.append((request, .vetoed([.inUse(use)]))) }
    }

    private mutating func failFall(_ message: String, _ now: Instant, _ step: inout Step) {
        guard let fall else { return }
        self.fall = nil
        setbacks.sleepFailed(message, at: now)
        note(
            from: .awake, to: state, trigger: fall.trigger, by: fall.by, elapsed: now - fall.began, .failed(message),
            &step)
        for request in wishes.takeRequests() { step.slept.append((request, .failed(message))) }
    }

    /// What comes after the thaw: the end of handing memory back, then readiness, then the waiters.
    mutating func advanceWake(_ now: Instant, _ step: inout Step) {
        guard let wake else { return }
        self.wake?.thawed = wake.thawed ?? now
        if reclaiming != nil {
            phase = .settling
            return
        }
        guard rules.needsReadiness || wake.from == .stopped else {
            finishWake(now, &step)
            return
        }
        let limit = max(wake.began + rules.wakeTimeout - now, .milliseconds(100))
        begin(
            .ready(containers.map(\.id), afterStart: wake.from == .stopped), limit: limit, phase: .readying)
        step.operation = operation
    }

    private mutating func finishReady(_ fault: OperationFault?, _ now: Instant, _ step: inout Step) {
        guard let wake else { return }
        guard let fault else {
            finishWake(now, &step)
            return
        }
        // Its containers run, so they are nobody's sleepers.
        disclaim(Array(owned.keys), &step)
        use.ran(at: now)
        let failure: WakeFailure = fault.isTimeout ? .timedOut : .failed(fault.message)
        for waiter in wishes.takeWaiters() { step.failed.append((waiter, failure)) }
        failWake(fault.message, now, &step)
        wishes.dropDemand()
        (lastTrigger, lastBy) = (wake.cause.trigger, wake.cause.by)
    }

    private mutating func finishWake(_ now: Instant, _ step: inout Step) {
        guard let wake else { return }
        self.wake = nil
        setbacks.forgetWake()
        wishes.dropDemand()
        use.woke(at: now)
        disclaim(Array(owned.keys), &step)
        (lastTrigger, lastBy) = (wake.cause.trigger, wake.cause.by)
        note(
            from: wake.fromState, to: .awake, trigger: wake.cause.trigger, by: wake.cause.by, elapsed: now - wake.began,
            .done,
            &step)
        func report(since arrived: Instant) -> WakeReport {
            let started = max(wake.started ?? now, arrived)
            let thawed = max(wake.thawed ?? now, started)
            return WakeReport(
                woke: true, from: wake.from, elapsed: now - arrived, queued: started - arrived,
                thaw: thawed - started, ready: now - thawed, trigger: wake.cause.trigger)
        }
        step.woke = report(since: wishes.waiters.first?.arrived ?? wake.began)
        for waiter in wishes.takeWaiters() { step.ready.append((waiter, report(since: waiter.arrived))) }
    }

    /// Gives a wake up for now; where somebody still needs it, it is tried again after a backoff.
    private mutating func failWake(_ message: String, _ now: Instant, _ step: inout Step) {
        guard let wake else { return }
        self.wake = nil
        setbacks.wakeFailed(message, at: now)
        wishes.demandUnlessAny(wake.cause)
        note(
            from: wake.fromState, to: state, trigger: wake.cause.trigger, by: wake.cause.by, elapsed: now - wake.began,
            .failed(message),
            &step)
        switch condition {
        case .asleep, .held: fail(.failed(message), &step)
        case .unknown, .absent, .ambiguous, .down, .running: break
        }
    }

    mutating func fail(_ failure: WakeFailure, where isMeant: (Waiter) -> Bool = { _ in true }, _ step: inout Step) {
        for waiter in wishes.takeWaiters(where: isMeant) { step.failed.append((waiter, failure)) }
    }

    func note(
        from: ServiceState, to: ServiceState, trigger: Trigger, by: String?, elapsed: Duration?,
        _ outcome: Transition.Outcome, reclaim: ReclaimOutcome? = nil, _ step: inout Step
    ) {
        step.transitions.append(
            Transition(
                from: from, to: to, depth: depth, trigger: trigger, by: by, elapsed: elapsed, outcome: outcome,
                reclaim: reclaim))
    }
}
