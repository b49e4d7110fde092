internal import SleepCore

/// Sleepers that the journal says are svcd's own, until the first listing has told which are.
struct SleeperClaims {
    private var unclaimed: [String: Journal.Intent]
    private var presumedAsleep: Set<String>
    private let boot: String

    /// - Parameter boot: the kernel's boot id, as it is now: a pause doesn't outlive a boot.
    init(_ intents: [Journal.Intent], boot: String) {
        unclaimed = Dictionary(intents.map { ($0.container, $0) }) { _, last in last }
        presumedAsleep = Set(intents.map(\.service))
        self.boot = boot
    }

    /// Whether the journal has a sleeper under this service's name, and no listing has told better.
    func isPresumedAsleep(_ service: String) -> Bool { presumedAsleep.contains(service) }

    /// What a service gets of the containers that were found for it.
    struct Claimed: Equatable {
        var sleepers: [String: Depth] = [:]
        /// Intents that are no longer true.
        var void: [String] = []
    }

    mutating func claim(_ found: [Container]) -> Claimed {
        var claimed = Claimed()
        for container in found {
            guard let intent = unclaimed.removeValue(forKey: container.id) else { continue }
            // Paused since the host was started, it was not by svcd.
            if intent.boot != boot, container.status == .paused {
                claimed.void.append(container.id)
            } else {
                claimed.sleepers[container.id] = intent.depth
            }
        }
        return claimed
    }

    /// What no service has claimed when all have had their turn.
    struct Rest: Equatable {
        /// Sleepers of svcd's that no service covers any more.
        var orphans: [Journal.Intent] = []
        /// Intents that are no longer true.
        var void: [String] = []
    }

    /// - Parameter listed: all containers by id.
    mutating func conclude(_ listed: [String: Container]) -> Rest {
        presumedAsleep = []
        defer { unclaimed = [:] }
        var rest = Rest()
        for (container, intent) in unclaimed.sorted(by: { $0.key < $1.key }) {
            if listed[container]?.status == .paused, intent.boot == boot {
                rest.orphans.append(intent)
            } else {
                rest.void.append(container)
            }
        }
        return rest
    }
}
