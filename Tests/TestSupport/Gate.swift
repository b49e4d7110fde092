import NIOConcurrencyHelpers

/// What calls wait at while a test keeps it shut.
final class Gate: Sendable {
    private struct State {
        var isShut = false
        var number = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = NIOLockedValueBox(State())

    var isShut: Bool {
        get { state.withLockedValue { $0.isShut } }
        set {
            let freed = state.withLockedValue { state in
                state.isShut = newValue
                guard !newValue else { return [Int: CheckedContinuation<Void, Never>]() }
                defer { state.waiting = [:] }
                return state.waiting
            }
            for continuation in freed.values { continuation.resume() }
        }
    }

    var isWaitedFor: Bool { state.withLockedValue { !$0.waiting.isEmpty } }

    /// Returns when it is open; throws `CancellationError` when cancelled.
    func pass() async throws {
        let number = state.withLockedValue { state in
            state.number += 1
            return state.number
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLockedValue { state in
                    guard state.isShut, !Task.isCancelled else { return false }
                    state.waiting[number] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLockedValue { $0.waiting.removeValue(forKey: number) }?.resume()
        }
        try Task.checkCancellation()
    }
}
