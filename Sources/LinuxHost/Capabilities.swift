/// What a process may do beyond its files (capabilities(7)).
package struct Capabilities: Sendable {
    package struct Use: Sendable {
        package var capability: Int
        package var name: String
        package var use: String
    }

    /// Those that svcd has a use for on such a host. cgroup v2 hands memory back without one.
    package static func useful(with cgroups: HostFacts.Cgroups) -> [Use] {
        let always = [
            Use(capability: 13, name: "CAP_NET_RAW", use: "wake_on: traffic"),
            Use(capability: 19, name: "CAP_SYS_PTRACE", use: "finding containers' networks: traffic, ignore_sources"),
            Use(capability: 21, name: "CAP_SYS_ADMIN", use: "ignore_sources, seeing requests without an answer"),
        ]
        let pageByPage = Use(capability: 23, name: "CAP_SYS_NICE", use: "handing memory back page by page")
        return cgroups == .v2 ? always : always + [pageByPage]
    }

    private var bits: UInt64

    /// This process's; none where the kernel doesn't tell.
    package static func effective() -> Capabilities {
        let line = (readText("/proc/self/status") ?? "").split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        return Capabilities(bits: line.flatMap { UInt64($0.dropFirst(7).drop { $0.isWhitespace }, radix: 16) } ?? 0)
    }

    package func contains(_ capability: Int) -> Bool { bits & (1 << UInt64(capability)) != 0 }
}
