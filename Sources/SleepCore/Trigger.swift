/// What caused a transition.
package enum Trigger: String, Sendable, CaseIterable, Codable {
    case hook, traffic, `operator`, lease, idle, pressure, dependency, external, recovery
}

extension Trigger {
    /// Whether it is enough that the container runs. Operators and holders of leases may go on to ask Docker for
    /// something, as an exec, which it refuses while its books say paused.
    package var isServedByKernel: Bool { self != .operator && self != .lease }
}
