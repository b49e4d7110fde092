import Foundation
import SleepCore
import Testing

@testable import LinuxHost

/// A container of a planted kernel, whose counters the tests turn.
@Suite("what a meter says of its counters")
struct ContainerMeterTests {
    private static let id = String(repeating: "f", count: 64)
    private let tree = PlantedTree()
    private let start = SuspendingClock().now

    private func plant(network: Int, packets: Int = 0, cpuMicroseconds: Int) throws {
        try tree.write("/proc/7/cgroup", "0::/docker/\(Self.id)\n")
        try tree.write(
            "/proc/7/net/dev",
            "head\nhead\n lo: 9 9 0 0 0 0 0 0 9 9 0\n eth0: \(network) \(packets) 0 0 0 0 0 0 0 0 0\n")
        try tree.write("/sys/docker/\(Self.id)/cpu.stat", "usage_usec \(cpuMicroseconds)\nuser_usec 0\n")
    }

    private func meter(_ activity: Set<ActivitySignal>, network: String = "bridge") throws -> any ActivityMeter {
        var container = Container(id: Self.id, name: "github", status: .running, pid: 7)
        var details = Container.Details()
        details.network = network
        container.details = details
        var settings = Settings()
        settings.activity = activity
        let host = KernelHost(proc: tree.root + "/proc", cgroupRoot: tree.root + "/sys")
        return try #require(host.meter(container, settings))
    }

    /// The same file, so that a meter that holds it open sees the change.
    private func rewrite(_ path: String, _ text: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: tree.root + path))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    private func setNetwork(_ bytes: Int) throws {
        try rewrite("/proc/7/net/dev", "head\nhead\n eth0: \(bytes) 5 0 0 0 0 0 0 0 0 0\n")
    }

    @Test("traffic is use from the second reading on, and named with its rate")
    func traffic() throws {
        try plant(network: 1000, cpuMicroseconds: 0)
        let meter = try meter([.network])
        #expect(meter.read(now: start) == ActivityReading())
        try setNetwork(1000 + 30 * 1024)
        let use = ActivityReading(use: "3 KiB/s of traffic", networkBytes: 30 * 1024)
        #expect(meter.read(now: start + .seconds(10)) == use)
        try setNetwork(1000 + 30 * 1024 + 100)
        #expect(meter.read(now: start + .seconds(20)) == ActivityReading(networkBytes: 100))
        try setNetwork(1000 + 30 * 1024 + 100 + (50 << 20))
        #expect(meter.read(now: start + .seconds(30)).use == "5 MiB/s of traffic")
    }

    @Test("CPU time is use above the floor, averaged")
    func cpu() throws {
        try plant(network: 0, cpuMicroseconds: 0)
        let meter = try meter([.cpu])
        #expect(meter.read(now: start) == ActivityReading())
        try rewrite("/sys/docker/\(Self.id)/cpu.stat", "usage_usec 5000000\n")
        #expect(meter.read(now: start + .seconds(10)).use == "50 % of a core")
        #expect(meter.read(now: start + .seconds(30)).use == nil)
    }

    @Test("connections from outside are use, and the client with the most is named")
    func connections() throws {
        try plant(network: 0, cpuMicroseconds: 0)
        let row = "00000000:00000000 00:00000000 00000000 0 0 9"
        try tree.write(
            "/proc/7/net/tcp",
            """
            sl
            0: 00000000:0050 00000000:0000 0A \(row)
            1: 021FAC0A:0050 07000A0A:C350 01 \(row)
            2: 021FAC0A:0050 07000A0A:C351 01 \(row)
            3: 021FAC0A:0050 08000A0A:C352 01 \(row)
            """)
        let meter = try meter([.network, .cpu, .connections])
        #expect(meter.read(now: start) == ActivityReading(use: "2 connections from 10.10.0.7 and 1 more"))
        // What moves is said before what only stands.
        try setNetwork(10 << 20)
        #expect(meter.read(now: start + .seconds(10)).use == "1 MiB/s of traffic")
    }

    @Test("what can't be read is said, once", arguments: ["host", "container:\(id)"])
    func unreadable(network: String) throws {
        try plant(network: 0, cpuMicroseconds: 0)
        let meter = try meter([.network, .connections], network: network)
        #expect(
            meter.read(now: start).unreadable
                == "it has no network of its own (\(network)), so its traffic can't be told from others'")
    }

    @Test("files that aren't there are each named")
    func missing() throws {
        try tree.write("/proc/7/cgroup", "0::/docker/\(Self.id)\n")
        let dev = tree.root + "/proc/7/net/dev"
        #expect(
            try meter([.network, .cpu]).read(now: start)
                == ActivityReading(unreadable: "\(dev) can't be read; its CPU time can't be read"))
        #expect(
            try meter([.connections]).read(now: start)
                == ActivityReading(unreadable: "its connections can't be read"))
        #expect(try meter([.hook]).read(now: start) == ActivityReading())
    }

    @Test("counters that are gone are said, the first of them")
    func gone() throws {
        try plant(network: 0, cpuMicroseconds: 0)
        let meter = try meter([.network, .cpu])
        try rewrite("/proc/7/net/dev", "")
        try rewrite("/sys/docker/\(Self.id)/cpu.stat", "")
        #expect(meter.read(now: start).unreadable == "its network counters are gone")
    }

    @Test("numbers beyond any counter end nothing")
    func oddNumbers() throws {
        try plant(network: 0, cpuMicroseconds: 0)
        let meter = try meter([.network, .cpu])
        _ = meter.read(now: start)
        let most = Int.max
        try rewrite("/proc/7/net/dev", "eth0: \(most) \(most) 0 0 0 0 0 0 \(most) \(most) 0 0\n")
        try rewrite("/sys/docker/\(Self.id)/cpu.stat", "usage_usec \(most)\n")
        #expect(meter.read(now: start + .nanoseconds(1)).use != nil)
        try rewrite("/proc/7/net/dev", "eth0: 99999999999999999999999 5 0 0 0 0 0 0 18446744073709551615 5\n")
        _ = meter.read(now: start + .seconds(10))
    }

    @Test("every signal but the hook has one sensor")
    func table() {
        let signals = ContainerMeter.table.map(\.key)
        #expect(signals.count == ActivitySignal.allCases.count - 1)
        #expect(Set(signals) == Set(ActivitySignal.allCases).subtracting([.hook]))
    }
}
