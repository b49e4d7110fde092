internal import Dispatch
internal import Libc
internal import SleepCore

/// Hands a frozen container's memory back to the host.
///
/// In small chunks, and between two of them it looks whether it is to stop: a wake that comes meanwhile
/// waits for 2 MiB at most, which takes less time than the thaw. On cgroup v2 the kernel chooses the coldest
/// pages (`memory.reclaim`, Linux 5.19). On v1, and on older kernels, processes are advised page range by
/// page range (process_madvise(2), MADV_PAGEOUT), what recent wakes needed last. Where neither is allowed,
/// v1's `memory.force_empty` takes all or nothing, and a wake interrupts it by a signal.
struct Reclaimer: Sendable {
    private static let chunkBytes = 2 << 20
    private static let smallestChunkBytes = 256 << 10
    /// Shares of ten seconds in which everything stood still; above them the host has other worries.
    private static let mostMemoryStall = 0.2
    private static let mostIOStall = 0.4

    let freezer: KernelFreezer
    let workingSets: WorkingSets
    let proc: String
    let cgroupRoot: String
    private let queue = DispatchQueue(label: "svcd.reclaim", qos: .utility)

    init(freezer: KernelFreezer, workingSets: WorkingSets, proc: String, cgroupRoot: String) {
        self.freezer = freezer
        self.workingSets = workingSets
        self.proc = proc
        self.cgroupRoot = cgroupRoot
    }

    @concurrent func reclaim(_ container: Container, share: Double, order: HaltFlag) async -> ReclaimOutcome {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: run(container, share, order)) }
        }
    }

    private func run(_ container: Container, _ share: Double, _ order: HaltFlag) -> ReclaimOutcome {
        guard let cgroup = MemoryCgroup(of: container, proc: proc, cgroupRoot: cgroupRoot), let before = cgroup.reading
        else { return ReclaimOutcome(.unavailable("its memory cgroup can't be read")) }
        if let hindrance = cgroup.swapHindrance {
            return ReclaimOutcome(.unavailable(hindrance), before: before, after: before)
        }
        if let end = standingGuard() { return ReclaimOutcome(end, before: before, after: before) }
        // What an earlier sleep has handed back, and no process has needed since, counts as handed back.
        let wholeBytes = before.residentBytes + before.swappedBytes
        var job = ReclaimJob(
            container: container, cgroup: cgroup, beforeBytes: before.residentBytes,
            goalBytes: wholeBytes - Int(Double(wholeBytes) * share), order: order,
            freezer: freezer, guards: standingGuard)
        let end = work(&job)
        // A wake doesn't wait for bookkeeping.
        if end != .halted {
            for pid in cgroup.processes {
                guard let memory = ProcessMemory(pid, proc: proc) else { continue }
                workingSets.noteSwapped(container.id, pid, memory.pages(.swapped))
            }
        }
        return ReclaimOutcome(end, before: before, after: cgroup.reading)
    }

    private func standingGuard() -> ReclaimOutcome.End? {
        let swap = Swap.read(proc: proc)
        if swap.medium == .none {
            return .unavailable("this host has no swap and no zram, so there is nowhere to put it")
        }
        if swap.freeBytes < swap.floorBytes {
            return .guarded("less than \(swap.floorBytes >> 20) MiB of swap is free")
        }
        if let stall = Pressure.average10(.memory, .full, proc: proc), stall > Self.mostMemoryStall {
            return .guarded("the host waits for memory (PSI full \(Int(stall * 100)) %)")
        }
        if let stall = Pressure.average10(.io, .full, proc: proc), stall > Self.mostIOStall {
            return .guarded("the host waits for its disks (PSI full \(Int(stall * 100)) %)")
        }
        return nil
    }

    private func work(_ job: inout ReclaimJob) -> ReclaimOutcome.End {
        if job.cgroup.isV2, let end = reclaimByCgroup(&job) { return end }
        return reclaimByAdvice(&job) ?? forceEmpty(job)
    }

    // MARK: cgroup v2

    /// Null: this kernel has no `memory.reclaim`.
    private func reclaimByCgroup(_ job: inout ReclaimJob) -> ReclaimOutcome.End? {
        let file = open("\(job.cgroup.path)/memory.reclaim", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var chunk = Self.chunkBytes
        // What it takes may be none of what is counted here (slab, say), so progress is no matter of course.
        var left = 2 * job.beforeBytes
        while left > 0 {
            if let end = job.end() { return end }
            let text = Array("\(chunk)".utf8)
            if write(file, text, text.count) >= 0 {
                left -= chunk
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN where chunk > Self.smallestChunkBytes: chunk /= 2  // it gave less than was asked
            case EAGAIN: return .done
            default: return .unavailable("memory.reclaim refused: \(String(cString: strerror(errno)))")
            }
        }
        return .done
    }

    // MARK: Advice

    /// Null: advising other processes is not allowed, or not known to this kernel.
    private func reclaimByAdvice(_ job: inout ReclaimJob) -> ReclaimOutcome.End? {
        var hasProcess = false
        var hasAdvised = false
        var askedBytes = 0
        // Cold anonymous memory first, then files, which come back from disk, then what wakes have needed.
        for pass in [Pass.cold, .files, .needed] {
            for pid in job.cgroup.processes {
                guard let memory = ProcessMemory(pid, proc: proc) else { continue }
                hasProcess = true
                for range in pass.ranges(memory, workingSets.needed(job.container.id, pid)) {
                    var start = range.start
                    while start < range.end {
                        if let end = job.end() { return end }
                        let chunk = AddressRange(start: start, end: min(start + UInt(Self.chunkBytes), range.end))
                        let present = memory.presentBytes(in: chunk)
                        guard present > 0 else {
                            start = chunk.end
                            continue
                        }
                        let refusal = memory.advise(.pageOut, [chunk])
                        if refusal == EPERM || refusal == ENOSYS { return hasAdvised ? .done : nil }
                        hasAdvised = true
                        start = chunk.end
                        askedBytes += present
                        if askedBytes >= job.leftBytes {
                            job.settle()
                            askedBytes = 0
                        }
                    }
                }
            }
        }
        return hasProcess ? .done : nil
    }

    private enum Pass {
        case cold, files, needed

        func ranges(_ memory: ProcessMemory, _ needed: [AddressRange]) -> [AddressRange] {
            switch self {
            case .cold:
                memory.mappings.filter(\.isAnonymous).flatMap { [AddressRange].subtracting(needed, from: $0.range) }
            case .files: memory.mappings.filter { !$0.isAnonymous }.map(\.range)
            case .needed: needed
            }
        }
    }

    // MARK: All or nothing

    /// Interrupted by a signal to this thread when it is to stop.
    private func forceEmpty(_ job: ReclaimJob) -> ReclaimOutcome.End {
        let why = "neither memory.reclaim nor process_madvise (CAP_SYS_NICE, CAP_SYS_PTRACE) is to be had"
        guard !job.cgroup.isV2 else { return .unavailable(why) }
        let file = open("\(job.cgroup.path)/memory.force_empty", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return .unavailable(why) }
        defer { close(file) }
        let interruption = Interruption(of: job.order)
        defer { interruption.end() }
        let text = Array("0".utf8)
        if job.order.isRaised || write(file, text, 1) < 0 && errno == EINTR { return .halted }
        return .done
    }
}
