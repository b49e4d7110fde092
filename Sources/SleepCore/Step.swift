extension SleepMachine {
    /// What is to be done now.
    package struct Step: Sendable {
        /// The one operation to begin.
        package var operation: Operation?
        /// Hand these containers' memory back, meanwhile, and tell how it ended under this number.
        package var reclaim: (id: UInt64, containers: [Container])?
        /// Stop the reclaim that is under way.
        package var haltsReclaim = false
        /// These sleep deeper than their intents on disk say.
        package var deepened: [String: Depth] = [:]
        /// Look at what is true, and answer with this generation.
        package var look: UInt64?
        /// When to call next if nothing else happens.
        package var nextCall: Instant?
        package var ready: [(waiter: Waiter, report: WakeReport)] = []
        /// A wake that has just succeeded, from its first demand on; there may be no waiter.
        package var woke: WakeReport?
        package var failed: [(waiter: Waiter, failure: WakeFailure)] = []
        package var slept: [(request: SleepRequest, outcome: SleepOutcome)] = []
        /// Intents that are no longer true.
        package var forget: [String] = []
        /// Intents whose container this service no longer has: another service's now, or none's.
        package var disowned: [String: Depth] = [:]
        package var transitions: [Transition] = []
    }

    /// How a wake went, for one waiter.
    package struct WakeReport: Sendable, Equatable {
        /// False: it was awake already.
        package var woke: Bool
        package var from: Depth?
        package var elapsed: Duration
        package var queued: Duration
        package var thaw: Duration
        package var ready: Duration
        package var trigger: Trigger

        package init(
            woke: Bool, from: Depth?, elapsed: Duration, queued: Duration, thaw: Duration, ready: Duration,
            trigger: Trigger
        ) {
            self.woke = woke
            self.from = from
            self.elapsed = elapsed
            self.queued = queued
            self.thaw = thaw
            self.ready = ready
            self.trigger = trigger
        }

        /// For a service that was awake already.
        package static func awake(_ trigger: Trigger, waited: Duration = .zero) -> WakeReport {
            WakeReport(
                woke: false, from: nil, elapsed: waited, queued: waited, thaw: .zero, ready: .zero, trigger: trigger)
        }
    }

    package enum WakeFailure: Error, Sendable, Equatable {
        case held, down, absent, ambiguous
        case failed(String)
        case timedOut
        /// Docker can't be asked.
        case engineUnavailable
    }

    package enum SleepOutcome: Sendable, Equatable {
        case asleep
        /// What stands in the way.
        case vetoed([Veto])
        case failed(String)
    }

    /// A change that history keeps.
    package struct Transition: Sendable, Equatable {
        package enum Outcome: Sendable, Equatable {
            case done
            case failed(String)
            /// Mode `observe`: it would have happened.
            case observed
        }
        package var from: ServiceState
        package var to: ServiceState
        package var depth: Depth?
        package var trigger: Trigger
        package var by: String?
        /// Null where svcd did nothing.
        package var elapsed: Duration?
        package var outcome: Outcome
        /// Where memory was handed back: what there was before and after.
        package var reclaim: ReclaimOutcome?
    }
}
