package import SleepCore

/// Asks the kernel whether a container is frozen.
///
/// Only reads. The cgroup is found through the PID of the container's init (`/proc/PID/cgroup`, see
/// cgroups(7)), so systemd and cgroupfs layouts need no guessing. Everything here takes microseconds.
package struct KernelFreezer: Sendable {
    private let proc: String
    private let cgroupRoot: String

    package init(proc: String = "/proc", cgroupRoot: String = "/sys/fs/cgroup") {
        self.proc = proc
        self.cgroupRoot = cgroupRoot
    }

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
        for root in [cgroupRoot, "\(cgroupRoot)/unified"] {
            guard let path = paths.v2, path != "/",
                let events = readText("\(root)\(path)/cgroup.events")
            else { continue }
            // Under hybrid both exist, and either can hold the processes.
            for line in events.split(separator: "\n") where line.hasPrefix("frozen ") {
                if line.hasSuffix("1") { return true }
                word = false
            }
        }
        return word
    }
}
