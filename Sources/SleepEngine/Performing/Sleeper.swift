internal import SleepCore

/// A service as an operation finds it. What it learns goes back in an `Outcome`; nothing is looked up meanwhile.
struct Sleeper: Sendable {
    let key: UInt64
    let name: String
    let settings: Settings
    let containers: [Container]
    /// Where the kernel's freezer holds, or will hold, a container; through Docker where nothing stands here.
    let places: [String: String]

    func container(_ id: String) -> Container? { containers.first { $0.id == id } }
}

/// How an operation ended, and what it has found on the way.
struct Outcome {
    /// Null: it was done.
    var fault: SleepMachine.OperationFault?
    /// The engine did not answer: it must be asked whether it is there.
    var isSilence = false
    /// Before a fall: how each container will be frozen.
    var choices: [String: FreezerChoice] = [:]
    /// Before a fall: the containers as they are now, as far as they had to be looked at.
    var inspected: [Container] = []
    /// After a freeze by the kernel: what watches over each container.
    var watches: [String: AnyObject] = [:]

    init() {}

    init(_ fault: EngineFault?) {
        guard let fault else { return }
        isSilence = fault.isSilence
        var isConflict = false
        if case .refused(409, _) = fault { isConflict = true }
        self.fault = SleepMachine.OperationFault(
            message: fault.description, mayStillLand: fault.mayStillLand, isConflict: isConflict)
    }

    init(veto: some CustomStringConvertible) {
        fault = SleepMachine.OperationFault(message: veto.description, isVeto: true)
    }

    init(notReady why: some CustomStringConvertible, isTimeout: Bool = false, isSilence: Bool = false) {
        fault = SleepMachine.OperationFault(message: "\(why)", isTimeout: isTimeout)
        self.isSilence = isSilence
    }
}
