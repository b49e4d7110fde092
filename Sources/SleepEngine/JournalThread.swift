internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Musl
#endif

/// A thread that does what it is given, in order. SQLite waits for the disk here, so that nobody else does.
final class JournalThread: Sendable {
    typealias Work = @Sendable () -> Void

    private struct State {
        var queue: [Work] = []
        var isClosed = false
    }

    /// A mutex with its condition, and what they guard. The state is touched with the mutex held only,
    /// which is what makes the unchecked claim true.
    private final class Box: @unchecked Sendable {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        var state = State()

        init() {
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(condition, nil)
        }

        deinit {
            pthread_cond_destroy(condition)
            pthread_mutex_destroy(mutex)
            condition.deallocate()
            mutex.deallocate()
        }

        func withLock<Result>(_ body: (inout State) -> Result) -> Result {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            return body(&state)
        }

        /// Everything that is queued, waiting for some; null when closed and done.
        ///
        /// Not through `withLock`: an access to `state` that lasted over the wait would let the optimizer
        /// believe that nobody else changes it meanwhile.
        func take() -> [Work]? {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            while state.queue.isEmpty {
                if state.isClosed { return nil }
                pthread_cond_wait(condition, mutex)
            }
            let work = state.queue
            state.queue = []
            return work
        }
    }

    private let box = Box()

    /// - Parameter around: gets each batch of work and must do it; here is where a transaction goes.
    init(around: @escaping @Sendable (_ batch: [Work]) -> Void) {
        let box = box
        let loop = Loop {
            while let batch = box.take() { around(batch) }
        }
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 * 1024)
        pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Loop>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(loop).toOpaque())
        pthread_attr_destroy(&attributes)
    }

    private final class Loop: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Queues and returns at once. Work queued after `close` is dropped.
    func enqueue(_ work: @escaping Work) {
        box.withLock { state in
            if !state.isClosed { state.queue.append(work) }
        }
        pthread_cond_signal(box.condition)
    }

    /// The thread ends when it has done what is queued.
    func close() {
        box.withLock { $0.isClosed = true }
        pthread_cond_signal(box.condition)
    }
}
