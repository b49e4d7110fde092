internal import SleepCore

/// The cgroups of a container, as the kernel names those of its init process (cgroups(7)): no guessing of
/// drivers and layouts, and right where paths move when a container restarts.
///
/// A container may make cgroups within its own and move its first process there, as systemd and Docker do. Its own
/// is the topmost that carries its id (`docker/ID`, `docker-ID.scope`, `cri-containerd-ID.scope`), and what is frozen,
/// counted and handed back there is all of it, in version 1 and 2 alike. A hierarchy in which none carries the id
/// holds the process together with others', and is not the container's.
struct CgroupPaths {
    private(set) var v1: [String: String] = [:]
    private(set) var v2: String?

    /// Null unless the process is in a cgroup of this container: PIDs are used again, and in a container
    /// of our own they mean other processes.
    init?(of container: Container, proc: String) {
        guard container.pid > 0, !container.id.isEmpty, let text = readText("\(proc)/\(container.pid)/cgroup") else {
            return nil
        }
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, let path = Self.own(parts[2], container.id) else { continue }
            if parts[0] == "0" {
                v2 = path
            } else {
                for controller in parts[1].split(separator: ",") { v1[String(controller)] = path }
            }
        }
        if v1.isEmpty && v2 == nil { return nil }
    }

    /// A path up to the first component that is the id, or ends with it after a prefix of the runtime's.
    private static func own(_ path: Substring, _ id: String) -> String? {
        var own = ""
        for component in path.split(separator: "/") {
            own += "/" + component
            let name = component.hasSuffix(".scope") ? component.dropLast(6) : component
            guard name.hasSuffix(id) else { continue }
            if let before = name.dropLast(id.count).last, before.isLetter || before.isNumber { continue }
            return own
        }
        return nil
    }
}
