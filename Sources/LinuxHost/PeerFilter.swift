internal import Libc
internal import SleepCore

/// Counts the packets of a network namespace whose peer is not to be ignored.
///
/// Device counters know no sources. A packet socket in the namespace does (packet(7)): its filter lets by
/// what neither comes from nor goes to an ignored address, and the kernel counts what the filter lets by,
/// though no packet is ever read.
final class PeerFilter: Sendable {
    private let descriptor: CInt

    /// Null: no such namespace, or no permission (CAP_SYS_ADMIN for setns, CAP_NET_RAW).
    init?(pid: Int, ignoring blocks: [AddressBlock], proc: String) {
        let opened = NetworkNamespace.socket(of: pid, proc: proc) {
            socket(
                AF_PACKET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), CInt(UInt16(ETH_P_ALL).bigEndian))
        }
        guard opened >= 0 else { return nil }
        descriptor = opened
        var program = PacketProgram.use(ignoring: blocks)
        let isFiltered = program.withUnsafeMutableBufferPointer { instructions in
            var filter = sock_fprog(len: UInt16(instructions.count), filter: instructions.baseAddress)
            return setsockopt(opened, SOL_SOCKET, SO_ATTACH_FILTER, &filter, socklen_t(MemoryLayout<sock_fprog>.size))
                == 0
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
}
