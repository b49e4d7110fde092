@testable import SleepCore

extension SleepMachine.Event {
    /// The case's name, without what it carries.
    var name: String {
        switch self {
        case .found: "found"
        case .lookFinished: "lookFinished"
        case .lookFailed: "lookFailed"
        case .hinted: "hinted"
        case .entrusted: "entrusted"
        case .operationStarted: "operationStarted"
        case .operationFinished: "operationFinished"
        case .containersRun: "containersRun"
        case .wakeRequested: "wakeRequested"
        case .wakeDemanded: "wakeDemanded"
        case .sleepRequested: "sleepRequested"
        case .sampled: "sampled"
        case .neededBy: "neededBy"
        case .reclaimFinished: "reclaimFinished"
        case .thawed: "thawed"
        case .waiterLeft: "waiterLeft"
        case .leaseTaken: "leaseTaken"
        case .leaseEnded: "leaseEnded"
        case .pinned: "pinned"
        case .unpinned: "unpinned"
        case .modeChanged: "modeChanged"
        case .rulesChanged: "rulesChanged"
        case .engineLost: "engineLost"
        case .engineBack: "engineBack"
        case .retired: "retired"
        case .timeCame: "timeCame"
        }
    }
}
