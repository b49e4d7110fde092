internal import SleepCore

/// The memory controller's files of one container, in either version.
struct MemoryCgroup {
    let path: String
    let isV2: Bool

    init?(of container: Container, proc: String, cgroupRoot: String) {
        guard let paths = CgroupPaths(of: container, proc: proc) else { return nil }
        if let v1 = paths.v1["memory"] {
            (path, isV2) = ("\(cgroupRoot)/memory\(v1)", false)
        } else if let v2 = paths.v2 {
            (path, isV2) = ("\(cgroupRoot)\(v2)", true)
        } else {
            return nil
        }
    }

    /// Resident is anonymous memory and page cache together: what would be free without the container.
    var reading: MemoryReading? {
        guard let text = readText("\(path)/memory.stat") else { return nil }
        let stat = Fields(text)
        if isV2 {
            let swapped = readText("\(path)/memory.swap.current").flatMap { Int($0.trimmed) }
            return MemoryReading(
                residentBytes: stat["anon"] + stat["file"], swappedBytes: swapped ?? 0, majorFaults: stat["pgmajfault"])
        }
        return MemoryReading(
            residentBytes: stat["total_rss"] + stat["total_cache"], swappedBytes: stat["total_swap"],
            majorFaults: stat["total_pgmajfault"])
    }

    /// Why the container's own limits keep its memory from being swapped; null: they don't.
    var swapHindrance: String? {
        if isV2, readText("\(path)/memory.swap.max")?.trimmed == "0" {
            return "its memory limit allows no swap (memory.swap.max is 0; docker run --memory-swap)"
        }
        if !isV2, readText("\(path)/memory.swappiness")?.trimmed == "0" {
            return "its memory.swappiness is 0 (docker run --memory-swappiness)"
        }
        return nil
    }

    /// The container's processes, those of its child cgroups among them.
    var processes: [Int32] { CgroupTree.processes(of: path) }
}

/// A file of lines `key value`; what isn't there counts as 0.
struct Fields {
    private var values: [Substring: Int] = [:]

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            if parts.count == 2, let value = Int(parts[1]) { values[parts[0]] = value }
        }
    }

    subscript(_ key: Substring) -> Int { values[key] ?? 0 }
}
