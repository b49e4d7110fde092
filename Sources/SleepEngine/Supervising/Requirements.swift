internal import SleepCore

/// Which services require which, and who needs whom just now.
struct Requirements {
    /// By service, what it requires directly, in the policy's order; services that require nothing aren't there.
    private var required: [String: [String]] = [:]
    /// By service, who requires it directly, in the policy's order.
    private var requiring: [String: [String]] = [:]
    private var needing: Set<String> = []

    /// Takes the services as they are now. Who needs others goes on to.
    mutating func cover(_ services: [ServicePolicy]) {
        required = [:]
        requiring = [:]
        for service in services where !service.settings.requires.isEmpty {
            required[service.name] = service.settings.requires
            for name in service.settings.requires { requiring[name, default: []].append(service.name) }
        }
        needing = needing.filter { required[$0] != nil }
    }

    /// Everything that a service requires, directly or through others, the nearest first.
    func all(of service: String) -> [String] {
        var found: [String] = []
        var seen: Set = [service]
        var next = required[service] ?? []
        while !next.isEmpty {
            next = next.filter { seen.insert($0).inserted }
            found += next
            next = next.flatMap { required[$0] ?? [] }
        }
        return found
    }

    /// Who requires a service and doesn't sleep.
    func needing(_ service: String) -> [String] { requiring[service]?.filter(needing.contains) ?? [] }

    /// Takes a service's state; the services that must be told who needs them now.
    ///
    /// - Parameter state: null: it is gone.
    mutating func note(_ service: String, is state: ServiceState?) -> [String] {
        guard let names = required[service] else { return [] }
        switch state {
        case .awake, .fallingAsleep, .waking, .failed: return needing.insert(service).inserted ? names : []
        case .asleep, .held, .down, .absent, .ambiguous, nil: return needing.remove(service) == nil ? [] : names
        case .unknown: return []
        }
    }
}
