internal import SleepCore

/// What is known of the connection to one engine, and who waits for a sign of life of the task that minds it.
struct EngineLink {
    /// Whether it answered when it was last asked.
    private(set) var isReachable = false
    private var lastAnswer: Instant?
    /// Takes what the minder is to hear; null while it isn't listening.
    private var calls: AsyncStream<EngineCall>.Continuation?
    /// Wait for the alarm that they have set, and for the minder's next turn.
    private var pulses: [Turned] = []
    private var turns: [Turned] = []

    typealias Turned = @Sendable () -> Void

    /// How old an answer may be and still speak for the engine.
    private static let freshness = Duration.seconds(1)

    func isFresh(_ now: Instant) -> Bool { isReachable && lastAnswer.map { now - $0 < Self.freshness } ?? false }

    // MARK: What the minder reports

    mutating func listening(_ calls: AsyncStream<EngineCall>.Continuation) { self.calls = calls }

    mutating func answered(_ now: Instant) { lastAnswer = now }

    /// True: it was there until now.
    mutating func lost() -> Bool {
        lastAnswer = nil
        defer { isReachable = false }
        return isReachable
    }

    /// True: it wasn't there until now.
    mutating func back(_ now: Instant) -> Bool {
        lastAnswer = now
        defer { isReachable = true }
        return !isReachable
    }

    // MARK: What the minder is told

    /// An operation or a look got no answer: the engine is asked whether it is there.
    func doubt() { calls?.yield(.doubt) }

    // MARK: Signs of life

    /// Whether a sign of life waits for the minder.
    var isAwaitingTurn: Bool { !turns.isEmpty }

    /// Calls back when an alarm has come through the mailbox, and then the minder has turned.
    mutating func await(_ turned: @escaping Turned) { pulses.append(turned) }

    /// The alarm has; the minder is next.
    mutating func alarmCame() {
        turns += pulses
        pulses = []
        calls?.yield(.pulse)
    }

    /// The minder has heard something, or is about to try again: who is to be called back now.
    mutating func minderTurned() -> [Turned] {
        defer { turns = [] }
        return turns
    }
}

/// What the task that minds an engine is told.
enum EngineCall: Sendable {
    /// Ask it whether it is there.
    case doubt
    /// Give a sign of life, and ask nothing.
    case pulse
}
