internal import Libc
internal import NIOCore

/// Who is at the other end of a unix socket, as the kernel says (SO_PEERCRED, unix(7)).
struct Peer: Sendable {
    /// `struct ucred`, which glibc's module doesn't show.
    private struct Credentials {
        var pid: Int32
        var uid: UInt32
        var gid: UInt32
    }

    var uid: UInt32
    var pid: Int32

    /// Asks the kernel; nobody (65534) where it doesn't know.
    static func read(_ channel: any Channel) -> Peer {
        if let address = channel.remoteAddress, address.ipAddress != nil { return Peer(tcp: address) }
        let nobody = Peer(uid: 65_534, pid: 0)
        guard let provider = channel as? any SocketOptionProvider else { return nobody }
        // On the channel's own loop the future is complete at once.
        let found = NIOLoopBoundBox<Credentials?>(nil, eventLoop: channel.eventLoop)
        let future: EventLoopFuture<Credentials> = provider.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        future.whenSuccess { found.value = $0 }
        guard let credentials = found.value else { return nobody }
        return Peer(uid: credentials.uid, pid: credentials.pid)
    }

    /// Nobody of this host's users; where from is what is known.
    init(tcp address: SocketAddress?) {
        (uid, pid) = (65_534, 0)
        origin = address.flatMap { address in address.ipAddress.map { "\($0), port \(address.port ?? 0)" } }
    }

    init(uid: UInt32, pid: Int32) { (self.uid, self.pid) = (uid, pid) }

    /// Where a TCP connection comes from; null: it is no TCP connection.
    private var origin: String?

    /// Uid, pid and program, or the address.
    var description: String { origin ?? "uid \(uid), pid \(pid)" + (program.map { ", \($0)" } ?? "") }

    /// The name of the program that has connected, as it is now; null where it has gone or can't be seen.
    private var program: String? {
        let descriptor = open("/proc/\(pid)/comm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = Libc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].prefix { $0 != 10 }, as: UTF8.self)
    }
}
