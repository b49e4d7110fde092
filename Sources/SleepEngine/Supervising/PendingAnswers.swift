internal import SleepCore

/// Who waits for a service to wake or to fall asleep. Each is answered once, or has gone.
struct PendingAnswers {
    typealias Wake = (Result<SleepMachine.WakeReport, SleepMachine.WakeFailure>) -> Void
    typealias Sleep = (SleepMachine.SleepOutcome) -> Void

    private var wakes: [UInt64: Wake] = [:]
    private var sleeps: [UInt64: Sleep] = [:]

    mutating func add(_ id: UInt64, wake: @escaping Wake) { wakes[id] = wake }
    mutating func add(_ id: UInt64, sleep: @escaping Sleep) { sleeps[id] = sleep }

    mutating func takeWake(_ id: UInt64) -> Wake? { wakes.removeValue(forKey: id) }
    mutating func takeSleep(_ id: UInt64) -> Sleep? { sleeps.removeValue(forKey: id) }

    /// The caller has gone.
    mutating func forget(_ id: UInt64) {
        wakes[id] = nil
        sleeps[id] = nil
    }

    /// Everybody who is left, to be answered with what can still be said.
    mutating func takeAll() -> (wakes: [Wake], sleeps: [Sleep]) {
        defer { (wakes, sleeps) = ([:], [:]) }
        return (Array(wakes.values), Array(sleeps.values))
    }
}
