/// What subscribers of the event stream get.
package struct EngineNotice: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// A transition of a service.
        case transition
        /// Docker was lost or came back, the mode or the policy changed.
        case daemon
    }
    /// Counts up from 1 for the life of the daemon.
    package var number: UInt64
    package var kind: Kind
    package var atMilliseconds: Int64
    package var service: String?
    package var row: Journal.TransitionRow?
    /// For `daemon`: what happened.
    package var message: String?
}

/// Hands notices to subscribers. One that doesn't keep up loses its subscription, never anybody's time.
struct EventBus {
    private var subscribers: [UInt64: AsyncStream<EngineNotice>.Continuation] = [:]
    private var lastSubscriber: UInt64 = 0
    private var lastNumber: UInt64 = 0

    /// How far a subscriber may fall behind.
    static let backlog = 1024

    mutating func subscribe() -> (id: UInt64, notices: AsyncStream<EngineNotice>) {
        lastSubscriber += 1
        let (stream, continuation) = AsyncStream.makeStream(
            of: EngineNotice.self, bufferingPolicy: .bufferingOldest(Self.backlog))
        subscribers[lastSubscriber] = continuation
        return (lastSubscriber, stream)
    }

    mutating func unsubscribe(_ id: UInt64) {
        subscribers.removeValue(forKey: id)?.finish()
    }

    mutating func publish(_ notice: EngineNotice) {
        lastNumber += 1
        var numbered = notice
        numbered.number = lastNumber
        for (id, continuation) in subscribers {
            if case .enqueued = continuation.yield(numbered) { continue }
            unsubscribe(id)
        }
    }

    mutating func close() {
        for continuation in subscribers.values { continuation.finish() }
        subscribers = [:]
    }
}
