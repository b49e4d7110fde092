internal import SleepCore

/// The sleepers of one service that were frozen without Docker, which goes on believing that they run.
///
/// A thaw takes microseconds, so it is no operation: whatever Docker is about to do with a sleeper (stop it, kill
/// it, run a command in it, go down itself) is preceded by one, at once.
struct KernelSleepers {
    private struct Place {
        var path: String
        /// Tells of changes that nobody has told svcd of.
        var watch: AnyObject?
    }

    private var places: [String: Place] = [:]
    /// Why it sleeps by Docker's pause although its policy says otherwise; null: it doesn't.
    private(set) var refusal: FreezerRefusal?

    var isEmpty: Bool { places.isEmpty }
    /// Where each container is, or will be, frozen.
    var paths: [String: String] { places.isEmpty ? [:] : places.mapValues(\.path) }

    func has(_ container: String) -> Bool { places[container] != nil }
    func path(of container: String) -> String? { places[container]?.path }

    /// Takes the choice that was made before a freeze: a container without a place is paused through Docker.
    ///
    /// - Returns: a refusal that is news.
    mutating func choose(_ choice: [String: FreezerChoice]) -> FreezerRefusal? {
        let before = refusal
        var refusals: [FreezerRefusal] = []
        var isDirect = false
        for (container, choice) in choice.sorted(by: { $0.key < $1.key }) {
            places[container] = nil
            switch choice {
            case .docker: break
            case .refused(let why): refusals.append(why)
            case .kernel(let path):
                places[container] = Place(path: path)
                isDirect = true
            }
        }
        // Of several replicas, one that is refused is worth telling.
        if let first = refusals.first { refusal = first } else if isDirect { refusal = nil }
        return refusal == before ? nil : refusal
    }

    /// Lets go of every sleeper but those that the service still has.
    mutating func release(allBut containers: [Container], _ host: any FreezerHost) {
        for id in places.keys where !containers.contains(where: { $0.id == id }) { release(id, host) }
    }

    /// It has been frozen there; what watches over it is kept.
    mutating func froze(_ container: String, watch: AnyObject?) { places[container]?.watch = watch }

    /// It has been thawed, by whoever.
    mutating func thawed(_ container: String) { places[container] = nil }

    /// Takes a sleeper over from the journal.
    mutating func restore(_ container: String, at path: String, watch: AnyObject?) {
        places[container] = Place(path: path, watch: watch)
    }

    /// Lets those of them go on that are svcd's own; the ones that do, and what the kernel said to the others.
    mutating func thaw(_ owned: Set<String>, _ host: any FreezerHost) -> (thawed: [String], faults: [String]) {
        var thawed: [String] = []
        var faults: [String] = []
        for (container, place) in places where owned.contains(container) {
            do {
                try host.thaw(at: place.path)
                thawed.append(container)
            } catch {
                // Gone, or not svcd's any more: a look tells.
                faults.append("\(error)")
            }
            places[container] = nil
        }
        return (thawed, faults)
    }

    /// Lets go of a sleeper that the service no longer has: Docker believes that it runs, so nobody else would.
    mutating func release(_ container: String, _ host: any FreezerHost) {
        guard let place = places.removeValue(forKey: container) else { return }
        try? host.thaw(at: place.path)
    }

    /// What a sleeper by the kernel's freezer is, where Docker says that it runs.
    mutating func correct(_ container: inout Container, _ host: any FreezerHost) {
        guard let place = places[container.id] else { return }
        switch (container.status, host.isFrozen(at: place.path)) {
        case (.running, true?): container.status = .paused
        case (.paused, true?): container.isPausedTwice = true
        case (.down, _), (_, nil), (_, false?): places[container.id] = nil
        }
    }

    /// Whether a process among them was sent a signal that it can't take.
    func haveSignalsPending(_ host: any FreezerHost) -> Bool {
        places.values.contains { host.hasPendingSignals(at: $0.path) }
    }
}

/// How a container will be frozen.
enum FreezerChoice: Sendable, Equatable {
    case docker
    /// At this place.
    case kernel(String)
    /// Through Docker, although the policy says otherwise.
    case refused(FreezerRefusal)
}

/// Why `freezer: cgroup` is refused.
package enum FreezerRefusal: Sendable, Equatable, CustomStringConvertible {
    case healthcheck
    case noFreezer

    package var description: String {
        switch self {
        case .healthcheck: "it has a HEALTHCHECK, which Docker would run in a frozen container"
        case .noFreezer: "this kernel, or its permissions, offer no freezer for it"
        }
    }
}
