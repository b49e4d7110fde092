internal import Synchronization

/// The pages that wakes have brought back, by container and process: the next reclaim spares them while it
/// can, and a wake from a disk asks for them at once.
///
/// A page that is spared isn't brought back again, so it would count as needed for ever; what a wake has
/// needed is therefore forgotten after a few more wakes, and learned anew if it is still needed.
final class WorkingSets: Sendable {
    private static let generations = 4
    /// Ranges kept of one process and generation; beyond that its memory is too scattered to be worth it.
    private static let mostRanges = 4096
    /// Neighbours closer than this are kept as one.
    private static var gap: UInt { 16 * ProcessMemory.pageSize }

    private struct Process {
        /// What was in swap when the service fell asleep.
        var swapped: [AddressRange] = []
        /// What wakes have brought back, the latest last.
        var needed: [[AddressRange]] = []
    }

    private let sets = Mutex<[String: [Int32: Process]]>([:])

    /// Notes what is in swap at the end of a reclaim.
    func noteSwapped(_ container: String, _ pid: Int32, _ ranges: [AddressRange]) {
        sets.withLock { $0[container, default: [:]][pid, default: Process()].swapped = ranges }
    }

    /// Notes what is present some time after a wake.
    func notePresent(_ container: String, _ pid: Int32, _ ranges: [AddressRange]) {
        sets.withLock { sets in
            guard var process = sets[container]?[pid] else { return }
            let needed = process.swapped.intersection(ranges).union([], gap: Self.gap)
            process.needed.append(needed.count > Self.mostRanges ? [] : needed)
            if process.needed.count > Self.generations { process.needed.removeFirst() }
            process.swapped = []
            sets[container]?[pid] = process
        }
    }

    /// In ascending order; empty where nothing was learned.
    func needed(_ container: String, _ pid: Int32) -> [AddressRange] {
        sets.withLock { sets in
            (sets[container]?[pid]?.needed ?? []).reduce([]) { $0.union($1, gap: Self.gap) }
        }
    }

    func keep(only containers: Set<String>) {
        sets.withLock { sets in
            for container in sets.keys where !containers.contains(container) { sets[container] = nil }
        }
    }
}
