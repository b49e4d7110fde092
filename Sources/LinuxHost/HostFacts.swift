internal import Libc

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
