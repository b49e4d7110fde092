/// The keys of a service or tier, in the order people read them. Raw values are the spelling in the file.
package enum PolicyKey: String, Sendable, CaseIterable, Hashable {
    case tier, container, replicas, sleep
    case idleAfter = "idle_after"
    case minAwake = "min_awake"
    case wakeBudget = "wake_budget"
    case wakeTimeout = "wake_timeout"
    case reclaim
    case stopAfter = "stop_after"
    case freezer
    case wakeOn = "wake_on"
    case activity
    case networkFloor = "network_floor"
    case cpuFloor = "cpu_floor"
    case ignoreSources = "ignore_sources"
    case ready, requires
}

/// What a policy asks for and this build doesn't do yet. Named in the log and in `doctor`, so that nobody counts
/// on it.
package struct NotInEffect: Sendable, Hashable, CustomStringConvertible {
    /// The key as written in the file.
    package var key: String
    /// What happens instead.
    package var instead: String

    package var description: String { "\(key) is not in effect: \(instead)" }
}

extension Policy {
    package var notInEffect: [NotInEffect] {
        labels == .classify ? [NotInEffect(key: "labels", instead: "only services named here are covered")] : []
    }
}
