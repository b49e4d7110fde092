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
        let outlook = machine.outlook(view.now)
        var changes: [Change] = []
        /// Where there are several of a kind, the last one counts.
        func plan(_ kind: Outlook.What, _ what: String) {
            guard let last = outlook.last(where: { $0.what == kind }) else { return }
            changes.append(Change(what: what, at: Wire.timestamp(milliseconds: view.wall(last.at))))
        }
        switch machine.state {
        case .awake:
            plan(.pinEnds, "the pin ends")
            plan(.leaseEnds, "the last lease ends")
            plan(.fallsAsleep, "it falls asleep if nobody uses it")
        case .asleep:
            let isWatched = view.policy.settings.wakeOn.contains(.traffic) && machine.depth != .stopped
            changes.append(
                Change(what: "a hook, a lease\(isWatched ? ", a packet" : "") or an operator wakes it", at: nil))
            plan(.handsMemoryBack, "its memory is handed back")
            plan(.handsMemoryBackAgain, "handing its memory back is tried again")
            plan(.stops, "its container is stopped")
        case .held: changes.append(Change(what: "an operator wakes it, or whoever paused it", at: nil))
        case .down: changes.append(Change(what: "somebody starts its container", at: nil))
        case .absent: changes.append(Change(what: "somebody creates its container", at: nil))
        case .ambiguous: changes.append(Change(what: "all but one of the containers go, or replicas: all", at: nil))
        case .failed: plan(.wakes, "svcd tries again, at once if somebody needs it")
        case .unknown: changes.append(Change(what: "Docker answers", at: nil))
        case .fallingAsleep, .waking: break
        }
        return changes
    }
}
