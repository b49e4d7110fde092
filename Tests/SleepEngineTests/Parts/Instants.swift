import SleepCore

/// Instants of a test: so many seconds after one that never changes.
struct Instants {
    let zero: Instant = SuspendingClock().now
    subscript(_ seconds: Double) -> Instant { zero + .seconds(seconds) }
}

extension ServicePolicy {
    /// A service of tier `on-demand` with the built-in settings, but for what `change` changes.
    static func plain(
        _ name: String, _ container: ContainerMatch? = nil, _ change: (inout Settings) -> Void = { _ in }
    ) -> ServicePolicy {
        var policy = ServicePolicy(name: name, tier: "on-demand", container: container)
        change(&policy.settings)
        return policy
    }
}
