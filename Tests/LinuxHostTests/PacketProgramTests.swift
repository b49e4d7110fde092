import Foundation
import Libc
import SleepCore
import Testing

@testable import LinuxHost

@Suite("what packets do")
struct PacketProgramTests {
    private static let (syn, reset, finish, ack): (UInt8, UInt8, UInt8, UInt8) = (0x02, 0x04, 0x01, 0x10)
    private let sleeper = "10.0.0.2"
    private let monitor = "10.9.9.9"
    private let caller = "10.0.0.7"

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    /// An IPv4 packet.
    private func version4(
        from source: String, to target: String, protocol number: UInt8, fragment: UInt16 = 0, options: Int = 0,
        _ payload: [UInt8]
    ) throws -> PacketMachine.Packet {
        let length = UInt16(20 + options + payload.count)
        var bytes: [UInt8] = [0x45 + UInt8(options / 4), 0, UInt8(length >> 8), UInt8(length & 255), 0, 0]
        bytes += [UInt8(fragment >> 8), UInt8(fragment & 255), 64, number, 0, 0]
        bytes += try address(source).bytes + address(target).bytes + [UInt8](repeating: 1, count: options) + payload
        return PacketMachine.Packet(bytes: bytes)
    }

    private func version6(
        from source: String, to target: String, protocol number: UInt8, _ payload: [UInt8]
    ) throws -> PacketMachine.Packet {
        var bytes: [UInt8] = [0x60, 0, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 255), number, 64]
        bytes += try address(source).bytes + address(target).bytes + payload
        return PacketMachine.Packet(bytes: bytes, family: ETH_P_IPV6)
    }

    /// A TCP segment with so many bytes of options and of data.
    private func segment(_ flags: UInt8, options: Int = 0, data: Int = 0) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 20 + options + data)
        bytes[12] = UInt8((20 + options) / 4) << 4
        bytes[13] = flags
        return bytes
    }

    private func wakes(_ packet: PacketMachine.Packet) throws -> Bool {
        let addresses = [try address("10.0.0.1"), try address(sleeper), try address("fd00::2")]
        let ignored = try [monitor, "192.168.0.0/16", "fd99::/16"].map { try #require(AddressBlock($0)) }
        return try PacketMachine.passes(PacketProgram.wake(addresses, ignoring: ignored), packet)
    }

    @Test(
        "a new connection and data on an old one wake; bare ACKs, FIN and RST don't",
        arguments: [
            (syn, 0, true), (ack, 1, true), (ack | finish, 1, true), (ack, 0, false), (finish | ack, 0, false),
            (reset, 0, false), (reset | ack, 5, false),
        ], [0, 12])
    func segments(kind: (flags: UInt8, data: Int, wakes: Bool), options: Int) throws {
        let segment = segment(kind.flags, options: options, data: kind.data)
        #expect(try wakes(version4(from: caller, to: sleeper, protocol: 6, segment)) == kind.wakes)
        #expect(try wakes(version4(from: caller, to: sleeper, protocol: 6, options: 8, segment)) == kind.wakes)
        #expect(try wakes(version6(from: "fd00::7", to: "fd00::2", protocol: 6, segment)) == kind.wakes)
    }

    @Test("UDP wakes; ICMP, later fragments and other families don't")
    func others() throws {
        let datagram = [UInt8](repeating: 0, count: 8)
        #expect(try wakes(version4(from: caller, to: sleeper, protocol: 17, datagram)))
        #expect(try wakes(version6(from: "fd00::7", to: "fd00::2", protocol: 17, datagram)))
        #expect(try !wakes(version4(from: caller, to: sleeper, protocol: 1, datagram)))
        #expect(try !wakes(version6(from: "fd00::7", to: "fd00::2", protocol: 58, datagram)))
        #expect(try !wakes(version4(from: caller, to: sleeper, protocol: 17, fragment: 185, datagram)))
        // "Don't fragment" and "more fragments" are flags, not a place.
        #expect(try wakes(version4(from: caller, to: sleeper, protocol: 17, fragment: 0x6000, datagram)))
        var arp = try version4(from: caller, to: sleeper, protocol: 17, datagram)
        arp.family = ETH_P_ARP
        #expect(try !wakes(arp))
    }

    @Test("only what goes out to one of the addresses, from no ignored source")
    func addresses() throws {
        func syn(_ source: String, _ target: String) throws -> PacketMachine.Packet {
            let isOld = target.contains(".")
            return isOld
                ? try version4(from: source, to: target, protocol: 6, segment(Self.syn))
                : try version6(from: source, to: target, protocol: 6, segment(Self.syn))
        }
        #expect(try wakes(syn(caller, "10.0.0.1")) && wakes(syn("fd00::7", "fd00::2")))
        #expect(try !wakes(syn(caller, "10.0.0.3")) && !wakes(syn("fd00::7", "fd00::3")))
        #expect(try !wakes(syn("fd00::7", "fd01::2")), "the last word alone is not enough")
        #expect(try !wakes(syn(monitor, sleeper)) && !wakes(syn("192.168.3.4", sleeper)))
        #expect(try !wakes(syn("fd99:1::1", "fd00::2")) && wakes(syn("fd9a::1", "fd00::2")))
        for kind in [PACKET_HOST, PACKET_BROADCAST, PACKET_OTHERHOST] {
            var packet = try syn(caller, sleeper)
            packet.kind = kind
            #expect(try !wakes(packet))
        }
    }

    @Test("a packet that is cut off wakes nothing", arguments: 0..<40)
    func cutOff(length: Int) throws {
        var packet = try version4(from: caller, to: sleeper, protocol: 6, segment(Self.ack, data: 5))
        packet.bytes = Array(packet.bytes[..<length])
        // From byte 33 on, the header's end is known, and the length stands in the header.
        #expect(try wakes(packet) == (length > 33))
    }

    @Test("use is what neither comes from nor goes to an ignored address, loopback and broadcast apart")
    func use() throws {
        let ignored = try [monitor, "fd99::/16"].map { try #require(AddressBlock($0)) }
        func counts(_ packet: PacketMachine.Packet, kind: CInt = PACKET_HOST, device: Int = 2) throws -> Bool {
            var packet = packet
            (packet.kind, packet.device) = (kind, device)
            return try PacketMachine.passes(PacketProgram.use(ignoring: ignored), packet)
        }
        let plain = try version4(from: caller, to: sleeper, protocol: 6, segment(Self.ack))
        #expect(try counts(plain) && counts(plain, kind: PACKET_OUTGOING))
        for kind in [PACKET_BROADCAST, PACKET_MULTICAST, PACKET_LOOPBACK] { #expect(try !counts(plain, kind: kind)) }
        #expect(try !counts(plain, device: 1))
        #expect(try !counts(version4(from: monitor, to: sleeper, protocol: 6, [])))
        #expect(try !counts(version4(from: sleeper, to: monitor, protocol: 17, [])))
        #expect(try !counts(version6(from: "fd00::2", to: "fd99::1", protocol: 17, [])))
        #expect(try counts(version6(from: "fd00::2", to: "fd00::7", protocol: 17, [])))
    }

    @Test("the kernel takes the programs, also for several addresses and blocks", arguments: [0, 1, 10])
    func kernel(count: Int) throws {
        let addresses = try (0..<count).flatMap { try [address("10.0.1.\($0)"), address("fd00::\($0)")] }
        let blocks = try (0..<count).flatMap { number in
            try ["10.\(number).0.0/16", "fd\(number)::/16"].map { try #require(AddressBlock($0)) }
        }
        for program in [PacketProgram.wake(addresses, ignoring: blocks), PacketProgram.use(ignoring: blocks)] {
            let descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
            defer { close(descriptor) }
            var code = program
            let result = code.withUnsafeMutableBufferPointer { buffer in
                var filter = sock_fprog(len: UInt16(buffer.count), filter: buffer.baseAddress)
                let size = socklen_t(MemoryLayout<sock_fprog>.size)
                return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, size)
            }
            #expect(result == 0, "\(program.count) instructions: \(String(cString: strerror(errno)))")
        }
    }
}
