/// What a process may do beyond its files (capabilities(7)).
package struct Capabilities: Sendable {
    package struct Use: Sendable {
        package var capability: Int
        package var name: String
        package var use: String
    }

    /// Those that svcd has a use for.
    package static let useful = [
        Use(capability: 13, name: "CAP_NET_RAW", use: "ignore_sources"),
        Use(capability: 19, name: "CAP_SYS_PTRACE", use: "handing memory back page by page, prefetch"),
        Use(capability: 21, name: "CAP_SYS_ADMIN", use: "ignore_sources, cgroup files"),
        Use(capability: 23, name: "CAP_SYS_NICE", use: "handing memory back page by page, prefetch"),
    ]

    private var bits: UInt64

    /// This process's; none where the kernel doesn't tell.
    package static func effective() -> Capabilities {
        let line = (readText("/proc/self/status") ?? "").split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        return Capabilities(bits: line.flatMap { UInt64($0.dropFirst(7).drop { $0.isWhitespace }, radix: 16) } ?? 0)
    }

    package func contains(_ capability: Int) -> Bool { bits & (1 << UInt64(capability)) != 0 }
}
