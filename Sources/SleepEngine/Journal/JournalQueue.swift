internal import Dispatch
internal import Synchronization

/// Does what it is given in order, a batch at a time. SQLite waits for the disk here, so that nobody else does.
final class JournalQueue: Sendable {
    typealias Work = @Sendable () -> Void

    private struct State {
        var waiting: [Work] = []
        var isBusy = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "svcd.journal")
    private let around: @Sendable ([Work]) -> Void

    /// - Parameter around: gets each batch of work and must do it; here is where a transaction goes.
    init(around: @escaping @Sendable (_ batch: [Work]) -> Void) { self.around = around }

    /// Queues and returns at once. What is queued is done even if nobody holds the queue any more.
    func enqueue(_ work: @escaping Work) {
        let mustBegin = state.withLock { state in
            state.waiting.append(work)
            defer { state.isBusy = true }
            return !state.isBusy
        }
        if mustBegin { queue.async { self.drain() } }
    }

    private func drain() {
        while let batch = next() { around(batch) }
    }

    private func next() -> [Work]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isBusy = false
                return nil
            }
            defer { state.waiting = [] }
            return state.waiting
        }
    }
}
