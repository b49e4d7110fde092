import Foundation
import SleepCore
import Testing

@testable import LinuxHost

@Suite("which cgroups are a container's, from files laid out as the kernel does")
struct CgroupPathsTests {
    private let tree = PlantedTree()
    private let id = String(repeating: "c", count: 64)
    private let other = String(repeating: "d", count: 64)
    private var container: Container { Container(id: id, name: "x", status: .running, pid: 42) }
    private var freezer: KernelFreezer { KernelFreezer(proc: tree.root + "/proc", cgroupRoot: tree.root + "/cg") }
    private var memory: MemoryCgroup? {
        MemoryCgroup(of: container, proc: tree.root + "/proc", cgroupRoot: tree.root + "/cg")
    }

    private func v2(_ path: String) throws -> String? {
        try tree.write("/proc/42/cgroup", "0::\(path)\n")
        return CgroupPaths(of: container, proc: tree.root + "/proc")?.v2
    }

    @Test(
        "it is the one that carries the id, whatever lies below it and whichever runtime made it",
        arguments: [
            "/docker/ID", "/system.slice/docker-ID.scope",
            "/kubepods.slice/kubepods-pod1.slice/cri-containerd-ID.scope",
            "/machine.slice/libpod-ID.scope", "/system.slice/kubepods-burstable-pod1.slice:cri-containerd:ID",
            "/kubepods/burstable/pod1/ID", "/svcd-tests/inner/ID",
        ])
    func carriesTheID(pattern: String) throws {
        let own = pattern.replacingOccurrences(of: "ID", with: id)
        #expect(try v2(own) == own)
        for below in ["/init", "/init.scope", "/docker/\(other)", "/container", "/\(id)/again", "/a:b/c d"] {
            #expect(try v2(own + below) == own)
        }
    }

    @Test("a cgroup without the id is not the container's, though others of its hierarchies carry it")
    func strangers() throws {
        #expect(try v2("/docker/\(other)") == nil)
        #expect(try v2("/docker/a\(id)") == nil)
        try tree.write(
            "/proc/42/cgroup",
            "5:freezer:/docker/\(id)/init\n4:memory:/\n3:cpu,cpuacct:/docker/\(id)/init\n2:cpuset:/else\n"
                + "0::/system.slice/docker.service\n")
        let paths = try #require(CgroupPaths(of: container, proc: tree.root + "/proc"))
        #expect(paths.v1 == ["freezer": "/docker/\(id)", "cpu": "/docker/\(id)", "cpuacct": "/docker/\(id)"])
        #expect(paths.v2 == nil)
        #expect(memory == nil)
        #expect(CgroupPaths(of: Container(id: "", name: "x", status: .running, pid: 42), proc: tree.root) == nil)
    }

    @Test("what is frozen is the whole container, not the child in which its first process sits")
    func frozenWhole() throws {
        try tree.write("/proc/42/cgroup", "0::/docker/\(id)/init\n")
        try tree.write("/cg/docker/\(id)/cgroup.freeze", "0\n")
        try tree.write("/cg/docker/\(id)/cgroup.events", "populated 1\nfrozen 0\n")
        try tree.write("/cg/docker/\(id)/init/cgroup.freeze", "1\n")
        try tree.write("/cg/docker/\(id)/init/cgroup.events", "populated 1\nfrozen 1\n")
        #expect(freezer.place(of: container) == tree.root + "/cg/docker/\(id)")
        #expect(freezer.isFrozen(container) == false)
        #expect(freezer.frozenPlace(of: container) == nil)
    }

    @Test("version 1 freezes from the top as well")
    func version1() throws {
        try tree.write("/proc/42/cgroup", "5:freezer:/docker/\(id)/init\n")
        try tree.write("/cg/freezer/docker/\(id)/freezer.state", "FROZEN\n")
        try tree.write("/cg/freezer/docker/\(id)/init/freezer.state", "THAWED\n")
        #expect(freezer.place(of: container) == tree.root + "/cg/freezer/docker/\(id)")
        #expect(freezer.isFrozen(container) == true)
    }

    @Test("memory is all of its processes', those of its child cgroups among them")
    func processes() throws {
        try tree.write("/proc/42/cgroup", "4:memory:/docker/\(id)/init\n")
        try tree.write("/cg/memory/docker/\(id)/cgroup.procs", "7\n8\n")
        try tree.write("/cg/memory/docker/\(id)/init/cgroup.procs", "42\n")
        try tree.write("/cg/memory/docker/\(id)/docker/\(other)/cgroup.procs", "99\n")
        try tree.write("/cg/memory/docker/\(other)/cgroup.procs", "1\n")
        #expect(memory?.processes.sorted() == [7, 8, 42, 99])
    }

    @Test("a signal that waits for a process of a child cgroup is seen")
    func pendingSignals() throws {
        let place = tree.root + "/cg/docker/\(id)"
        try tree.write("/cg/docker/\(id)/cgroup.procs", "7\n")
        try tree.write("/cg/docker/\(id)/init/cgroup.procs", "42\n")
        try tree.write("/proc/7/status", "Name:\tx\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n")
        try tree.write("/proc/42/status", "Name:\tx\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n")
        #expect(!freezer.hasPendingSignals(at: place))
        try tree.write("/proc/42/status", "Name:\tx\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000004000\n")
        #expect(freezer.hasPendingSignals(at: place))
    }

    @Test("however many cgroups a container makes, the walk ends")
    func bounded() throws {
        let place = tree.root + "/cg/docker/\(id)"
        for number in 1...(CgroupTree.mostCgroups + 10) {
            try tree.write("/cg/docker/\(id)/\(number)/cgroup.procs", "\(number)\n")
        }
        #expect(CgroupTree.processes(of: place, most: .max).count == CgroupTree.mostCgroups - 1)
        #expect(CgroupTree.processes(of: place, most: 100).count == 100)
    }
}
