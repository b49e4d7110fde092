internal import ControlTypes
internal import SleepCore
internal import SleepEngine

extension Why {
    /// Why a service is in its state, what would change it and when.
    init(_ view: ServiceView) {
        self.init(
            service: view.policy.name, state: view.state.rawValue, depth: view.depth?.rawValue,
            since: Wire.timestamp(milliseconds: view.wall(view.change.at)), trigger: view.change.trigger.rawValue,
            by: view.change.by, because: Self.because(view), vetoes: view.use.vetoes.map(\.description),
            changes: Self.changes(view))
    }

    private static func because(_ view: ServiceView) -> [String] {
        var reasons: [String] = []
        switch view.state {
        case .awake:
            reasons.append("its container runs")
            for other in view.containers where other.status != .running {
                reasons.append("but its replica \(other.name) is \(other.dockerStatus), not by svcd")
            }
        case .fallingAsleep: reasons.append("it is being put to sleep")
        case .waking: reasons.append("somebody needs it, and it is being woken")
        case .asleep:
            let depth = view.depth == .stopped ? "its container is stopped, and wakes on demand" : "svcd paused it"
            reasons.append("\(depth) (\(view.change.trigger.rawValue)\(view.change.by.map { ", \($0)" } ?? ""))")
            reasons += memory(view)
        case .held: reasons.append("someone other than svcd paused it; svcd doesn't wake it on its own")
        case .down: reasons.append("its container is \(view.containers.first?.dockerStatus ?? "down"), not by svcd")
        case .absent: reasons.append("there is no \(view.policy.container)")
        case .ambiguous:
            reasons.append("\(view.containers.count) containers match \(view.policy.container), and replicas is one")
        case .failed: reasons.append(view.depth == nil ? "it runs, but isn't ready" : "the last wake failed")
        case .unknown:
            reasons.append("Docker can't be asked; \(view.depth == nil ? "it counts as awake" : "it was asleep")")
        }
        if let refusal = view.freezer.refusal {
            reasons.append("it is paused through Docker, not directly: \(refusal)")
        }
        if let error = view.trouble.error { reasons.append("last error: \(error)") }
        return reasons
    }

    /// How much of its memory went, and why not more.
    private static func memory(_ view: ServiceView) -> [String] {
        var reasons: [String] = []
        if let done = view.memory.lastReclaim, let before = done.before, done.freedBytes > 0 {
            reasons.append("\(done.freedBytes >> 20) MiB of its \(before.residentBytes >> 20) MiB were handed back")
        }
        if view.memory.isReclaiming { reasons.append("its memory is being handed back") }
        if let hindrance = view.trouble.reclaim {
            reasons.append("its memory is not handed back: \(hindrance.message)")
        }
        if let hindrance = view.trouble.stop { reasons.append("it is not stopped: \(hindrance)") }
        if let reclaim = view.policy.settings.reclaim, view.memory.share.value < reclaim.target {
            func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
            reasons.append(
                "its wakes came near the budget, so \(percent(view.memory.share.value)) of its memory is handed back, "
                    + "not \(percent(reclaim.target))")
        }
        return reasons
    }

    private static func changes(_ view: ServiceView) -> [Change] {
        func change(_ what: String, at instant: Instant?) -> Change {
            Change(what: what, at: instant.map { Wire.timestamp(milliseconds: view.wall($0)) })
        }
        let byOthers: [Change] =
            switch view.state {
            case .awake, .fallingAsleep, .waking: []
            case .asleep:
                [change("a hook, a lease\(isWatched(view) ? ", a packet" : "") or an operator wakes it", at: nil)]
            case .held: [change("an operator wakes it, or whoever paused it", at: nil)]
            case .down: [change("somebody starts its container", at: nil)]
            case .absent: [change("somebody creates its container", at: nil)]
            case .ambiguous: [change("all but one of the containers go, or replicas: all", at: nil)]
            case .failed: [change("svcd tries again, at once if somebody needs it", at: view.trouble.retryAt)]
            case .unknown: [change("Docker answers", at: nil)]
            }
        guard view.state == .awake || view.state == .asleep else { return byOthers }
        return byOthers
            + Self.plans.compactMap { what, text in
                // Where there are several of a kind, the last one counts.
                view.outlook.last { $0.what == what }.map { change(text, at: $0.at) }
            }
    }

    /// What the outlook may hold of a service that is awake or asleep, in the order in which people read it.
    private static let plans: [(Outlook.What, String)] = [
        (.pinEnds, "the pin ends"),
        (.leaseEnds, "the last lease ends"),
        (.fallsAsleep, "it falls asleep if nobody uses it"),
        (.handsMemoryBack, "its memory is handed back"),
        (.handsMemoryBackAgain, "handing its memory back is tried again"),
        (.stops, "its container is stopped"),
    ]

    private static func isWatched(_ view: ServiceView) -> Bool {
        view.policy.settings.wakeOn.contains(.traffic) && view.depth != .stopped
    }
}
