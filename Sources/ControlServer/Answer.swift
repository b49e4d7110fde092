internal import ControlTypes
internal import NIOCore
internal import NIOHTTP1
internal import SleepCore
internal import SleepEngine

/// A whole answer.
struct Answer: Sendable {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: ByteBuffer?

    init(status: HTTPResponseStatus, headers: HTTPHeaders, body: ByteBuffer? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    init(_ problem: Problem, _ more: HTTPHeaders = [:]) {
        let json = (try? Wire.encode(problem)) ?? []
        self.init(
            status: HTTPResponseStatus(statusCode: problem.status),
            headers: ["Content-Type": Problem.mediaType, "Content-Length": "\(json.count)"],
            body: ByteBuffer(bytes: json))
        headers.add(contentsOf: Problems.headers(problem))
        headers.add(contentsOf: more)
    }

    init(status: HTTPResponseStatus = .ok, json value: some Encodable) {
        do {
            let json = try Wire.encode(value)
            self.init(
                status: status, headers: ["Content-Type": "application/json", "Content-Length": "\(json.count)"],
                body: ByteBuffer(bytes: json))
        } catch {
            self.init(Problems.internalError("the answer can't be written: \(error)"))
        }
    }

    static let healthy = Answer(status: .ok, headers: ["Content-Length": "0"])
    static let empty = Answer(status: .noContent, headers: [:])

    /// For a service that is awake: always the same.
    static let awakeHook = Answer(
        status: .ok, headers: ["Content-Length": "0", "X-Svcd-State": "awake", "Server-Timing": "wake;dur=0"])

    static let unknownHook = Answer(Problems.unknownHook, ["X-Svcd-State": "unknown"])

    init(hook answer: WakeAnswer) {
        switch answer.result {
        case .success(let report):
            let milliseconds = Double((report.elapsed.microseconds + 50) / 100) / 10
            let state = answer.state == .unknown ? "unknown" : "awake"
            self.init(
                status: .ok,
                headers: [
                    "Content-Length": "0", "X-Svcd-State": state,
                    "Server-Timing": "wake;dur=\(report.woke ? milliseconds : 0)",
                ])
        case .failure(let failure):
            self.init(Problems.hook(failure), ["X-Svcd-State": answer.state.rawValue])
            if let seconds = Problems.retryAfter(failure) { headers.add(name: "Retry-After", value: "\(seconds)") }
        }
    }
}
