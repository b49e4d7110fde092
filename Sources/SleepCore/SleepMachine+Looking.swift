/// What a look or a listing changes, and what it tells of what has failed.
extension SleepMachine {
    /// While a pause without an answer may still land, it is looked at so often.
    private static let lateFreezeLooks = Duration.seconds(5)

    /// Something failed: nothing is decided until a look has told what is true.
    mutating func doubt(_ now: Instant) {
        belief.doubt()
        looks.request(at: now)
    }

    /// Makes what was found the truth, and resolves what was in doubt.
    mutating func adopt(_ found: [Container], _ now: Instant, _ step: inout Step) {
        let wasKnown = belief.isKnown
        let before = (state: state, condition: condition)
        let disowned = belief.adopt(found, now, rules.replicas, isChanging: course.isFallingOrWaking)
        step.disowned.merge(disowned) { _, depth in depth }
        if belief.expectsLateFreeze { looks.request(at: now + Self.lateFreezeLooks) }

        switch course {
        case .doubtful(let fall, let fault): resolve(fall, fault, now, &step)
        case .between(let wake): resolve(wake, now, &step)
        case .readying(let wake, _): if condition != .running { resolve(wake, now, &step) }
        case .thawing, .halting: break
        case .resting, .recording, .freezing, .recordingStop, .stopping:
            if condition != before.condition { adoptChange(from: before.state, isFirst: !wasKnown, now, &step) }
        }
    }

    /// It changed, and not by svcd.
    private mutating func adoptChange(from before: ServiceState, isFirst: Bool, _ now: Instant, _ step: inout Step) {
        if condition == .running { use.woke(at: now) }
        if isAsleep { beginSleep(now) }
        // A pause that landed after it had been given up, and that a client has come since.
        if isAsleep, belief.expectsLateFreeze(before: use.lastUse) {
            wishes.demandUnlessAny(Demand(trigger: .recovery))
        }
        setbacks.forgetWake()
        shown.changed(by: isFirst ? .recovery : .external, nil)
        if !isFirst, before != .unknown || state != .unknown {
            addTransition(from: before, to: state, trigger: .external, by: nil, elapsed: nil, .done, &step)
        }
    }

    /// A freeze that failed, and now the truth is known.
    private mutating func resolve(_ fall: Fall, _ fault: OperationFault, _ now: Instant, _ step: inout Step) {
        let running = belief.ids(.running)
        if running.isEmpty, isAsleep {
            // "Already paused", and not by a pause of ours that was late: others were faster.
            if fault.isConflict, fall.attempts == 1, !belief.expectsLateFreeze {
                step.forget += belief.disclaimAllAsOthers()
                failFall(fault.message, now, &step)
                shown.changed(by: .external, shown.lastBy)
            } else {
                completeFall(now, &step)
            }
            return
        }
        // Only what its intent is recorded for; a container that came meanwhile is another sleep's matter.
        let isWanted =
            !wishes.isWanted && !isRetired && use.lastUse <= fall.began && isEngineReachable && !running.isEmpty
            && running.allSatisfy { belief.owned[$0] != nil }
        if isWanted, !fault.mayStillLand, fall.attempts < Fall.mostAttempts {
            beginFreeze(running, fall, &step)
            return
        }
        step.forget += belief.disclaim(belief.owned.keys.filter { running.contains($0) })
        if !running.isEmpty, isAsleep { wishes.demandUnlessAny(Demand(trigger: .recovery)) }
        failFall(fault.message, now, &step)
    }

    /// A wake that failed, or that waited for something else, and now the truth is known.
    mutating func resolve(_ wake: Wake, _ now: Instant, _ step: inout Step) {
        switch condition {
        case .running:
            advance(wake, now, &step)
        case .asleep, .held:
            if wake.isSpent(now, timeout: rules.wakeTimeout) {
                failWake(wake, wake.fault?.message ?? "it stayed asleep", now, &step)
            } else {
                var wake = wake
                wake.planNextAttempt(now)
                course.retry(wake)
            }
        case .unknown, .absent, .ambiguous, .down:
            failWake(wake, "it is \(believedState.rawValue)", now, &step)
            setbacks.forgetWake()
            wishes.dropDemand()
        }
    }
}
