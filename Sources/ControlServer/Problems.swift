internal import ControlTypes
internal import NIOHTTP1
internal import PolicyFile
internal import SleepCore
internal import SleepEngine

/// Every way a request can fail, as status and sentence. The one place that knows their statuses.
enum Problems {
    // MARK: Requests

    static func badRequest(_ detail: String) -> Problem { Problem(400, "bad request", detail) }

    static func parser(_ error: HTTPParserError) -> Problem {
        error == .headerOverflow
            ? Problem(431, "headers too large", "the head of a request may measure 64 KiB")
            : badRequest("this is not HTTP/1.1")
    }

    /// Answered before there is a request, without a body.
    static let headTooLarge = HTTPResponseStatus.requestHeaderFieldsTooLarge
    static let headTooSlow = HTTPResponseStatus.requestTimeout

    static func internalError(_ detail: String) -> Problem { Problem(500, "internal error", detail) }

    static func refused(_ refusal: TCPDoor.Refusal) -> Problem {
        switch refusal {
        case .webPage(let header): Problem(403, "refused", "svcd answers no web pages (\(header))")
        case .unknownHost: Problem(403, "refused", "svcd is not called that (Host); --listen-hosts names more")
        case .wrongToken: Problem(401, "refused", "the bearer token is wrong")
        }
    }

    /// What a caller needs besides the problem itself.
    static func headers(_ problem: Problem) -> HTTPHeaders {
        problem.status == 401 ? ["WWW-Authenticate": "Bearer"] : [:]
    }

    static func forbidden(_ power: ControlServer.Power) -> Problem {
        switch power {
        case .control, .hook:
            Problem(403, "not permitted here", "this socket is for hooks and leases; operators use the control socket")
        case .localCaller: Problem(401, "token needed", "over TCP all but hooks and health needs the bearer token")
        case .stranger: Problem(401, "token needed", "over TCP from elsewhere all but health needs the bearer token")
        }
    }

    static func route(_ failure: Route.Failure) -> Problem {
        switch failure {
        case .notFound: Problem(404, "not found", "there is nothing at this path")
        case .methodNotAllowed(let allow): Problem(405, "method not allowed", "this path takes \(allow)")
        }
    }

    // MARK: Verbs

    static let unhealthy = Problem(503, "unhealthy", "Docker does not answer")

    static func unknownService(_ name: String, nearest: String?) -> Problem {
        let hint = nearest.map { "; did you mean '\($0)'?" } ?? ""
        return Problem(404, "unknown service", "there is no service '\(name)'\(hint)")
    }

    static let unknownLease = Problem(404, "unknown lease", "no such lease is live, or it is somebody else's")

    static let tooManyLeases = Problem(
        429, "too many leases", "this peer holds as many leases as one may; end some, or let them expire")

    static func vetoed(_ vetoes: [Veto], _ name: String) -> Problem {
        let texts = vetoes.map(\.description)
        return Problem(
            409, "can't sleep", "'\(name)': \(texts.joined(separator: "; "))", vetoes: texts,
            reason: vetoes.contains(.neverSleeps(.policy)) ? Problem.neverSleeps : nil)
    }

    static func sleep(_ failure: String, _ name: String) -> Problem {
        Problem(503, "sleep failed", "'\(name)' could not be put to sleep: \(failure)")
    }

    static func policy(_ faults: PolicyFaults) -> Problem {
        Problem.invalidPolicy(faults.faults.map(\.description), outcome: "nothing has changed")
    }

    static func wake(_ failure: SleepMachine.WakeFailure, _ name: String) -> Problem {
        switch failure {
        case .held:
            Problem(423, "held", "someone else paused '\(name)'; an operator's wake releases it")
        case .down:
            Problem(503, "down", "'\(name)' is down: its container was stopped, and not by svcd")
        case .absent: Problem(503, "absent", "'\(name)' has no container")
        case .ambiguous: Problem(503, "ambiguous", "more than one container matches '\(name)'")
        case .failed(let why): Problem(503, "wake failed", "'\(name)' could not be woken: \(why)")
        case .engineUnavailable: Problem(503, "Docker unavailable", "'\(name)' sleeps, and Docker can't be asked")
        case .timedOut: Problem(504, "wake timed out", "'\(name)' was not awake in time")
        }
    }

    // MARK: Hooks

    static let tooManyWakes = Problem(429, "too many wakes", "this peer has woken too many services")

    static let unknownHook = Problem(404, "unknown service", "no such service")

    /// What a gateway's client may see: no names, nothing of who did what.
    static func hook(_ failure: SleepMachine.WakeFailure) -> Problem {
        switch failure {
        case .held: Problem(423, "held", "the service is held")
        case .timedOut: Problem(504, "timed out", "the service did not wake in time")
        default: Problem(503, "unavailable", "the service is unavailable")
        }
    }

    /// Seconds after which trying again makes sense, for `Retry-After`; null: not by itself.
    static func retryAfter(_ failure: SleepMachine.WakeFailure) -> Int? {
        switch failure {
        case .held: nil
        case .timedOut, .failed, .engineUnavailable: 2
        case .down, .absent, .ambiguous: 10
        }
    }
}
