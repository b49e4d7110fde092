/// What keeps a service from falling asleep, or from sleeping deeper.
package enum Veto: Sendable, Equatable {
    /// Not even an operator's force overrides it.
    case neverSleeps(NeverSleeps)
    case lettingGo

    // What its containers are.
    case notLookedAt, noContainer
    case ambiguous(containers: Int)
    case down, held
    case engineSilent
    /// It is being woken, or what is true of it is in doubt.
    case beingWoken

    // What is wanted of it.
    case mode(Mode)
    /// Null: until unpinned.
    case pinned(until: Instant?)
    case leases(Int)
    case needed(by: [String])
    /// What uses it; null: it was used while it was put to sleep.
    case inUse(String?)
    case minAwake(awakeFor: Duration, rule: Duration)

    // What forbids only that it falls asleep on idle.
    case unreadable(String)
    case noPacketWakes(String)

    // What keeps a sleeper from going deeper.
    case wanted
    case partlyFrozen
    /// Null: because it is wanted.
    case keepsMemory(String?)
    case cannotStop(String)

    package enum NeverSleeps: Sendable, Equatable {
        case policy
        /// Other services of the policy mean the same container.
        case claimed(by: String)
    }
}

extension Veto: CustomStringConvertible {
    /// The sentence that people read.
    package var description: String {
        switch self {
        case .neverSleeps(.policy): "the policy says sleep: never"
        case .neverSleeps(.claimed(let rivals)): "its container is claimed by \(rivals) too"
        case .lettingGo: "svcd is letting go of it"
        case .notLookedAt: "nobody has looked at it yet"
        case .noContainer: "it has no container"
        case .ambiguous(let count): "\(count) containers match it"
        case .down: "it is down"
        case .held: "it is held: someone else paused it"
        case .engineSilent: "Docker can't be asked"
        case .beingWoken: "it is being woken or looked at"
        case .mode(let mode): "the mode is \(mode.rawValue)"
        case .pinned(nil): "it is pinned"
        case .pinned: "it is pinned for a while"
        case .leases(1): "a lease is live"
        case .leases(let count): "\(count) leases are live"
        case .needed(let names): "\(names.joined(separator: ", ")) \(names.count == 1 ? "requires" : "require") it"
        case .inUse(nil): "it is in use"
        case .inUse(let use?): "it is in use: \(use)"
        case .minAwake(let awakeFor, let rule):
            "it woke \(DurationText.format(awakeFor)) ago and min_awake is \(DurationText.format(rule))"
        case .unreadable(let why): "its activity can't be read: \(why)"
        case .noPacketWakes(let why): "no packet could wake it: \(why)"
        case .wanted: "somebody needs it"
        case .partlyFrozen: "not all of it is frozen"
        case .keepsMemory(let why): "its memory can't be handed back: \(why ?? Veto.wanted.description)"
        case .cannotStop(let why): "it can't be stopped: \(why)"
        }
    }
}
