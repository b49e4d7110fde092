package import SleepCore

/// Asks the kernel whether a container is frozen.
///
/// Only reads. The cgroup is found through the PID of the container's init (`/proc/PID/cgroup`, see
/// cgroups(7)), so systemd and cgroupfs layouts need no guessing. Everything here takes microseconds.
package struct KernelFreezer: FreezerProbe {
    private let proc: String
    private let cgroupRoot: String

    package init(proc: String = "/proc", cgroupRoot: String = "/sys/fs/cgroup") {
        self.proc = proc
        self.cgroupRoot = cgroupRoot
    }

    package func isFrozen(_ container: Container) -> Bool? {
        guard let paths = paths(of: container) else { return nil }
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

    private struct Paths {
        var v1: [String: String] = [:]
        var v2: String?
    }

    /// Null unless the process is in a cgroup of this container: PIDs are used again, and in a container
    /// of our own they mean other processes.
    private func paths(of container: Container) -> Paths? {
        guard container.pid > 0, let text = readText("\(proc)/\(container.pid)/cgroup"), text.contains(container.id)
        else { return nil }
        var paths = Paths()
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[0] == "0" {
                paths.v2 = String(parts[2])
            } else {
                for controller in parts[1].split(separator: ",") { paths.v1[String(controller)] = String(parts[2]) }
            }
        }
        return paths
    }
}
