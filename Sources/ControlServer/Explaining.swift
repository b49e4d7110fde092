internal import ControlTypes
internal import SleepCore
internal import SleepEngine

extension Why {
    /// Why a service is in its state, what would change it and when.
    init(_ view: ServiceView, _ supervisor: isolated Supervisor) {
        let machine = view.machine
        self.init(
            service: view.policy.name, state: machine.state.rawValue, depth: machine.depth?.rawValue,
            since: Wire.timestamp(milliseconds: view.wall(machine.stateSince)), trigger: machine.lastTrigger.rawValue,
            by: machine.lastBy, because: Self.because(view), vetoes: machine.vetoes(view.now).map(\.description),
            changes: Self.changes(view))
    }

    private static func because(_ view: ServiceView) -> [String] {
        let machine = view.machine
        var reasons: [String] = []
        switch machine.state {
        case .awake:
            reasons.append("its container runs")
            for other in machine.containers where other.status != .running {
                reasons.append("but its replica \(other.name) is \(other.dockerStatus), not by svcd")
            }
        case .fallingAsleep: reasons.append("it is being put to sleep")
        case .waking: reasons.append("somebody needs it, and it is being woken")
        case .asleep:
            let depth = machine.depth == .stopped ? "its container is stopped, and wakes on demand" : "svcd paused it"
            reasons.append("\(depth) (\(machine.lastTrigger.rawValue)\(machine.lastBy.map { ", \($0)" } ?? ""))")
            reasons += Self.depth(view)
        case .held: reasons.append("someone other than svcd paused it; svcd doesn't wake it on its own")
        case .down: reasons.append("its container is \(machine.containers.first?.dockerStatus ?? "down"), not by svcd")
        case .absent: reasons.append("there is no \(view.policy.container)")
        case .ambiguous:
            reasons.append("\(machine.containers.count) containers match \(view.policy.container), and replicas is one")
        case .failed:
            reasons.append(machine.depth == nil ? "it runs, but isn't ready" : "the last wake failed")
        case .unknown:
            reasons.append("Docker can't be asked; \(machine.depth == nil ? "it counts as awake" : "it was asleep")")
        }
        if let refusal = view.freezerRefusal { reasons.append("it is paused through Docker, not directly: \(refusal)") }
        if let error = machine.error { reasons.append("last error: \(error)") }
        return reasons
    }

    /// How much of its memory went, and why not more.
    private static func depth(_ view: ServiceView) -> [String] {
        let machine = view.machine
        var reasons: [String] = []
        if let done = machine.lastReclaim, let before = done.before, done.freedBytes > 0 {
            reasons.append("\(done.freedBytes >> 20) MiB of its \(before.residentBytes >> 20) MiB were handed back")
        }
        if machine.isReclaiming { reasons.append("its memory is being handed back") }
        if let hindrance = machine.reclaimHindrance {
            reasons.append("its memory is not handed back: \(hindrance.message)")
        }
        if let hindrance = machine.stopHindrance { reasons.append("it is not stopped: \(hindrance)") }
        if let reclaim = view.policy.settings.reclaim, view.share.value < reclaim.target {
            reasons.append(
                "its wakes came near the budget, so \(Int((view.share.value * 100).rounded())) % of its memory is handed "
                    + "back, not \(Int((reclaim.target * 100).rounded())) %")
        }
        return reasons
    }

    private static func changes(_ view: ServiceView) -> [Change] {
        let machine = view.machine
        func at(_ instant: Instant?) -> String? { instant.map { Wire.timestamp(milliseconds: view.wall($0)) } }
        var changes: [Change] = []
        switch machine.state {
        case .awake:
            if let until = machine.pin?.until { changes.append(Change(what: "the pin ends", at: at(until))) }
            if let last = machine.leases.values.max() {
                changes.append(Change(what: "the last lease ends", at: at(last)))
            }
            let others = machine.vetoes(view.now).filter { if case .minAwake = $0 { false } else { true } }
            if others.isEmpty {
                changes.append(Change(what: "it falls asleep if nobody uses it", at: at(machine.idleDeadline)))
            }
        case .asleep:
            let isWatched = view.policy.settings.wakeOn.contains(.traffic) && machine.depth != .stopped
            changes.append(
                Change(what: "a hook, a lease\(isWatched ? ", a packet" : "") or an operator wakes it", at: nil))
            let settings = view.policy.settings
            if machine.depth == .frozen, let reclaim = settings.reclaim, !machine.isReclaiming {
                if machine.reclaimHindrance == nil {
                    changes.append(
                        Change(what: "its memory is handed back", at: at(machine.asleepSince + reclaim.after)))
                } else if let retry = machine.reclaimHindrance?.retryAt {
                    changes.append(Change(what: "handing its memory back is tried again", at: at(retry)))
                }
            }
            if machine.depth != .stopped, let after = settings.stopAfter, machine.stopHindrance == nil {
                changes.append(Change(what: "its container is stopped", at: at(machine.asleepSince + after)))
            }
        case .held: changes.append(Change(what: "an operator wakes it, or whoever paused it", at: nil))
        case .down: changes.append(Change(what: "somebody starts its container", at: nil))
        case .absent: changes.append(Change(what: "somebody creates its container", at: nil))
        case .ambiguous: changes.append(Change(what: "all but one of the containers go, or replicas: all", at: nil))
        case .failed:
            changes.append(Change(what: "svcd tries again, at once if somebody needs it", at: at(machine.retryAt)))
        case .unknown: changes.append(Change(what: "Docker answers", at: nil))
        case .fallingAsleep, .waking: break
        }
        return changes
    }
}
