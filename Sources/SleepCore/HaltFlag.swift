internal import Synchronization

/// Tells a reclaim to stop at its next chunk. May be raised on any thread.
package final class HaltFlag: Sendable {
    private struct State {
        var isRaised = false
        var handler: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    package init() {}

    package var isRaised: Bool { state.withLock { $0.isRaised } }

    package func raise() {
        state.withLock { state in
            state.isRaised = true
            state.handler?()
        }
    }

    /// Calls `handler`, at once if the flag is raised already; null: call nothing any more. Once this has
    /// returned, an earlier handler isn't running.
    package func whenRaised(_ handler: (@Sendable () -> Void)?) {
        state.withLock { state in
            state.handler = handler
            if state.isRaised { handler?() }
        }
    }
}
