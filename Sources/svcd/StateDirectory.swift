internal import Libc

/// The state directory, locked for as long as this lives: two daemons would undo each other's work.
///
/// The lock is the kernel's (flock(2)), so it goes with the process, however that ends.
final class StateDirectory: Sendable {
    let path: String
    private let descriptor: CInt

    enum Fault: Error, CustomStringConvertible {
        case taken(path: String, pid: String)
        case system(path: String, operation: String, errno: CInt)

        var description: String {
            switch self {
            case .taken(let path, let pid):
                "\(path): a svcd lives on it already, pid \(pid); stop that one, or use another --state-dir"
            case .system(let path, let operation, let errno):
                "\(path): \(operation) failed: \(String(cString: strerror(errno)))"
            }
        }
    }

    init(locking path: String) throws(Fault) {
        if mkdir(path, 0o750) != 0, errno != EEXIST { throw .system(path: path, operation: "mkdir", errno: errno) }
        let file = path + "/lock"
        let opened = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard opened >= 0 else { throw .system(path: file, operation: "open", errno: errno) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            defer { close(opened) }
            guard errno == EWOULDBLOCK else { throw .system(path: file, operation: "flock", errno: errno) }
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = pread(opened, &bytes, bytes.count, 0)
            let pid = String(decoding: bytes.prefix(max(count, 0)).prefix { (48...57).contains($0) }, as: UTF8.self)
            throw .taken(path: path, pid: pid.isEmpty ? "unknown" : pid)
        }
        let pid = Array("\(getpid())\n".utf8)
        ftruncate(opened, 0)
        pwrite(opened, pid, pid.count, 0)
        self.path = path
        descriptor = opened
    }

    var journal: String { path + "/svcd.db" }

    deinit { close(descriptor) }
}
