internal import Libc
internal import SleepCore

/// The sockets of a process's network namespace, from `/proc/PID/net/{tcp,tcp6,udp,udp6}` (proc(5)).
///
/// A row that doesn't fit what the kernel writes, or whose numbers are larger than its fields, is left out.
struct SocketTable {
    struct Endpoints: Hashable, CustomStringConvertible {
        var local: IPAddress
        var localPort: UInt16
        var remote: IPAddress
        var remotePort: UInt16

        var description: String { "\(local):\(localPort) \(remote):\(remotePort)" }
    }

    struct Entry: Equatable {
        /// As the kernel numbers them (tcp_states.h); those that matter here.
        enum State: UInt8 {
            case established = 1
            /// The client has said all it has to say.
            case closeWait = 8
            case listening = 10
        }

        var endpoints: Endpoints
        /// Null: another one, or no TCP socket.
        var state: State?
        /// Bytes that no process of the container has read; 0 for a listener.
        var unread: Int
        /// A process has it. A connection that waits for `accept` has no inode yet, as it is no process's file.
        var isAccepted: Bool

        /// How much waits here for the container: bytes, and one more where the connection itself waits.
        ///
        /// Of a listener the kernel tells only how many wait, not who: they are in the table themselves.
        var waiting: Int {
            switch state {
            case .listening: 0
            case .established where !isAccepted, .closeWait where !isAccepted: unread + 1
            default: unread
            }
        }
    }

    private(set) var entries: [Entry] = []

    /// Null: it can't be read.
    init?(of pid: Int, proc: String, files: [String]) {
        var isRead = false
        for file in files {
            guard let text = readText("\(proc)/\(pid)/net/\(file)", most: 16 << 20) else { continue }
            isRead = true
            add(text)
        }
        if !isRead { return nil }
    }

    init(_ text: String) { add(text) }

    private mutating func add(_ text: String) {
        for line in text.split(separator: "\n").dropFirst() {
            if let entry = Self.entry(line.split(separator: " ", omittingEmptySubsequences: true)) {
                entries.append(entry)
            }
        }
    }

    /// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`
    private static func entry(_ words: [Substring]) -> Entry? {
        guard words.count > 4, let (local, localPort) = endpoint(words[1]),
            let (remote, remotePort) = endpoint(words[2]), let number = UInt8(words[3], radix: 16),
            // 32 bits, so that the sum over a whole table fits into 64.
            let queued = words[4].split(separator: ":").last.flatMap({ UInt32($0, radix: 16) })
        else { return nil }
        let state = Entry.State(rawValue: number)
        return Entry(
            endpoints: Endpoints(local: local, localPort: localPort, remote: remote, remotePort: remotePort),
            state: state, unread: state == .listening ? 0 : Int(queued),
            isAccepted: words.count < 10 || words[9] != "0")
    }

    /// `0100007F:1F90`: the address as words in the host's byte order, the port as a number.
    private static func endpoint(_ text: Substring) -> (IPAddress, UInt16)? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16), [8, 32].contains(parts[0].count) else {
            return nil
        }
        var bytes: [UInt8] = []
        var rest = parts[0]
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            withUnsafeBytes(of: word) { bytes += $0 }
            rest = rest.dropFirst(8)
        }
        return (IPAddress(bytes), port)
    }

    /// Peers of established connections to ports that the container listens on, loopback apart.
    var inboundPeers: [IPAddress] {
        let ports = Set(entries.filter { $0.state == .listening }.map(\.endpoints.localPort))
        return entries.filter { $0.state == .established && ports.contains($0.endpoints.localPort) }
            .map(\.endpoints.remote).filter { !$0.isLoopback }
    }

    /// The sockets in which something waits, loopback apart.
    var unread: [Entry] {
        entries.filter { $0.waiting > 0 && !$0.endpoints.local.isLoopback && !$0.endpoints.remote.isLoopback }
    }
}
