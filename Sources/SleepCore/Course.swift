/// What is being done with a service: one thing at a time, with what exists only while it is done.
///
/// Each case lists its exits; a function below makes each of them, and refuses any other as a fault of ours.
enum Course {
    typealias Operation = SleepMachine.Operation

    /// Nothing. Exits: `recording` (it is to sleep), `thawing` (it is to wake), `readying` (it runs, and is asked
    /// again whether it answers), `recordingStop` (it is to be stopped).
    case resting

    /// The intent to freeze it is being recorded. Exits: `freezing`; `resting` (a use came up, or the disk is full).
    case recording(Fall, Operation)

    /// Exits: `resting` (it sleeps); `doubtful` (the freeze failed).
    case freezing(Fall, Operation)

    /// A freeze failed, and a look is to tell what is true. Exits: `freezing` (once more); `resting`.
    case doubtful(Fall, SleepMachine.OperationFault)

    /// Exits: `halting`, `readying`, `resting` (it is awake); `between` (the attempt failed).
    case thawing(Wake, Operation)

    /// It runs again; memory is still being handed back. Exits: `readying`; `resting`; `between` (it sleeps again).
    case halting(Wake)

    /// It runs again, and is asked whether it answers. Exits: `resting` (it does, or never did); `between` (it sleeps
    /// again).
    case readying(Wake, Operation)

    /// An attempt failed; a look is to tell what is true, or the next attempt waits for its time. Exits: `thawing`;
    /// `halting`, `readying`, `resting` (it runs after all); `resting` (it is given up).
    case between(Wake)

    /// The intent to stop a sleeper is being recorded. Exits: `stopping`; `resting`.
    case recordingStop(Descent, Operation)

    /// Exit: `resting`, whether it was stopped or not.
    case stopping(Descent, Operation)
}

// MARK: Questions

extension Course {
    /// Whether nothing is under way: it rests, or waits for a look or for the next attempt.
    var isFree: Bool {
        switch self {
        case .resting, .doubtful, .between: true
        case .recording, .freezing, .thawing, .halting, .readying, .recordingStop, .stopping: false
        }
    }

    /// Whether a look can change what is believed now: not while containers are being changed.
    var mayLook: Bool {
        switch self {
        case .freezing, .thawing, .stopping: false
        case .resting, .recording, .doubtful, .halting, .readying, .between, .recordingStop: true
        }
    }

    /// Whether it may fall asleep soon, and is untouched yet.
    var isRecording: Bool { if case .recording = self { true } else { false } }

    var operation: Operation? {
        switch self {
        case .recording(_, let operation), .freezing(_, let operation), .thawing(_, let operation),
            .readying(_, let operation), .recordingStop(_, let operation), .stopping(_, let operation):
            operation
        case .resting, .doubtful, .halting, .between: nil
        }
    }

    var wake: Wake? {
        switch self {
        case .thawing(let wake, _), .halting(let wake), .readying(let wake, _), .between(let wake): wake
        case .resting, .recording, .freezing, .doubtful, .recordingStop, .stopping: nil
        }
    }

    /// Whether containers that run though they are owned are about to be frozen, or have just been woken.
    var isFallingOrWaking: Bool {
        switch self {
        case .recording, .freezing, .doubtful, .thawing, .halting, .readying, .between: true
        case .resting, .recordingStop, .stopping: false
        }
    }
}

// MARK: Falling asleep

extension Course {
    mutating func record(_ fall: Fall, by operation: Operation) {
        guard case .resting = self else { refuse("record a sleep") }
        self = .recording(fall, operation)
    }

    mutating func freeze(by operation: Operation) {
        switch self {
        case .recording(let fall, _), .doubtful(let fall, _): self = .freezing(fall, operation)
        default: refuse("freeze")
        }
    }

    mutating func freezeFailed(_ fault: SleepMachine.OperationFault) {
        guard case .freezing(var fall, _) = self else { refuse("doubt a freeze") }
        fall.attempts += 1
        self = .doubtful(fall, fault)
    }

    /// The sleep has come about, or is given up.
    mutating func endFall() -> Fall {
        switch self {
        case .recording(let fall, _), .freezing(let fall, _), .doubtful(let fall, _):
            self = .resting
            return fall
        default: refuse("end a sleep")
        }
    }
}

// MARK: Waking

extension Course {
    /// An attempt begins, the first or another one.
    mutating func thaw(_ wake: Wake, by operation: Operation) {
        switch self {
        case .resting, .between: self = .thawing(wake, operation)
        default: refuse("thaw")
        }
    }

    /// Docker has been given the operation of this number.
    mutating func started(_ id: UInt64, at now: Instant) {
        switch self {
        case .thawing(var wake, let operation) where operation.id == id:
            wake.started = now
            self = .thawing(wake, operation)
        case .readying(var wake, let operation) where operation.id == id:
            wake.started = now
            self = .readying(wake, operation)
        default: break  // it has ended meanwhile
        }
    }

    mutating func thawFailed(_ fault: SleepMachine.OperationFault) {
        guard case .thawing(var wake, _) = self else { refuse("fail a thaw") }
        wake.attempts += 1
        wake.fault = fault
        self = .between(wake)
    }

    /// Its containers run again: waits until handing back memory has halted.
    mutating func halt(_ wake: Wake) {
        switch self {
        case .thawing, .halting, .between: self = .halting(wake)
        default: refuse("wait for a reclaim")
        }
    }

    /// Asks whether it answers; one that runs already, too.
    mutating func ready(_ wake: Wake, by operation: Operation) {
        switch self {
        case .resting, .thawing, .halting, .between: self = .readying(wake, operation)
        default: refuse("ask for readiness")
        }
    }

    /// It sleeps (again): waits for the next attempt.
    mutating func retry(_ wake: Wake) {
        switch self {
        case .halting, .readying, .between: self = .between(wake)
        default: refuse("try a wake again")
        }
    }

    /// Memory was handed back meanwhile: it wakes from deeper than it was thought.
    mutating func wakesFromReclaimed() {
        func deeper(_ wake: Wake) -> Wake {
            var wake = wake
            wake.from = max(wake.from, .reclaimed)
            return wake
        }
        switch self {
        case .thawing(let wake, let operation): self = .thawing(deeper(wake), operation)
        case .readying(let wake, let operation): self = .readying(deeper(wake), operation)
        case .halting(let wake): self = .halting(deeper(wake))
        case .between(let wake): self = .between(deeper(wake))
        case .resting, .recording, .freezing, .doubtful, .recordingStop, .stopping: refuse("deepen a wake")
        }
    }

    /// It is awake, or the wake is given up; one that runs already needs none.
    mutating func endWake() {
        switch self {
        case .resting, .thawing, .halting, .readying, .between: self = .resting
        default: refuse("end a wake")
        }
    }
}

// MARK: Going deeper

extension Course {
    mutating func recordStop(_ descent: Descent, by operation: Operation) {
        guard case .resting = self else { refuse("record a stop") }
        self = .recordingStop(descent, operation)
    }

    mutating func stop(by operation: Operation) {
        guard case .recordingStop(let descent, _) = self else { refuse("stop") }
        self = .stopping(descent, operation)
    }

    mutating func endDescent() -> Descent {
        switch self {
        case .recordingStop(let descent, _), .stopping(let descent, _):
            self = .resting
            return descent
        default: refuse("end a stop")
        }
    }

    private func refuse(_ exit: String) -> Never { preconditionFailure("a course can't \(exit) while \(self)") }
}
