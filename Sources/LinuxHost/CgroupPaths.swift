internal import SleepCore

/// The cgroups of a container's init process, as the kernel names them (cgroups(7)): no guessing of
/// drivers and layouts, and right where paths move when a container restarts.
struct CgroupPaths {
    private(set) var v1: [String: String] = [:]
    private(set) var v2: String?

    /// Null unless the process is in a cgroup of this container: PIDs are used again, and in a container
    /// of our own they mean other processes.
    init?(of container: Container, proc: String) {
        guard container.pid > 0, let text = readText("\(proc)/\(container.pid)/cgroup"), text.contains(container.id)
        else { return nil }
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[0] == "0" {
                v2 = String(parts[2])
            } else {
                for controller in parts[1].split(separator: ",") { v1[String(controller)] = String(parts[2]) }
            }
        }
    }
}
