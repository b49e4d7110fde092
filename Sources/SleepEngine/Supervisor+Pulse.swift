internal import HeapModule
package import SleepCore

/// Signs of life, for whoever watches the daemon.
extension Supervisor {
    /// What a line about all services says.
    package struct Summary: Sendable, Equatable {
        package var services: Int
        package var asleep: Int
        /// What sleepers have given back since they fell asleep.
        package var handedBackBytes: Int
        package var mode: Mode
        package var isEngineReachable: Bool
    }

    package var summary: Summary {
        var summary = Summary(
            services: 0, asleep: 0, handedBackBytes: 0, mode: mode, isEngineReachable: isEngineReachable)
        for driver in byName.values {
            summary.services += 1
            guard driver.machine.state == .asleep else { continue }
            summary.asleep += 1
            summary.handedBackBytes += driver.handedBackBytes
        }
        return summary
    }

    /// Calls back when all that works here has turned once: an alarm, the mailbox, and who minds the connection to the
    /// engine. Whether the engine answers doesn't matter. Never calls where one of them is stuck.
    package func pulse(_ turned: @escaping @Sendable () -> Void) {
        pulses.append(turned)
        alarms.insert(Alarm(at: now, driver: Self.pulseAlarm))
        arm()
    }

    /// Stands for no driver among the alarms.
    static let pulseAlarm = UInt64.max

    /// An alarm has come through the mailbox; the task that minds the engine is next.
    func answerPulses() {
        turns += pulses
        pulses = []
        suspicions?.yield(.pulse)
    }

    /// Whoever minds the engine has heard something, or is about to try again.
    func engineTaskTurned() {
        for turned in turns { turned() }
        turns = []
    }
}
