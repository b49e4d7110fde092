extension SleepMachine {
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
        /// Wake it; no client waits.
        case wakeDemanded(Trigger, by: String?)
        case sleepRequested(SleepRequest)
        /// What the meter of a running container says.
        case sampled(ActivityReading)
        /// Services that require this one and don't sleep.
        case neededBy([String])
        case reclaimFinished(UInt64, ReclaimOutcome)
        /// The kernel has let these go on, at once and without Docker: Docker or an operator needs them to run.
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

    /// What Docker said happened to a container of this service. A hint is never believed; one that
    /// contradicts what is believed leads to a look.
    package enum Hint: Sendable { case runs, paused, other }

    /// A client, or an operator, that needs the service awake.
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

    /// An operator's wish, or that of memory pressure, that it be asleep.
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
}
