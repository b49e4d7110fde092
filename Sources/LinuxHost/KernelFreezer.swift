internal import Libc
package import SleepCore

/// The kernel's freezer: whether a container is frozen, and, where the policy says so, freezing and thawing it
/// without telling Docker.
///
/// cgroup v2 has `cgroup.freeze` and says in `cgroup.events` when it is done (cgroup-v2, Core Interface
/// Files); under hybrid the container has a v2 cgroup beside its v1 ones, and that is used. Pure v1 has
/// `freezer.state`. Both freeze what lies below as well (Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst),
/// so the container's own cgroup is the place, whatever cgroups it makes within (see `CgroupPaths`).
package struct KernelFreezer: Sendable {
    private let proc: String
    private let cgroupRoot: String

    /// How long a freeze may take: every task must reach a point where it can stop.
    private static let freezeLimit = Duration.milliseconds(500)
    private static let pollMicroseconds: UInt32 = 200
    /// Processes that are asked for pending signals, so that a container full of them holds nothing up.
    private static let mostAsked = 1024

    package init(proc: String = "/proc", cgroupRoot: String = "/sys/fs/cgroup") {
        self.proc = proc
        self.cgroupRoot = cgroupRoot
    }

    // MARK: Asking

    /// Null where the kernel can't be asked.
    package func isFrozen(_ container: Container) -> Bool? {
        guard let paths = CgroupPaths(of: container, proc: proc) else { return nil }
        var word: Bool?
        if let path = paths.v1["freezer"], let state = readText("\(cgroupRoot)/freezer\(path)/freezer.state") {
            // FREEZING is on its way: not all tasks have stopped.
            switch state.trimmed {
            case "FROZEN": return true
            case "THAWED": word = false
            default: return nil
            }
        }
        // Under hybrid both exist, and either can hold the processes.
        for root in [cgroupRoot, "\(cgroupRoot)/unified"] {
            guard let path = paths.v2, let isFrozen = Self.isFrozen(v2: "\(root)\(path)") else { continue }
            if isFrozen { return true }
            word = false
        }
        return word
    }

    /// Where a container is frozen directly; null: this kernel offers nothing, or it has no process.
    package func place(of container: Container) -> String? {
        guard let paths = CgroupPaths(of: container, proc: proc) else { return nil }
        if let path = paths.v2 {
            for root in [cgroupRoot, "\(cgroupRoot)/unified"] where exists("\(root)\(path)/cgroup.freeze") {
                return "\(root)\(path)"
            }
        }
        guard let path = paths.v1["freezer"] else { return nil }
        let place = "\(cgroupRoot)/freezer\(path)"
        return exists("\(place)/freezer.state") ? place : nil
    }

    /// Where a container is frozen now, by Docker or directly.
    package func frozenPlace(of container: Container) -> String? {
        guard let paths = CgroupPaths(of: container, proc: proc) else { return nil }
        var places = paths.v1["freezer"].map { ["\(cgroupRoot)/freezer\($0)"] } ?? []
        if let path = paths.v2 { places += ["\(cgroupRoot)\(path)", "\(cgroupRoot)/unified\(path)"] }
        return places.first { isFrozen(at: $0) == true }
    }

    /// The file that changes with the state of a place. v1 reports no change of `freezer.state`, but Docker or an
    /// operator who thaws writes to it, and every write is reported (inotify(7)).
    func stateFile(at place: String) -> String {
        let events = "\(place)/cgroup.events"
        return exists(events) ? events : "\(place)/freezer.state"
    }

    /// Whether a place holds frozen processes; null: it is gone.
    package func isFrozen(at place: String) -> Bool? {
        if let isFrozen = Self.isFrozen(v2: place) { return isFrozen }
        return readText("\(place)/freezer.state").map { $0.trimmed != "THAWED" }
    }

    /// Whether a signal waits for one of the processes there: Docker or an operator wants it to end, and it can't.
    package func hasPendingSignals(at place: String) -> Bool {
        CgroupTree.processes(of: place, most: Self.mostAsked).contains { pid in
            (readText("\(proc)/\(pid)/status") ?? "").split(separator: "\n").contains { line in
                guard line.hasPrefix("SigPnd:") || line.hasPrefix("ShdPnd:") else { return false }
                return line.dropFirst(7).contains { $0 != "0" && !$0.isWhitespace }
            }
        }
    }

    private static func isFrozen(v2 place: String) -> Bool? {
        guard let events = readText("\(place)/cgroup.events") else { return nil }
        return events.split(separator: "\n").first { $0.hasPrefix("frozen ") }?.hasSuffix("1")
    }

    // MARK: Telling

    /// Freezes what is at a place and returns when every process has stopped. Blocks for about a millisecond.
    ///
    /// - Throws: `EngineFault.refused` where the kernel says no or a process doesn't stop in time; then it is
    ///   thawed again.
    package func freeze(at place: String) throws(EngineFault) {
        try write(place, frozen: true)
        let clock = SuspendingClock()
        let deadline = clock.now + Self.freezeLimit
        while isFrozenWhole(place) == false {
            guard clock.now < deadline else {
                try write(place, frozen: false)
                throw .refused(status: 0, message: "\(place): a process didn't stop within \(Self.freezeLimit)")
            }
            usleep(Self.pollMicroseconds)
        }
    }

    /// Lets what is at a place go on; it does when this returns. Takes microseconds.
    package func thaw(at place: String) throws(EngineFault) { try write(place, frozen: false) }

    private func isFrozenWhole(_ place: String) -> Bool? {
        if let isFrozen = Self.isFrozen(v2: place) { return isFrozen }
        return readText("\(place)/freezer.state").map { $0.trimmed == "FROZEN" }
    }

    private func write(_ place: String, frozen: Bool) throws(EngineFault) {
        let isV2 = exists("\(place)/cgroup.freeze")
        let file = isV2 ? "\(place)/cgroup.freeze" : "\(place)/freezer.state"
        let word = Array((isV2 ? frozen ? "1" : "0" : frozen ? "FROZEN" : "THAWED").utf8)
        let descriptor = open(file, O_WRONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, Libc.write(descriptor, word, word.count) == word.count else {
            throw .refused(status: 0, message: "\(file): \(String(cString: strerror(errno)))")
        }
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
