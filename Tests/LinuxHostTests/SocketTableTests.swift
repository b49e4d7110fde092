import Foundation
import Libc
import SleepCore
import Testing

@testable import LinuxHost

@Suite("what the kernel's tables say")
struct SocketTableTests {
    private let tcp = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 00000000:0050 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
           1: 021FAC0A:0050 07000A0A:C350 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
           2: 021FAC0A:0050 07000A0A:C351 01 00000000:00000009 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
           3: 021FAC0A:9999 08000A0A:1538 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1
           4: 0100007F:0050 0100007F:C352 01 00000000:00000005 00:00000000 00000000     0        0 5 1 0 20 4 30 10 -1
        """

    @Test("inbound are those to ports that the container listens on, loopback apart")
    func inbound() {
        #expect(SocketTable(tcp).inboundPeers.map(\.description) == ["10.10.0.7", "10.10.0.7"])
    }

    @Test("bytes that no process has read wait, loopback apart; a listener by itself doesn't")
    func unread() {
        #expect(SocketTable(tcp).unread.map(\.waiting) == [9])
    }

    @Test("a connection that isn't accepted waits, with its bytes and under its client's address")
    func unaccepted() {
        let table = SocketTable(
            """
            sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
            0: 00000000:0050 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 71 1 0 100 0 0 10 0
            1: 021FAC0A:0050 07000A0A:C350 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
            2: 021FAC0A:0050 08000A0A:C351 01 00000000:00000009 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
            3: 021FAC0A:0050 09000A0A:C352 08 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
            4: 021FAC0A:0050 0A000A0A:C353 03 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
            5: 021FAC0A:0050 0B000A0A:C354 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
            6: 021FAC0A:0050 0C000A0A:C355 01 00000000:00000000 00:00000000 00000000     0        0 72 1 0 20 4 30 10 -1
            7: 0100007F:0050 0100007F:C356 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
            """)
        #expect(table.unread.map(\.endpoints.remote.description) == ["10.10.0.7", "10.10.0.8", "10.10.0.9"])
        #expect(table.unread.map(\.waiting) == [1, 10, 1])
    }

    @Test(
        "a row whose numbers don't fit is left out",
        arguments: [
            "021FAC0A:0050 07000A0A:C350 01 0:FFFFFFFFFFFFFFFF", "021FAC0A:0050 07000A0A:C350 01 0:7FFFFFFFFFFFFFFF",
            "021FAC0A:0050 07000A0A:C350 01 0:-9", "021FAC0A:0050 07000A0A:C350 01 0:",
            "021FAC0A:0050 07000A0A:C350 01",
            "021FAC0A:10050 07000A0A:C350 01 0:9", "021FAC0A:-1 07000A0A:C350 01 0:9",
            "021FAC0A:0050 07000A0A:C350 101 0:9", "021FAC0A:0050 07000A0A07000A0A:C350 01 0:9", ": : : :",
        ])
    func oddNumbers(row: String) {
        let table = SocketTable("sl\n0: \(row)\n1: 021FAC0A:0050 07000A0A:C350 01 0:FFFFFFFF\n")
        #expect(table.unread.map(\.waiting) == [0xFFFF_FFFF])
    }

    @Test("the kernel shows a connection that isn't accepted without an inode, and with one afterwards")
    func accept() throws {
        let listener = try LoopbackListener()
        let client = try listener.connect(sending: 5)
        defer { close(client) }
        #expect(try entry(listener).waiting == 6)
        let accepted = Libc.accept(listener.descriptor, nil, nil)
        try #require(accepted >= 0)
        defer { close(accepted) }
        #expect(try entry(listener).waiting == 5)
    }

    /// The connection's end at a listener of this process. Loopback is left out of `unread`, not of the table.
    private func entry(_ listener: LoopbackListener) throws -> SocketTable.Entry {
        let table = try #require(SocketTable(of: Int(getpid()), proc: "/proc", files: ["tcp"]))
        let entries = table.entries.filter { $0.endpoints.localPort == listener.port }
        #expect(entries.first { $0.state == .listening }?.waiting == 0)
        return try #require(entries.first { $0.state == .established })
    }

    @Test("IPv6, and IPv4 in IPv6 clothes")
    func version6() {
        let table = SocketTable(
            """
            sl
            0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 0 0 0
            1: B80D01200000000000000000010000A0:0050 B80D01200000000000000000020000A0:1000 01 0:0 0 0 0
            2: 0000000000000000FFFF0000021FAC0A:0050 0000000000000000FFFF000007000A0A:1000 01 0:0 0 0 0
            """)
        #expect(table.inboundPeers.map(\.description) == ["2001:db8::a000:2", "10.10.0.7"])
    }

    @Test("device counters: all but the loopback, both ways")
    func devices() {
        let text = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast\
            |bytes    packets errs drop fifo colls carrier compressed
                lo: 999 9 0 0 0 0 0 0 999 9 0 0 0 0 0 0
              eth0:100 2 0 0 0 0 0 0 40 1 0 0 0 0 0 0
              eth1: 1000 20 0 0 0 0 0 0 400 10 0 0 0 0 0 0
            """
        let sum = NetworkSensor.sum(devices: Array(text.utf8)[...])
        #expect(sum.bytes == 1540 && sum.packets == 33)
    }

    @Test("CPU time of either version")
    func cpu() {
        #expect(CPUSensor.time(Array("1500000\n".utf8)[...], isV2: false) == .microseconds(1500))
        #expect(
            CPUSensor.time(Array("usage_usec 77\nuser_usec 5\n".utf8)[...], isV2: true) == .microseconds(77))
    }

    @Test(
        "address blocks",
        arguments: [
            ("10.0.0.7", "10.0.0.7", true), ("10.0.0.0/8", "10.200.1.1", true), ("10.0.0.0/8", "11.0.0.1", false),
            ("172.30.49.0/25", "172.30.49.128", false), ("fd00::/8", "fd12::1", true), ("fd00::/8", "fe80::1", false),
            ("10.0.0.0/8", "::1", false),
        ])
    func blocks(block: String, address: String, isIn: Bool) throws {
        #expect(try #require(AddressBlock(block)).contains(try #require(IPAddress(address))) == isIn)
    }

    @Test("the medium that the kernel fills first counts")
    func swap() {
        let head = "Filename\tType\tSize\tUsed\tPriority\n"
        #expect(Swap(head).medium == .none)
        #expect(Swap(head + "/dev/zram0 partition 1000 100 100\n/swap file 1000 0 -2\n").medium == .zram)
        let disk = Swap(head + "/dev/zram0 partition 1000 100 1\n/swap file 1000 0 20\n")
        #expect(disk.medium == .disk && disk.freeBytes == 1900 * 1024)
    }

    @Test("what wakes have needed is learned, and forgotten after a few")
    func workingSets() {
        func range(_ start: UInt, _ end: UInt) -> AddressRange { AddressRange(start: start << 20, end: end << 20) }
        let sets = WorkingSets()
        sets.noteSwapped("c", 1, [range(0, 100)])
        sets.notePresent("c", 1, [range(10, 20), range(200, 300)])
        #expect(sets.needed("c", 1) == [range(10, 20)])
        for _ in 0..<3 {
            sets.noteSwapped("c", 1, [range(0, 10)])
            sets.notePresent("c", 1, [range(1, 2)])
        }
        #expect(sets.needed("c", 1) == [range(1, 2), range(10, 20)])
        sets.noteSwapped("c", 1, [range(0, 10)])
        sets.notePresent("c", 1, [range(1, 2)])
        #expect(sets.needed("c", 1) == [range(1, 2)])
        sets.keep(only: [])
        #expect(sets.needed("c", 1).isEmpty)
        #expect([AddressRange].subtracting([range(10, 20), range(30, 40)], from: range(15, 35)) == [range(20, 30)])
    }
}
