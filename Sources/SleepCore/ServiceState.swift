/// The state that people see.
package enum ServiceState: String, Sendable, CaseIterable, Codable {
    case awake
    case fallingAsleep = "falling-asleep"
    case asleep, waking, held, down, absent, ambiguous, failed, unknown
}

extension SleepMachine {
    /// What all containers of the service add up to.
    package enum Condition: Sendable, Equatable {
        /// Nothing has been found yet.
        case unknown
        case absent, ambiguous, down, held, running
        case asleep(Depth)
    }
}
