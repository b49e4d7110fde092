internal import Dispatch
package import SleepCore

/// This host's kernel, as far as containers are concerned: what freezes them and thaws them, what of them is in
/// memory and how it is handed back, what waits in their sockets, what moves, and the packets that wake them.
///
/// It answers and does what it is told. It knows neither Docker nor services nor policies beyond the settings that
/// it is given, decides nothing, and keeps nothing but the pages that wakes have needed. What the kernel can't tell
/// is null or empty, never a guess.
///
/// Everything begins with the PID of a container's first process, as Docker tells it. `/proc/PID/cgroup` names the
/// process's cgroups, and the topmost whose name carries the container's id is the container's own (`CgroupPaths`):
/// a PID that is another's by now leads nowhere. Where that cgroup can be frozen is its *place*, a path under
/// `/sys/fs/cgroup` (`KernelFreezer`): what svcd has frozen is thawed by the place alone, when the process or Docker
/// can't be asked any more. Sockets and counters are those of `/proc/PID/net`, if the network is the container's own.
///
/// A container chooses its processes, cgroups, sockets and packets itself: what it can have many of is read up to a
/// bound, and numbers are checked before they are narrowed. What takes longer than microseconds has a queue of its
/// own, and nothing waits in the one of the wake path but wakes.
package final class KernelHost: ContainerHost {
    private let freezer: KernelFreezer
    private let reclaimer: Reclaimer
    private let workingSets = WorkingSets()
    private let proc: String
    private let cgroupRoot: String
    private let background = DispatchQueue(label: "svcd.pages", qos: .utility)
    private let watcher = FileWatcher()
    private let freezing = DispatchQueue(label: "svcd.freeze", qos: .userInitiated)
    private let wakePath = DispatchQueue(label: "svcd.prefetch", qos: .userInitiated)

    package init(proc: String = "/proc", cgroupRoot: String = "/sys/fs/cgroup") {
        self.proc = proc
        self.cgroupRoot = cgroupRoot
        freezer = KernelFreezer(proc: proc, cgroupRoot: cgroupRoot)
        reclaimer = Reclaimer(freezer: freezer, workingSets: workingSets, proc: proc, cgroupRoot: cgroupRoot)
    }

    package func isFrozen(_ container: Container) -> Bool? { freezer.isFrozen(container) }
    package func freezerPlace(of container: Container) -> String? { freezer.place(of: container) }
    package func frozenPlace(of container: Container) -> String? { freezer.frozenPlace(of: container) }
    package func isFrozen(at place: String) -> Bool? { freezer.isFrozen(at: place) }
    package func hasPendingSignals(at place: String) -> Bool { freezer.hasPendingSignals(at: place) }
    package func thaw(at place: String) throws { try freezer.thaw(at: place) }

    @concurrent package func freeze(at place: String) async throws {
        try await withCheckedThrowingContinuation { continuation in
            freezing.async { [freezer] in
                continuation.resume(with: Result { try freezer.freeze(at: place) })
            }
        }
    }

    package func watchTraffic(
        _ container: Container, ignoring: [AddressBlock], _ body: @escaping @Sendable () -> Void
    ) -> TrafficWatch {
        do throws(TrafficWatcher.Refusal) {
            return .watching(try TrafficWatcher(container, ignoring: ignoring, proc: proc, body))
        } catch {
            return .refused(error.reason)
        }
    }

    package func unread(_ container: Container, ignoring: [AddressBlock]) -> [UnreadSocket] {
        guard container.sharedNetwork == nil else { return [] }
        let table = SocketTable(of: container.pid, proc: proc, files: ["tcp", "tcp6", "udp", "udp6"])
        let waiting = (table?.unread ?? []).filter { entry in
            !ignoring.contains { $0.contains(entry.endpoints.remote) }
        }
        return waiting.map {
            UnreadSocket(endpoints: "\($0.endpoints)", port: Int($0.endpoints.localPort), waiting: $0.waiting)
        }
    }

    package func unanswered(_ container: Container, within limit: Duration, ignoring: [AddressBlock]) -> [OpenRequest] {
        guard container.sharedNetwork == nil else { return [] }
        let requests = UnansweredRequests(pid: container.pid, proc: proc)
        return requests?.open(within: limit.milliseconds, ignoring: ignoring) ?? []
    }

    package func watch(_ place: String, _ body: @escaping @Sendable () -> Void) -> AnyObject? {
        watcher?.watch(freezer.stateFile(at: place), body)
    }

    package func memory(of container: Container) -> MemoryReading? {
        MemoryCgroup(of: container, proc: proc, cgroupRoot: cgroupRoot)?.reading
    }

    @concurrent package func reclaim(_ container: Container, share: Double, order: HaltFlag) async -> ReclaimOutcome {
        await reclaimer.reclaim(container, share: share, order: order)
    }

    @concurrent package func learn(_ container: Container) async {
        guard let cgroup = MemoryCgroup(of: container, proc: proc, cgroupRoot: cgroupRoot) else { return }
        await withCheckedContinuation { continuation in
            background.async { [self] in
                for pid in cgroup.processes {
                    guard let memory = ProcessMemory(pid, proc: proc) else { continue }
                    workingSets.notePresent(container.id, pid, memory.pages(.present))
                }
                continuation.resume()
            }
        }
    }

    /// On zram there is nothing to gain: a page comes back as fast as it can be asked for.
    package func prefetch(_ container: Container) {
        guard Swap.read(proc: proc).medium == .disk,
            let cgroup = MemoryCgroup(of: container, proc: proc, cgroupRoot: cgroupRoot)
        else { return }
        wakePath.async { [self] in
            for pid in cgroup.processes {
                let needed = workingSets.needed(container.id, pid)
                if !needed.isEmpty { _ = ProcessMemory(pid, proc: proc)?.advise(.willNeed, needed) }
            }
        }
    }

    package func keepKnowledge(of ids: Set<String>) { workingSets.keep(only: ids) }

    package func meter(_ container: Container, _ settings: Settings) -> (any ActivityMeter)? {
        ContainerMeter(container, settings, proc: proc, cgroupRoot: cgroupRoot)
    }

    package var majorFaultCost: Duration { Swap.read(proc: proc).majorFaultCost }

    package func memoryPressure() -> Double? { Pressure.average10(.memory, .some, proc: proc) }
}
