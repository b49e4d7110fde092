import SleepCore

@testable import SleepEngine

/// What tests ask of a service: the one place that knows how a view is made.
extension Supervisor {
    func state(_ name: String) -> ServiceState? { view(name)?.state }

    /// Null unless it sleeps.
    func depth(_ name: String) -> Depth? { view(name)?.depth }

    /// What caused its last transition.
    func trigger(_ name: String) -> Trigger? { view(name)?.change.trigger }

    /// What keeps it from falling asleep, in words.
    func vetoes(_ name: String) -> [String] { view(name)?.use.vetoes.map { "\($0)" } ?? [] }

    func idleAfter(_ name: String) -> Duration { view(name)?.policy.settings.idleAfter ?? .zero }

    func error(_ name: String) -> String? { view(name)?.trouble.error }

    /// Whether its memory is being handed back now.
    func isReclaiming(_ name: String) -> Bool { view(name)?.memory.isReclaiming == true }

    /// Why its memory isn't handed back, and whether that is tried again in this sleep.
    func hindrance(_ name: String) -> (why: String, isTriedAgain: Bool)? {
        view(name)?.trouble.reclaim.map { ("\($0.message)", $0.retryAt != nil) }
    }

    /// What it sleeps by, or would, and why that isn't what its policy says.
    func freezer(_ name: String) -> (kind: FreezerKind, refusal: String?)? {
        view(name).map { view in (view.freezer.kind, view.freezer.refusal.map { "\($0)" }) }
    }

    /// How many wakes have been counted.
    func wakes(_ name: String) -> Int { view(name)?.records.latencies?.count ?? 0 }

    /// How much of its memory is handed back.
    func share(_ name: String) -> Double? { view(name)?.memory.share.value }
}

extension SleepMachine.SleepOutcome {
    /// What stands in the way, in words; null: it isn't vetoed.
    var vetoes: [String]? { if case .vetoed(let vetoes) = self { vetoes.map { "\($0)" } } else { nil } }
}
