internal import Dispatch
internal import Libc

/// Makes sockets in the network namespaces of containers: a socket stays in the one it was made in.
enum NetworkNamespace {
    private static let queue = DispatchQueue(label: "svcd.namespaces")
    private static let kind: CInt = 0x4000_0000  // CLONE_NEWNET, sched.h

    /// A thread changes its namespace and changes it back. Blocks for some microseconds.
    ///
    /// - Returns: what `make` does; -1: no such process, or no permission (CAP_SYS_ADMIN).
    static func socket(of pid: Int, proc: String, _ make: () -> CInt) -> CInt {
        queue.sync {
            let home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
            let target = open("\(proc)/\(pid)/ns/net", O_RDONLY | O_CLOEXEC)
            defer {
                close(home)
                close(target)
            }
            guard home >= 0, target >= 0, linux_setns(target, kind) == 0 else { return -1 }
            defer { precondition(linux_setns(home, kind) == 0, "this thread is lost in another namespace") }
            return make()
        }
    }
}
