internal import SleepCore

/// What reaches a supervisor from outside of its turn.
enum Message: Sendable {
    /// The alarm that was set has rung.
    case alarm
    /// Something happened to the service with this key.
    case event(UInt64, SleepMachine.Event)
    case start(Work)
}

/// What takes time. It runs beside the mailbox, and its result comes back as an event.
enum Work: Sendable {
    case perform(UInt64, SleepMachine.Operation)
    case look(UInt64, generation: UInt64)
    /// Find out what has become of a sleeper that its service no longer has.
    case resolve(String, Depth)
    case reclaim(ReclaimJob)
    /// Take the full cost of a deep wake.
    case assess(UInt64, SleepMachine.WakeReport)
    /// Look at everything that only a listing has told of.
    case acquaint
    case watchPressure
}

/// Takes messages on any thread and gives them in order.
struct Mailbox: Sendable {
    let messages: AsyncStream<Message>
    let post: AsyncStream<Message>.Continuation

    init() { (messages, post) = AsyncStream.makeStream() }
}

/// Events that wait until the one that is being carried out has been: what a step leads to never begins inside it.
struct Inbox {
    struct Entry {
        var key: UInt64
        var event: SleepMachine.Event
        /// When it came.
        var at: Instant
    }

    private var waiting: [Entry] = []
    private var next = 0
    private(set) var isDraining = false

    mutating func add(_ entry: Entry) { waiting.append(entry) }

    /// The next one; null when nothing waits any more, and then draining is over.
    mutating func take() -> Entry? {
        guard next < waiting.count else {
            waiting.removeAll(keepingCapacity: waiting.capacity <= Self.keptCapacity)
            (next, isDraining) = (0, false)
            return nil
        }
        defer { next += 1 }
        isDraining = true
        return waiting[next]
    }

    /// A flock of events doesn't keep its memory.
    private static let keptCapacity = 64
}
