internal import Libc
internal import SleepCore

/// One container's memory on its way back to the host: how much is still to go, and when to stop.
struct ReclaimJob {
    /// How often it is looked whether what goes to a disk has gone, and how often in vain at most.
    private static let settlingMicroseconds: UInt32 = 5_000
    private static let mostRestingLooks = 20
    /// Between two looks at the guards.
    private static let chunksPerGuard = 16

    let container: Container
    let cgroup: MemoryCgroup
    let beforeBytes: Int
    private let goalBytes: Int
    let order: HaltFlag
    private let freezer: KernelFreezer
    private let guards: () -> ReclaimOutcome.End?
    private var chunks = 0
    /// What is still to go, as of the last look.
    private(set) var leftBytes = Int.max

    init(
        container: Container, cgroup: MemoryCgroup, beforeBytes: Int, goalBytes: Int, order: HaltFlag,
        freezer: KernelFreezer, guards: @escaping () -> ReclaimOutcome.End?
    ) {
        self.container = container
        self.cgroup = cgroup
        self.beforeBytes = beforeBytes
        self.goalBytes = goalBytes
        self.order = order
        self.freezer = freezer
        self.guards = guards
    }

    /// Waits for what has been asked for: to a disk it goes in the background.
    mutating func settle() {
        var restingLooks = 0
        while restingLooks < Self.mostRestingLooks, leftBytes > 0, !order.isRaised {
            let before = leftBytes
            usleep(Self.settlingMicroseconds)
            look()
            restingLooks = leftBytes < before ? 0 : restingLooks + 1
        }
    }

    private mutating func look() {
        leftBytes = (cgroup.reading?.residentBytes).map { $0 - goalBytes } ?? 0
    }

    /// Why to stop before the next chunk; null: go on.
    mutating func end() -> ReclaimOutcome.End? {
        if order.isRaised { return .halted }
        look()
        if leftBytes <= 0 { return .done }
        // Docker or an operator has woken it.
        if freezer.isFrozen(container) == false { return .halted }
        chunks += 1
        return chunks % Self.chunksPerGuard == 0 ? guards() : nil
    }
}
