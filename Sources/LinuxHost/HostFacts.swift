internal import Libc

/// Makes the allocator give back what svcd needs for a moment only, as for a long listing. Before any thread begins.
package func keepHeapSmall() { _ = linux_keep_heap_small() }

/// What the kernel tells about this host, read when asked.
package struct HostFacts: Sendable {
    package enum Cgroups: String, Sendable { case v1, v2, hybrid, none }

    package var bootID: String
    package var cgroups: Cgroups
    package var hasFreezer: Bool
    /// Kernel release, as `uname -r` prints it.
    package var kernel: String
    package var swapTotalBytes: Int
    package var swapFreeBytes: Int
    package var hasZram: Bool
    package var hasPressure: Bool

    package static func read() -> HostFacts {
        let swaps = readText("/proc/swaps") ?? ""
        let memory = readText("/proc/meminfo") ?? ""
        func kilobytes(_ key: String) -> Int {
            let line = memory.split(separator: "\n").first { $0.hasPrefix(key + ":") }
            return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
        }
        let isPureV2 = exists("/sys/fs/cgroup/cgroup.controllers")
        let hasV1 = exists("/sys/fs/cgroup/memory") || exists("/sys/fs/cgroup/freezer")
        let isHybrid = exists("/sys/fs/cgroup/unified/cgroup.procs")
        return HostFacts(
            bootID: readText("/proc/sys/kernel/random/boot_id")?.trimmed ?? "unknown",
            cgroups: isPureV2 ? .v2 : isHybrid ? .hybrid : hasV1 ? .v1 : .none,
            hasFreezer: isPureV2 || isHybrid || exists("/sys/fs/cgroup/freezer"),
            kernel: readText("/proc/sys/kernel/osrelease")?.trimmed ?? "unknown",
            swapTotalBytes: kilobytes("SwapTotal") * 1024, swapFreeBytes: kilobytes("SwapFree") * 1024,
            hasZram: swaps.contains("/zram"), hasPressure: exists("/proc/pressure/memory"))
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

/// The whole of a small file of `/proc` or `/sys`; null if it can't be read or is longer than `most` bytes.
func readText(_ path: String, most: Int = 1 << 20) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0 { return nil }
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<count]
        if bytes.count > most { return nil }
    }
}

extension String {
    /// Without white space at its ends.
    var trimmed: String {
        var view = self[...]
        while view.first?.isWhitespace == true { view.removeFirst() }
        while view.last?.isWhitespace == true { view.removeLast() }
        return String(view)
    }
}
