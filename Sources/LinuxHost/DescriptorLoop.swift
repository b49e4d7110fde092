internal import Dispatch
internal import Libc
internal import Synchronization

/// Calls handlers when descriptors have something to read (epoll(7)), on one thread for all of them.
///
/// Not Dispatch's sources: theirs spin, and call no handler, when a descriptor has an error and nothing to read, as
/// a packet socket has whose link has gone.
final class DescriptorLoop: Sendable {
    /// Called with whether the descriptor is broken; false: it is not to be called again.
    typealias Handler = @Sendable (_ isBroken: Bool) -> Bool

    static let shared = DescriptorLoop()

    private let epoll = linux_epoll_create()
    /// Held while a handler runs, so that a descriptor may be closed once it is removed.
    private let handlers = Mutex<[CInt: Handler]>([:])

    private init() {
        DispatchQueue(label: "svcd.descriptors", qos: .userInteractive).async { self.run() }
    }

    /// False: it can't be waited for.
    func add(_ descriptor: CInt, _ handler: @escaping Handler) -> Bool {
        handlers.withLock { handlers in
            guard linux_epoll_add(epoll, descriptor) == 0 else { return false }
            handlers[descriptor] = handler
            return true
        }
    }

    /// Its handler isn't running once this has returned, and is not called any more. Not from a handler.
    func remove(_ descriptor: CInt) {
        handlers.withLock { Self.drop(descriptor, &$0, epoll) }
    }

    private static func drop(_ descriptor: CInt, _ handlers: inout [CInt: Handler], _ epoll: CInt) {
        guard handlers.removeValue(forKey: descriptor) != nil else { return }
        linux_epoll_remove(epoll, descriptor)
    }

    private func run() {
        while true {
            var isBroken: CInt = 0
            let descriptor = linux_epoll_wait(epoll, &isBroken)
            guard descriptor >= 0 else { continue }
            handlers.withLock { handlers in
                if handlers[descriptor]?(isBroken != 0) == false { Self.drop(descriptor, &handlers, epoll) }
            }
        }
    }
}
