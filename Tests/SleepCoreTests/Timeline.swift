@testable import SleepCore

/// Something that will happen in a world.
enum Happening {
    case operationEnds(UInt64, SleepMachine.OperationFault?)
    /// The kernel sees an operation land before Docker answers.
    case lands(UInt64)
    case effect(SleepMachine.Operation.Kind, life: Int)
    case lookEnds(UInt64, [Container]?)
    case reclaimEnds(UInt64)
    case hint(SleepMachine.Hint)
}

/// What will happen in a world, and when.
struct Timeline {
    private var pending: [(at: Instant, what: Happening)] = []

    mutating func add(_ what: Happening, at instant: Instant) { pending.append((instant, what)) }

    /// When the next thing happens.
    var next: Instant? { pending.lazy.map(\.at).min() }

    /// The first of those that happen next.
    mutating func takeNext() -> Happening? {
        pending.indices.min { pending[$0].at < pending[$1].at }.map { pending.remove(at: $0).what }
    }

    /// Docker's stream breaks.
    mutating func dropHints() { pending.removeAll { if case .hint = $0.what { true } else { false } } }

    /// svcd dies: what it would have been told goes, what Docker has been asked for stays.
    mutating func keepEffects() { pending.removeAll { if case .effect = $0.what { false } else { true } } }

    /// The container's process went: a pause or a stop that Docker still has finds none.
    mutating func dropEffectsOnProcess() {
        pending.removeAll {
            switch $0.what {
            case .effect(.freeze, _), .effect(.stop, _): true
            default: false
            }
        }
    }

    /// Docker takes a container's operations one by one: when one of this life of svcd, or somebody else's, has been
    /// answered, what the life before has left behind can't come after it; nor can a stop, which gets longer than
    /// it may take.
    mutating func dropEffects(ofLivesBefore life: Int) {
        pending.removeAll {
            switch $0.what {
            case .effect(.stop, _): true
            case .effect(_, let earlier): earlier < life
            default: false
            }
        }
    }
}
