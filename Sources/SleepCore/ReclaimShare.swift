/// How much of a service's memory is handed back when it sleeps: what the policy asks for, less what its
/// wakes can't afford.
///
/// A wake whose full cost comes near the budget keeps more in memory next time, one that is far below it
/// gives more back, up to the policy's target. Small steps, so that one odd wake doesn't decide.
package struct ReclaimShare: Sendable, Equatable {
    private static let near = 0.8
    private static let far = 0.5
    private static let stepDown = 0.10
    private static let stepUp = 0.05

    /// 0...1 of what is resident.
    package private(set) var value: Double

    /// - Parameter learned: from earlier wakes; null: none yet.
    package init(target: Double, learned: Double? = nil) {
        value = min(max(learned ?? target, 0), target)
    }

    /// Takes the cost of a wake from `reclaimed`; true if that changed anything.
    package mutating func note(cost: Duration, budget: Duration, target: Double) -> Bool {
        let before = value
        if cost > budget * Self.near {
            // Far beyond it, faster.
            value -= cost > budget * 2 ? 2 * Self.stepDown : Self.stepDown
        } else if cost < budget * Self.far {
            value += Self.stepUp
        }
        value = min(max(value, 0), target)
        return value != before
    }
}
