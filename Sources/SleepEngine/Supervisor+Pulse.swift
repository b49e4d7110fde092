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

    /// Returns when all that works here has turned once: an alarm, the mailbox, and who minds the connection to the
    /// engine. Whether the engine answers doesn't matter.
    ///
    /// Never returns where one of them is stuck; cancelling doesn't change that.
    package func pulse() async {
        await withCheckedContinuation { continuation in
            pulses.append(continuation)
            alarms.insert(Alarm(at: now, driver: Self.pulseAlarm))
            arm()
        }
        // Makes it ask the engine, if it isn't about to anyway.
        suspicions?.yield()
        await withCheckedContinuation { turns.append($0) }
    }

    /// Stands for no driver among the alarms.
    static let pulseAlarm = UInt64.max

    /// An alarm has come through the mailbox.
    func answerPulses() {
        for continuation in pulses { continuation.resume() }
        pulses = []
    }

    /// Whoever minds the engine has got an answer, or none in time, or has waited long enough.
    func engineTaskTurned() {
        for continuation in turns { continuation.resume() }
        turns = []
    }
}
