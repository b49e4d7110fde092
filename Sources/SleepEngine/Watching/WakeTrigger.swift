internal import SleepCore

/// Something that wakes a sleeper although nobody has told svcd: a row in `all`, and a file like `PacketTrigger.swift`.
struct WakeTrigger: Sendable {
    /// What `wake_on` calls it.
    let source: WakeSource
    /// What history calls a wake by it.
    let trigger: Trigger
    /// What a refusal to watch means for falling asleep on idle.
    let veto: @Sendable (_ refusal: String) -> Veto
    /// Watches over a container, from before it is frozen: `wake` is called, on any thread, until the watch is
    /// released.
    let watch:
        @Sendable (Container, Settings, any ContainerHost, _ wake: @escaping @Sendable () -> Void) -> TrafficWatch

    static let all: [WakeTrigger] = [.packets]
}

extension Settings {
    /// What wakes a service with these settings by itself.
    var triggers: [WakeTrigger] { WakeTrigger.all.filter { wakeOn.contains($0.source) } }
}
