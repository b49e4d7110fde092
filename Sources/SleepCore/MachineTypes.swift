/// What goes into the sleep machine and what comes out of it.

extension Trigger {
    /// Whether it is enough that the container runs. Operators and holders of leases may go on to ask Docker for
    /// something, as an exec, which it refuses while its books say paused.
    package var isServedByKernel: Bool { self != .operator && self != .lease }
}

extension SleepMachine {
    /// The part of a service's policy that decides when it sleeps.
    package struct Rules: Sendable, Equatable {
        /// Why it never sleeps, not even by an operator's force; null: it may.
        package var neverSleeps: Veto.NeverSleeps?
        package var idleAfter: Duration
        package var minAwake: Duration
        package var wakeTimeout: Duration
        package var wakeBudget: Duration
        package var replicas: Replicas
        /// When a sleeper's memory is handed back; null: never.
        package var reclaimAfter: Duration?
        /// When a sleeper is stopped; null: never.
        package var stopAfter: Duration?
        /// Whether a thaw alone doesn't make it awake: it must answer, or what it requires must be awake.
        package var needsReadiness: Bool
        /// Why it may not fall asleep on idle, whatever happens; an operator still may put it to sleep.
        package var idleVetoes: [Veto]

        package init(_ settings: Settings, idleVetoes: [Veto] = []) {
            neverSleeps = settings.sleep == .never ? .policy : nil
            idleAfter = settings.idleAfter
            minAwake = settings.minAwake
            wakeTimeout = settings.wakeTimeout
            wakeBudget = settings.wakeBudget
            replicas = settings.replicas
            reclaimAfter = settings.reclaim?.after
            stopAfter = settings.stopAfter
            needsReadiness = !settings.requires.isEmpty || ![nil, Readiness.none].contains(settings.ready)
            self.idleVetoes = idleVetoes
        }
    }

    /// Somebody who needs the service awake.
    package struct Waiter: Sendable, Equatable {
        package var id: UInt64
        package var arrived: Instant
        /// When this waiter gives up; the policy's `wake_timeout` bounds it too.
        package var deadline: Instant
        package var trigger: Trigger
        package var by: String?

        package init(id: UInt64, arrived: Instant, deadline: Instant, trigger: Trigger, by: String? = nil) {
            self.id = id
            self.arrived = arrived
            self.deadline = deadline
            self.trigger = trigger
            self.by = by
        }
    }

    /// Somebody who wants it asleep.
    package struct SleepRequest: Sendable, Equatable {
        package var id: UInt64
        package var depth: Depth
        package var force: Bool
        package var trigger: Trigger
        package var by: String?

        package init(
            id: UInt64, depth: Depth = .frozen, force: Bool = false, trigger: Trigger = .operator, by: String? = nil
        ) {
            self.id = id
            self.depth = depth
            self.force = force
            self.trigger = trigger
            self.by = by
        }
    }

    /// What Docker said happened to a container of this service. A hint is never believed; one that
    /// contradicts what is believed leads to a look.
    package enum Hint: Sendable { case runs, paused, other }

    package enum Event: Sendable {
        /// A look or a listing has found these containers; `intents` are sleeps that the journal knows of.
        case found([Container], intents: [String: Depth])
        /// The look of this generation has found these.
        case lookFinished(generation: UInt64, [Container])
        case lookFailed(generation: UInt64)
        case hinted(Hint)
        /// The journal says these are svcd's own sleepers after all.
        case entrusted([String: Depth])
        case operationStarted(UInt64)
        case operationFinished(UInt64, OperationFault?)
        /// The kernel says that what this wake thaws runs; Docker has yet to answer.
        case containersRun(UInt64)
        case wakeRequested(Waiter)
        /// Wake it, nobody waits.
        case wakeDemanded(Trigger, by: String?)
        case sleepRequested(SleepRequest)
        /// What the meter of a running container says.
        case sampled(ActivityReading)
        /// Services that require this one and don't sleep.
        case neededBy([String])
        case reclaimFinished(UInt64, ReclaimOutcome)
        /// The kernel has let these go on, at once and without Docker: somebody needs them for something else.
        case thawed([String], Trigger)
        /// The caller went away; what it began goes on.
        case waiterLeft(UInt64)
        case leaseTaken(id: String, until: Instant)
        case leaseEnded(id: String)
        /// Null: until unpinned.
        case pinned(until: Instant?, by: String? = nil)
        case unpinned
        case modeChanged(Mode)
        case rulesChanged(Rules)
        case engineLost
        case engineBack
        /// No more sleeps; what svcd froze is woken. `startStopped`: what it stopped, too.
        case retired(startStopped: Bool, Trigger)
        case timeCame
    }

    package struct Operation: Sendable, Equatable {
        package enum Kind: Sendable, Equatable {
            /// Store the intent to put these to sleep, so deep; `unlessUsed`: not where they are found in use.
            case record([String], Depth, unlessUsed: Bool)
            /// `unlessUsed`: thaw them at once where somebody has come meanwhile.
            case freeze([String], unlessUsed: Bool)
            /// Unpause the first, start the second.
            case wake(thaw: [String], start: [String])
            /// Wait until these answer. `afterStart`: they have just been started.
            case ready([String], afterStart: Bool)
            /// Thaw these and stop them.
            case stop([String])
        }
        package var id: UInt64
        package var kind: Kind
        /// How long it may take.
        package var limit: Duration
    }

    /// Why an operation did not succeed.
    package struct OperationFault: Sendable, Equatable {
        package var message: String
        package var mayStillLand: Bool
        /// Docker said that the container was in the wanted state already.
        package var isConflict: Bool
        /// Nothing went wrong and nothing was done: the message says what stands in the way.
        package var isVeto: Bool
        /// What was waited for didn't come in time.
        package var isTimeout: Bool

        package init(
            message: String, mayStillLand: Bool = false, isConflict: Bool = false, isVeto: Bool = false,
            isTimeout: Bool = false
        ) {
            self.message = message
            self.mayStillLand = mayStillLand
            self.isConflict = isConflict
            self.isVeto = isVeto
            self.isTimeout = isTimeout
        }
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
        /// Intents whose container this service no longer has: somebody else's now, or nobody's.
        package var disowned: [String: Depth] = [:]
        package var transitions: [Transition] = []
    }

    /// What all containers of the service add up to.
    package enum Condition: Sendable, Equatable {
        /// Nobody has looked yet.
        case unknown
        case absent, ambiguous, down, held, running
        case asleep(Depth)
    }
}
