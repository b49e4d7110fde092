internal import ArgumentParser
internal import ControlTypes
internal import UnixHTTP

/// What went wrong, in words and as an exit code. The one place that knows exit codes.
struct Failure: Error, CustomStringConvertible {
    static let failed: Int32 = 1
    static let notAwake: Int32 = 3
    static let usage: Int32 = 64
    static let unknownService: Int32 = 66
    static let noDaemon: Int32 = 69
    static let timedOut: Int32 = 75
    static let notPermitted: Int32 = 77
    static let invalidPolicy: Int32 = 78

    var code: Int32
    var description: String
    /// The daemon's own word for it, where it has one.
    var reason: String?

    init(_ code: Int32, _ description: String) {
        self.code = code
        self.description = description
    }

    init(_ status: Int, _ problem: Problem?) {
        code =
            switch status {
            case 400: Self.usage
            case 403: Self.notPermitted
            case 404: Self.unknownService
            case 422: Self.invalidPolicy
            case 504: Self.timedOut
            default: Self.failed
            }
        description = problem?.detail ?? "the daemon answered \(status)"
        for error in problem?.errors ?? [] { description += "\n  \(error)" }
        reason = problem?.reason
    }

    init(_ fault: HTTPFault, _ path: String) {
        switch fault {
        case .notPermitted:
            code = Self.notPermitted
            description = "\(fault); operators are members of the group that owns it (svcd): ask for it, or use sudo"
        case .unreachable:
            code = Self.noDaemon
            description = "\(fault); is svcd running? 'svcd --check' looks at the host without it"
        default:
            code = Self.noDaemon
            description = "the daemon at \(path): \(fault)"
        }
    }
}

/// Runs a command's body, prints what went wrong and exits with its code.
func reporting(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let failure as Failure {
        complain("\(failure)")
        throw ExitCode(failure.code)
    }
}
