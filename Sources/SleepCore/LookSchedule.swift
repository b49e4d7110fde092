/// When to look at the containers, and which answers still count.
///
/// A look changes nothing, so it never delays an operation; the generation counts whatever may have changed what a
/// look sees, and a look of an earlier one has been overtaken. Operations and reclaims take their numbers from it.
struct LookSchedule: Sendable {
    private enum Look: Equatable {
        case none
        case due(Instant)
        case underWay(UInt64)
    }

    private var look = Look.none
    private(set) var generation: UInt64 = 0
    /// A hint came while containers were being changed.
    private var mustFollowOperation = false

    /// How long a look that failed is waited for.
    private static let retry = Duration.milliseconds(250)

    var isIdle: Bool { look == .none }

    /// When the next one is due by itself.
    var due: Instant? { if case .due(let due) = look { due } else { nil } }

    /// Whether something has happened that hasn't been looked at yet.
    func isPending(_ now: Instant) -> Bool {
        switch look {
        case .none: false
        case .due(let due): due <= now
        case .underWay: true
        }
    }

    mutating func request(at instant: Instant) {
        switch look {
        case .none: look = .due(instant)
        case .due(let earlier): look = .due(min(earlier, instant))
        case .underWay: generation += 1  // it may have seen the old truth
        }
    }

    /// Once the operation under way has ended.
    mutating func requestAfterOperation() { mustFollowOperation = true }

    /// The generation to look in, if a look is due.
    mutating func begin(_ now: Instant) -> UInt64? {
        guard case .due(let due) = look, due <= now else { return nil }
        look = .underWay(generation)
        return generation
    }

    enum Answer { case unexpected, overtaken, fresh }

    /// Takes the answer to a look; an overtaken one is to be requested anew.
    mutating func finish(_ answered: UInt64) -> Answer {
        guard look == .underWay(answered) else { return .unexpected }
        look = .none
        return answered == generation ? .fresh : .overtaken
    }

    mutating func fail(_ answered: UInt64, _ now: Instant) {
        guard look == .underWay(answered) else { return }
        look = .due(now + Self.retry)
    }

    /// Something has changed, or is about to: what is under way is overtaken. Returns the new generation.
    @discardableResult
    mutating func overtake() -> UInt64 {
        generation += 1
        return generation
    }

    /// A listing is adopted, which a look under way may be older than.
    mutating func overtakeLookUnderWay() { if case .underWay = look { generation += 1 } }

    /// The number of a new operation.
    mutating func operationBegins() -> UInt64 {
        mustFollowOperation = false
        return overtake()
    }

    mutating func operationEnded(_ now: Instant) {
        if mustFollowOperation { request(at: now) }
        mustFollowOperation = false
    }
}
