internal import Libc

/// A cgroup with all that lie below it.
enum CgroupTree {
    /// A container can make as many as it likes; those beyond are left out.
    static let mostCgroups = 1024
    /// More processes than a container has that any host could hold in memory; those beyond are left out.
    static let mostProcesses = 1 << 16

    /// The PIDs of `place` and of all below it, those of the upper cgroups first.
    static func processes(of place: String, most: Int = mostProcesses) -> [Int32] {
        var found: [Int32] = []
        var places = [place]
        var next = 0
        while next < places.count, found.count < most {
            let procs = readText("\(places[next])/cgroup.procs") ?? ""
            found += procs.split(separator: "\n").compactMap { Int32($0) }.prefix(most - found.count)
            places += children(of: places[next], most: mostCgroups - places.count)
            next += 1
        }
        return found
    }

    private static func children(of place: String, most: Int) -> [String] {
        guard most > 0, let directory = opendir(place) else { return [] }
        defer { closedir(directory) }
        var children: [String] = []
        while children.count < most, let entry = readdir(directory) {
            guard Int(entry.pointee.d_type) == DT_DIR else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { children.append("\(place)/\(name)") }
        }
        return children
    }
}
