internal import Libc
internal import SleepCore

/// The sockets of a process's network namespace, from `/proc/PID/net/{tcp,tcp6,udp,udp6}` (proc(5)).
struct SocketTable {
    struct Endpoints: Hashable, CustomStringConvertible {
        var local: IPAddress
        var localPort: Int
        var remote: IPAddress
        var remotePort: Int

        var description: String { "\(local):\(localPort) \(remote):\(remotePort)" }
    }

    struct Entry: Equatable {
        var endpoints: Endpoints
        /// As the kernel numbers them: 1 established, 10 listening.
        var state: Int
        /// Bytes that nobody has read; for a listener, connections that nobody has accepted.
        var unread: Int
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
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count > 4, let local = Self.endpoint(words[1]), let remote = Self.endpoint(words[2]),
                let state = Int(words[3], radix: 16),
                let unread = words[4].split(separator: ":").last.flatMap({ Int($0, radix: 16) })
            else { continue }
            let endpoints = Endpoints(local: local.0, localPort: local.1, remote: remote.0, remotePort: remote.1)
            entries.append(Entry(endpoints: endpoints, state: state, unread: unread))
        }
    }

    /// `0100007F:1F90`: the address as words in the host's byte order, the port as a number.
    private static func endpoint(_ text: Substring) -> (IPAddress, Int)? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1], radix: 16), parts[0].count % 8 == 0 else { return nil }
        var bytes: [UInt8] = []
        var rest = parts[0]
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            withUnsafeBytes(of: word) { bytes += $0 }
            rest = rest.dropFirst(8)
        }
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        return (IPAddress(bytes), port)
    }

    /// Peers of established connections to ports that somebody listens on, loopback apart.
    var inboundPeers: [IPAddress] {
        let ports = Set(entries.filter { $0.state == 10 }.map(\.endpoints.localPort))
        return entries.filter { $0.state == 1 && ports.contains($0.endpoints.localPort) }.map(\.endpoints.remote)
            .filter { !$0.isLoopback }
    }

    /// The sockets in which something waits, loopback apart.
    var unread: [Entry] {
        entries.filter { $0.unread > 0 && !$0.endpoints.local.isLoopback && !$0.endpoints.remote.isLoopback }
    }
}
