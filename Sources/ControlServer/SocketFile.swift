internal import Libc

/// A listening unix socket in the file system.
///
/// The file of a socket that nobody listens on any more is replaced; one that somebody answers on, or
/// that is no socket at all, is left alone and reported.
package struct SocketFile: Sendable {
    package let path: String
    package let descriptor: CInt
    private let inode: UInt

    package enum Fault: Error, Sendable, CustomStringConvertible {
        case inUse(String)
        case notASocket(String)
        case pathTooLong(String)
        case system(path: String, operation: String, errno: CInt)

        package var description: String {
            switch self {
            case .inUse(let path): "\(path): somebody listens there already; stop it, or name another socket"
            case .notASocket(let path): "\(path): there is a file that is no socket; move it away"
            case .pathTooLong(let path): "\(path): longer than a socket's path may be (107 bytes)"
            case .system(let path, let operation, let errno):
                "\(path): \(operation) failed: \(String(cString: strerror(errno)))"
            }
        }
    }

    /// Binds and listens.
    ///
    /// - Parameter mode: of the file, like 0o660.
    /// - Parameter group: owns the file if the host has it; else the process's own group does.
    package init(path: String, mode: UInt32, group: String) throws(Fault) {
        try Self.makeDirectory(for: path)
        try Self.clear(path)
        let descriptor = socket(
            AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        func fail(_ operation: String) -> Fault {
            let fault = Fault.system(path: path, operation: operation, errno: errno)
            close(descriptor)
            return fault
        }
        guard descriptor >= 0 else { throw fail("socket") }
        // Nobody gets in between bind and chmod.
        let mask = umask(0o177)
        let bound = try Self.withAddress(path) { bind(descriptor, $0, $1) }
        umask(mask)
        guard bound == 0 else { throw fail("bind") }
        if let entry = getgrnam(group) { chown(path, uid_t.max, entry.pointee.gr_gid) }
        guard chmod(path, mode) == 0 else { throw fail("chmod") }
        guard listen(descriptor, 4096) == 0 else { throw fail("listen") }
        var status = stat()
        stat(path, &status)
        self.path = path
        self.descriptor = descriptor
        inode = status.st_ino
    }

    /// Removes the file, unless another has taken its place.
    package func remove() {
        var status = stat()
        if stat(path, &status) == 0, status.st_ino == inode { unlink(path) }
    }

    private static func makeDirectory(for path: String) throws(Fault) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        if mkdir(directory, 0o755) != 0, errno != EEXIST {
            throw .system(path: directory, operation: "mkdir", errno: errno)
        }
    }

    private static func clear(_ path: String) throws(Fault) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
        let probe = socket(
            AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        defer { close(probe) }
        let answer = try withAddress(path) { connect(probe, $0, $1) }
        // EAGAIN: somebody listens, and the queue is full.
        guard answer != 0, errno == ECONNREFUSED else { throw .inUse(path) }
        unlink(path)
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws(Fault) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw .pathTooLong(path) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
