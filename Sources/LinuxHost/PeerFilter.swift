internal import CLinux
internal import Dispatch

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Musl
#endif

/// Counts the packets of a network namespace whose peer is not to be ignored.
///
/// Device counters know no sources. A packet socket in the namespace does (packet(7)): its filter lets by
/// what neither comes from nor goes to an ignored address, and the kernel counts what the filter lets by,
/// whether or not anybody reads it. Nobody does.
final class PeerFilter: Sendable {
    private let descriptor: CInt

    private static let queue = DispatchQueue(label: "svcd.namespaces")
    private static let networkNamespace: CInt = 0x4000_0000  // CLONE_NEWNET, sched.h

    /// Null: no such namespace, or no permission (CAP_SYS_ADMIN for setns, CAP_NET_RAW).
    init?(pid: Int, ignoring blocks: [AddressBlock], proc: String) {
        let opened = Self.queue.sync { Self.open(pid: pid, proc: proc) }
        guard opened >= 0 else { return nil }
        descriptor = opened
        var program = Self.program(ignoring: blocks)
        let isFiltered = program.withUnsafeMutableBufferPointer { instructions in
            var filter = sock_fprog(len: UInt16(instructions.count), filter: instructions.baseAddress)
            return setsockopt(opened, SOL_SOCKET, SO_ATTACH_FILTER, &filter, socklen_t(MemoryLayout<sock_fprog>.size)) == 0
        }
        guard isFiltered else {
            close(opened)
            return nil
        }
        var smallest: CInt = 1
        setsockopt(opened, SOL_SOCKET, SO_RCVBUF, &smallest, socklen_t(MemoryLayout<CInt>.size))
        _ = count()
    }

    deinit { close(descriptor) }

    /// Packets since the last call.
    func count() -> Int {
        var statistics = tpacket_stats()
        var length = socklen_t(MemoryLayout<tpacket_stats>.size)
        guard getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) == 0 else { return 0 }
        return Int(statistics.tp_packets)
    }

    /// A thread changes its namespace and changes it back; a socket stays in the one it was made in.
    private static func open(pid: Int, proc: String) -> CInt {
        let home = Glibc.open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
        let target = Glibc.open("\(proc)/\(pid)/ns/net", O_RDONLY | O_CLOEXEC)
        defer {
            close(home)
            close(target)
        }
        guard home >= 0, target >= 0, linux_setns(target, networkNamespace) == 0 else { return -1 }
        defer { precondition(linux_setns(home, networkNamespace) == 0, "this thread is lost in another namespace") }
        return socket(AF_PACKET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), CInt(UInt16(ETH_P_ALL).bigEndian))
    }

    // MARK: The filter

    /// Classic BPF (Documentation/networking/filter.rst). Offsets count from the network header.
    static func program(ignoring blocks: [AddressBlock]) -> [sock_filter] {
        let load = UInt16(BPF_LD | BPF_W | BPF_ABS)
        let isEqual = UInt16(BPF_JMP | BPF_JEQ | BPF_K)
        let and = UInt16(BPF_ALU | BPF_AND | BPF_K)
        let answer = UInt16(BPF_RET | BPF_K)
        func ancillary(_ field: Int32) -> UInt32 { UInt32(bitPattern: SKF_AD_OFF + field) }
        let drop = sock_filter(code: answer, jt: 0, jf: 0, k: 0)
        let pass = sock_filter(code: answer, jt: 0, jf: 0, k: 1)
        var program: [sock_filter] = []
        func add(_ code: UInt16, _ value: UInt32, _ jumpTrue: UInt8 = 0, _ jumpFalse: UInt8 = 0) {
            program.append(sock_filter(code: code, jt: jumpTrue, jf: jumpFalse, k: value))
        }
        // Broadcast, multicast, and the loopback device, which is the first of every namespace.
        add(load, ancillary(SKF_AD_PKTTYPE))
        for kind in [UInt32(PACKET_BROADCAST), UInt32(PACKET_MULTICAST), UInt32(PACKET_LOOPBACK)] {
            add(isEqual, kind, 0, 1)
            program.append(drop)
        }
        add(load, ancillary(SKF_AD_IFINDEX))
        add(isEqual, 1, 0, 1)
        program.append(drop)
        for (family, size, source, target) in [(ETH_P_IP, 4, 12, 16), (ETH_P_IPV6, 16, 8, 24)] {
            var section: [sock_filter] = []
            for block in blocks where block.mask.count == size {
                for offset in [source, target] {
                    let words = stride(from: 0, to: size, by: 4)
                    for (index, word) in words.enumerated() {
                        let left = words.underestimatedCount - index - 1
                        let mask = bigEndian(block.mask, word)
                        section.append(sock_filter(code: load, jt: 0, jf: 0, k: UInt32(offset + word)))
                        section.append(sock_filter(code: and, jt: 0, jf: 0, k: mask))
                        // A word that differs skips the other words and the drop behind them.
                        let jump = UInt8(left * 3 + 1)
                        section.append(sock_filter(code: isEqual, jt: 0, jf: jump, k: bigEndian(block.address.bytes, word)))
                    }
                    section.append(drop)
                }
            }
            section.append(pass)
            add(load, ancillary(SKF_AD_PROTOCOL))
            add(isEqual, UInt32(family), 1, 0)
            add(UInt16(BPF_JMP | BPF_JA), UInt32(section.count))
            program += section
        }
        program.append(drop)
        return program
    }

    private static func bigEndian(_ bytes: [UInt8], _ start: Int) -> UInt32 {
        bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
