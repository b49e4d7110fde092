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

/// What a policy asks for and this build doesn't do yet. Named in the log, in `doctor` and in `why`,
/// so that nobody counts on it.
package struct NotInEffect: Sendable, Hashable, CustomStringConvertible {
    /// The key as written in the file.
    package var key: String
    /// Null: a top-level key.
    package var service: String?
    /// What happens instead.
    package var instead: String

    package var description: String {
        let subject = service.map { "\(key) of \($0)" } ?? key
        return "\(subject) is not in effect: \(instead)"
    }
}

extension ServicePolicy {
    /// What this service asks for and doesn't get.
    package var notInEffect: [NotInEffect] {
        func note(_ key: PolicyKey, _ instead: String) -> NotInEffect {
            NotInEffect(key: key.rawValue, service: name, instead: instead)
        }
        guard settings.sleep == .allowed else { return [] }
        var notes: [NotInEffect] = []
        if settings.wakeOn.contains(.traffic) {
            notes.append(note(.wakeOn, "packets don't wake, so it doesn't fall asleep on idle"))
        }
        return notes
    }
}

extension Policy {
    /// Everything asked for and not done yet, the top level first, then service by service.
    package var notInEffect: [NotInEffect] {
        var notes: [NotInEffect] = []
        if labels == .classify {
            notes.append(NotInEffect(key: "labels", service: nil, instead: "only services named here are covered"))
        }
        return notes + services.flatMap(\.notInEffect)
    }
}
