import Foundation
import LinuxHost
import SleepCore
import Testing

@Suite("the kernel's word, from files laid out as the kernel does")
struct KernelFreezerTests {
    private let root = NSTemporaryDirectory() + "svcd-host-\(UInt32.random(in: 0 ... .max))"
    private let id = String(repeating: "c", count: 64)

    private func write(_ path: String, _ text: String) throws {
        let full = root + path
        try FileManager.default.createDirectory(
            atPath: (full as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: full, atomically: true, encoding: .utf8)
    }

    private var freezer: KernelFreezer { KernelFreezer(proc: root + "/proc", cgroupRoot: root + "/cg") }
    private var container: Container { Container(id: id, name: "x", status: .running, pid: 42) }

    @Test("version 2: cgroup.events", arguments: [("1", true), ("0", false)])
    func version2(frozen: String, expected: Bool) throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        try write("/proc/42/cgroup", "0::/system.slice/docker-\(id).scope\n")
        try write("/cg/system.slice/docker-\(id).scope/cgroup.events", "populated 1\nfrozen \(frozen)\n")
        #expect(freezer.isFrozen(container) == expected)
    }

    @Test("version 1: freezer.state", arguments: [("FROZEN", true), ("THAWED", false), ("FREEZING", nil)])
    func version1(state: String, expected: Bool?) throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        try write("/proc/42/cgroup", "5:freezer:/docker/\(id)\n3:cpu,cpuacct:/docker/\(id)\n")
        try write("/cg/freezer/docker/\(id)/freezer.state", state + "\n")
        #expect(freezer.isFrozen(container) == expected)
    }

    @Test("hybrid: either may hold it")
    func hybrid() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        try write("/proc/42/cgroup", "5:freezer:/docker/\(id)\n0::/docker/\(id)\n")
        try write("/cg/freezer/docker/\(id)/freezer.state", "THAWED\n")
        try write("/cg/unified/docker/\(id)/cgroup.events", "populated 1\nfrozen 1\n")
        #expect(freezer.isFrozen(container) == true)
        try write("/cg/unified/docker/\(id)/cgroup.events", "populated 1\nfrozen 0\n")
        #expect(freezer.isFrozen(container) == false)
    }

    @Test("a process of another container, or none, tells nothing")
    func strangers() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        #expect(freezer.isFrozen(container) == nil)
        try write("/proc/42/cgroup", "0::/system.slice/docker-\(String(repeating: "d", count: 64)).scope\n")
        #expect(freezer.isFrozen(container) == nil)
        #expect(freezer.isFrozen(Container(id: id, name: "x", status: .running, pid: 0)) == nil)
    }
}
