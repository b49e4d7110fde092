/// Why the engine didn't do what it was asked.
package enum EngineFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// It answered, and said no. 409 is "already in that state".
    case refused(status: Int, message: String)
    /// It can't be reached: nothing was begun.
    case unreachable(String)
    /// It was asked and did not answer in time, or the connection broke: it may still be done.
    case unanswered(String)
    /// It answered with something that makes no sense.
    case garbled(String)
    case cancelled

    package var description: String {
        switch self {
        case .refused(let status, let message): "Docker answered \(status): \(message)"
        case .unreachable(let why): "Docker can't be reached: \(why)"
        case .unanswered(let why): "Docker did not answer: \(why)"
        case .garbled(let why): "Docker's answer makes no sense: \(why)"
        case .cancelled: "cancelled"
        }
    }

    /// Whether the engine may still do what it was asked.
    package var mayStillLand: Bool {
        switch self {
        case .refused, .unreachable: false
        case .unanswered, .garbled, .cancelled: true
        }
    }

    /// Whether this says that the engine is gone or stuck, rather than that it refused.
    package var isSilence: Bool {
        switch self {
        case .unreachable, .unanswered: true
        case .refused, .garbled, .cancelled: false
        }
    }
}
