package import SleepCore

/// The answer to a caller that needs a service awake.
package struct WakeAnswer: Sendable {
    package var service: String
    package var result: Result<SleepMachine.WakeReport, SleepMachine.WakeFailure>
    /// As it is now.
    package var state: ServiceState
    package var budget: Duration
}

/// What becomes of a hook.
package enum HookOutcome: Sendable {
    case unknownService
    /// It is awake, and the use is noted.
    case awake
    /// The answer comes through the callback; the id is for `abandon`.
    case waiting(UInt64)
}
