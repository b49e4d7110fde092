internal import Libc
internal import SleepCore

/// Requests that a container has taken in and not answered yet, from the kernel's TCP sockets (sock_diag(7)).
///
/// A client that has sent the last word on a connection to a port of the service waits for the service's. A request
/// of a few bytes is below any floor, and one that is being worked on moves none, so counters don't show them.
struct UnansweredRequests {
    private static let listening: UInt8 = 10  // TCP_LISTEN, tcp_states.h
    private static let open: Set<UInt8> = [1, 8]  // TCP_ESTABLISHED; TCP_CLOSE_WAIT: the caller has said all
    private static let wanted: UInt32 = 1 << 10 | 1 << 1 | 1 << 8

    private struct Connection {
        var state: UInt8
        var localPort: UInt16
        var remote: IPAddress
        /// Milliseconds since data was sent and received last.
        var sent: UInt32
        var received: UInt32
        /// With data, since the connection began.
        var segmentsIn: UInt32 = 0
        var segmentsOut: UInt32 = 0
        var cookie: UInt64

        /// The first request may come within the tick in which the connection began.
        var hasOnlyReceived: Bool { segmentsIn > 0 && segmentsOut == 0 }
    }

    private let connections: [Connection]

    /// Null: no such namespace, or no permission (CAP_SYS_ADMIN for setns).
    init?(pid: Int, proc: String) {
        let descriptor = NetworkNamespace.socket(of: pid, proc: proc) {
            Libc.socket(AF_NETLINK, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), CInt(NETLINK_SOCK_DIAG))
        }
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // The kernel answers at once; should it ever not, svcd goes on without.
        var limit = timeval(tv_sec: 0, tv_usec: 100_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        connections = [AF_INET, AF_INET6].flatMap { Self.dump(descriptor, UInt8($0)) }
    }

    /// Those that came within the last `milliseconds`.
    func open(within milliseconds: Int64, ignoring: [AddressBlock]) -> [OpenRequest] {
        let ports = Set(connections.filter { $0.state == Self.listening }.map(\.localPort))
        return connections.filter { connection in
            Self.open.contains(connection.state) && ports.contains(connection.localPort)
                && (connection.received < connection.sent || connection.hasOnlyReceived)
                && connection.received < milliseconds && !connection.remote.isLoopback
                && !ignoring.contains { $0.contains(connection.remote) }
        }
        .map {
            OpenRequest(
                connection: $0.cookie, segments: UInt64($0.segmentsIn) << 32 | UInt64($0.segmentsOut),
                port: Int($0.localPort))
        }
    }

    // MARK: The wire

    /// The sizes and offsets of linux/netlink.h, linux/inet_diag.h and, for `tcp_info`, linux/tcp.h.
    private enum Layout {
        static let header = 16
        static let request = 56
        static let message = 72
        static let cookie = 44
        static let lastSent = 44
        static let lastReceived = 52
        static let segmentsIn = 152
        static let segmentsOut = 156
    }

    private static func dump(_ descriptor: CInt, _ family: UInt8) -> [Connection] {
        var request = [UInt8](repeating: 0, count: Layout.header + Layout.request)
        request.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: UInt32(bytes.count), as: UInt32.self)
            bytes.storeBytes(of: UInt16(SOCK_DIAG_BY_FAMILY), toByteOffset: 4, as: UInt16.self)
            bytes.storeBytes(of: UInt16(NLM_F_REQUEST | NLM_F_DUMP), toByteOffset: 6, as: UInt16.self)
            bytes[Layout.header] = family
            bytes[Layout.header + 1] = UInt8(IPPROTO_TCP)
            bytes[Layout.header + 2] = 1 << UInt8(INET_DIAG_INFO - 1)
            bytes.storeBytes(of: wanted, toByteOffset: Layout.header + 4, as: UInt32.self)
        }
        guard send(descriptor, request, request.count, 0) == request.count else { return [] }
        var found: [Connection] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return found }
            let isOver = buffer.withUnsafeBytes { bytes in
                read(UnsafeRawBufferPointer(rebasing: bytes[..<count]), family, &found)
            }
            if isOver { return found }
        }
    }

    /// True: that was the last.
    private static func read(_ bytes: UnsafeRawBufferPointer, _ family: UInt8, _ found: inout [Connection]) -> Bool {
        var at = 0
        while at + Layout.header <= bytes.count {
            let length = Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            let type = Int(bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt16.self))
            guard length >= Layout.header, at + length <= bytes.count, type == SOCK_DIAG_BY_FAMILY else { return true }
            let message = UnsafeRawBufferPointer(rebasing: bytes[(at + Layout.header)..<(at + length)])
            if message.count >= Layout.message { found.append(connection(message, family)) }
            at += (length + 3) & ~3
        }
        return false
    }

    private static func connection(_ message: UnsafeRawBufferPointer, _ family: UInt8) -> Connection {
        let remote = message[24..<(24 + (family == UInt8(AF_INET) ? 4 : 16))]
        var connection = Connection(
            state: message[1], localPort: UInt16(message[4]) << 8 | UInt16(message[5]),
            remote: IPAddress(Array(remote)),
            sent: 0, received: 0, cookie: message.loadUnaligned(fromByteOffset: Layout.cookie, as: UInt64.self))
        var at = Layout.message
        while at + 4 <= message.count {
            let length = Int(message.loadUnaligned(fromByteOffset: at, as: UInt16.self))
            let type = Int(message.loadUnaligned(fromByteOffset: at + 2, as: UInt16.self))
            guard length >= 4, at + length <= message.count else { break }
            if type == Int(INET_DIAG_INFO), length >= 4 + Layout.segmentsOut + 4 {
                func word(_ offset: Int) -> UInt32 {
                    message.loadUnaligned(fromByteOffset: at + 4 + offset, as: UInt32.self)
                }
                connection.sent = word(Layout.lastSent)
                connection.received = word(Layout.lastReceived)
                connection.segmentsIn = word(Layout.segmentsIn)
                connection.segmentsOut = word(Layout.segmentsOut)
            }
            at += (length + 3) & ~3
        }
        return connection
    }
}
