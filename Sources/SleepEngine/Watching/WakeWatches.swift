internal import SleepCore

/// What watches over the sleepers of one service, by trigger and container, and why it can't.
struct WakeWatches {
    private struct Place: Hashable {
        var source: WakeSource
        var container: String
    }

    private var armed: [Place: AnyObject] = [:]
    /// By trigger, why its sleepers can't be watched; a trigger that isn't there has not been refused.
    private(set) var refusals: [WakeSource: String] = [:]

    var isArmed: Bool { !armed.isEmpty }

    /// Watches over these containers, too, by all of the service's triggers, or, where one of those is refused, by
    /// none of that kind.
    ///
    /// - Returns: whether the refusals have changed.
    mutating func arm(
        _ containers: [Container], _ settings: Settings, _ host: any ContainerHost,
        wake: @escaping @Sendable (Trigger) -> Void
    ) -> Bool {
        let before = refusals
        refusals = [:]
        for trigger in settings.triggers {
            for container in containers {
                let place = Place(source: trigger.source, container: container.id)
                guard armed[place] == nil else { continue }
                switch trigger.watch(container, settings, host, { wake(trigger.trigger) }) {
                case .watching(let watch): armed[place] = watch
                case .refused(let why):
                    refusals[trigger.source] = why
                    armed = armed.filter { $0.key.source != trigger.source }
                }
                if refusals[trigger.source] != nil { break }
            }
        }
        return refusals != before
    }

    /// What the refusals forbid.
    var vetoes: [Veto] {
        WakeTrigger.all.compactMap { trigger in refusals[trigger.source].map { trigger.veto($0) } }
    }

    mutating func disarm() { armed = [:] }

    /// After a change of the settings: whatever was refused is tried anew.
    mutating func reset() { (armed, refusals) = ([:], [:]) }
}
