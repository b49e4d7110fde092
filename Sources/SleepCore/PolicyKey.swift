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
    /// The signals of `activity` that nothing reads yet.
    package var unreadSignals: [ActivitySignal] {
        ActivitySignal.allCases.filter { settings.activity.contains($0) && $0 != .hook }
    }

    /// What this service asks for by name, on itself or through its tier's file entry, and doesn't get.
    package func notInEffect(tier: Tier?) -> [NotInEffect] {
        func isWritten(_ key: PolicyKey) -> Bool { lines[key] != nil || tier?.lines[key] != nil }
        func note(_ key: PolicyKey, _ instead: String) -> NotInEffect {
            NotInEffect(key: key.rawValue, service: name, instead: instead)
        }
        guard settings.sleep == .allowed else { return [] }
        var notes: [NotInEffect] = []
        if !unreadSignals.isEmpty {
            let signals = unreadSignals.map(\.rawValue).joined(separator: ", ")
            notes.append(note(.activity, "\(signals) can't be read, so it doesn't fall asleep on idle"))
        }
        if settings.wakeOn.contains(.traffic) {
            notes.append(note(.wakeOn, "packets don't wake, so it doesn't fall asleep on idle"))
        }
        if settings.freezer == .cgroup { notes.append(note(.freezer, "it is paused through Docker")) }
        if isWritten(.reclaim), settings.reclaim != nil { notes.append(note(.reclaim, "its memory is kept")) }
        if settings.stopAfter != nil { notes.append(note(.stopAfter, "it stays frozen")) }
        if let ready = settings.ready, ready != .none { notes.append(note(.ready, "awake means that it runs")) }
        if !settings.requires.isEmpty {
            notes.append(note(.requires, "nothing is woken with it; what it requires doesn't fall asleep on idle"))
        }
        if isWritten(.networkFloor) { notes.append(note(.networkFloor, "network is not read")) }
        if isWritten(.cpuFloor) { notes.append(note(.cpuFloor, "CPU is not read")) }
        if !settings.ignoreSources.isEmpty { notes.append(note(.ignoreSources, "sources are not told apart")) }
        return notes
    }
}

extension Policy {
    /// Everything asked for and not done yet, the top level first, then service by service.
    package var notInEffect: [NotInEffect] {
        var notes: [NotInEffect] = []
        if pressure != nil {
            notes.append(NotInEffect(key: "pressure", service: nil, instead: "idle times alone decide"))
        }
        if labels == .classify {
            notes.append(NotInEffect(key: "labels", service: nil, instead: "only services named here are covered"))
        }
        return notes
            + services.flatMap { service in
                service.notInEffect(tier: tiers.first { $0.name == service.tier })
            }
    }

    /// The names of the services that require each service.
    package var dependents: [String: [String]] {
        var dependents: [String: [String]] = [:]
        for service in services {
            for required in service.settings.requires { dependents[required, default: []].append(service.name) }
        }
        return dependents
    }
}
