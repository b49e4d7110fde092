import Testing

@testable import LinuxHost

@Suite("capabilities")
struct CapabilitiesTests {
    @Test("cgroup v1 has a use for one more: handing memory back page by page")
    func useful() {
        let (first, second) = (Capabilities.useful(with: .v1).map(\.name), Capabilities.useful(with: .v2).map(\.name))
        #expect(Set(first).subtracting(second) == ["CAP_SYS_NICE"] && Set(second).isSubset(of: first))
        #expect(second.contains("CAP_NET_RAW"))
    }

    @Test("names and numbers are the kernel's, each with what it is for")
    func numbers() {
        // include/uapi/linux/capability.h
        let kernel = [
            "CAP_DAC_OVERRIDE": 1, "CAP_DAC_READ_SEARCH": 2, "CAP_KILL": 5, "CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13,
            "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_SYS_NICE": 23, "CAP_SYS_RESOURCE": 24,
        ]
        for use in Capabilities.useful(with: .v1) {
            #expect(kernel[use.name] == use.capability, "\(use.name)")
            #expect(!use.use.isEmpty)
        }
    }

    @Test("this process has those that the kernel says it has")
    func own() throws {
        let status = try #require(readText("/proc/self/status"))
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("CapEff:") })
        let bits = try #require(UInt64(line.split(separator: "\t")[1], radix: 16))
        let own = Capabilities.effective()
        for capability in 0..<64 { #expect(own.contains(capability) == (bits >> UInt64(capability) & 1 == 1)) }
    }
}
