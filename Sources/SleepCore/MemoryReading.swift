/// A container's memory, from its cgroup.
package struct MemoryReading: Sendable, Equatable {
    package var residentBytes: Int
    package var swappedBytes: Int
    /// Faults that had to wait for a disk or for swap, since the container began.
    package var majorFaults: Int

    package init(residentBytes: Int, swappedBytes: Int, majorFaults: Int = 0) {
        self.residentBytes = residentBytes
        self.swappedBytes = swappedBytes
        self.majorFaults = majorFaults
    }
}

/// How handing memory back ended.
package struct ReclaimOutcome: Sendable, Equatable {
    package enum End: Sendable, Equatable {
        /// The share is gone, or nothing more goes.
        case done
        /// A wake came.
        case halted
        /// A guard stepped in: too little swap, or too much pressure.
        case guarded(String)
        /// It can't be done on this host, or with this container.
        case unavailable(String)
    }
    package var end: End
    package var before: MemoryReading?
    package var after: MemoryReading?

    package init(_ end: End, before: MemoryReading? = nil, after: MemoryReading? = nil) {
        self.end = end
        self.before = before
        self.after = after
    }

    package var freedBytes: Int { max(0, (before?.residentBytes ?? 0) - (after?.residentBytes ?? 0)) }
}
