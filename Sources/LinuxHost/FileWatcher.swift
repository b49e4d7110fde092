internal import Libc
internal import Synchronization

/// Tells when files of the cgroup file system change (inotify(7); the kernel reports `cgroup.events` so).
///
/// One inotify descriptor for all of them: users get few.
final class FileWatcher: Sendable {
    typealias Body = @Sendable () -> Void

    private let descriptor: CInt
    private let bodies = Mutex<[CInt: Body]>([:])

    /// Null: no inotify is to be had.
    init?() {
        descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        let isWatched = DescriptorLoop.shared.add(descriptor) { [weak self] isBroken in
            self?.read()
            return !isBroken
        }
        if !isWatched { return nil }
    }

    deinit {
        DescriptorLoop.shared.remove(descriptor)
        close(descriptor)
    }

    /// Lasts as long as the answer is held; null: the file can't be watched.
    func watch(_ path: String, _ body: @escaping Body) -> AnyObject? {
        bodies.withLock { bodies in
            let watch = inotify_add_watch(descriptor, path, UInt32(IN_MODIFY))
            guard watch >= 0 else { return nil }
            bodies[watch] = body
            return Held { [self] in forget(watch) }
        }
    }

    private func forget(_ watch: CInt) {
        bodies.withLock { bodies in
            bodies[watch] = nil
            inotify_rm_watch(descriptor, watch)
        }
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Libc.read(descriptor, &buffer, buffer.count)
        var position = 0
        let headSize = MemoryLayout<inotify_event>.size
        while position + headSize <= count {
            let event = buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: inotify_event.self) }
            bodies.withLock { $0[event.wd] }?()
            position += headSize + Int(event.len)
        }
    }
}

/// Does something at the end of its life.
private final class Held: Sendable {
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) { self.end = end }

    deinit { end() }
}
