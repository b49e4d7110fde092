/// An error as RFC 9457 has it.
package struct Problem: Codable, Sendable, Error {
    package var title: String
    package var status: Int
    package var detail: String
    /// Only where a sleep was refused.
    package var vetoes: [String]?
    /// Why, for scripts, where there is a word for it.
    package var reason: String?
    /// Only where a policy was refused: every fault, `file:line:column: …`.
    package var errors: [String]?

    package init(
        _ status: Int, _ title: String, _ detail: String, vetoes: [String]? = nil, reason: String? = nil,
        errors: [String]? = nil
    ) {
        self.title = title
        self.status = status
        self.detail = detail
        self.vetoes = vetoes
        self.reason = reason
        self.errors = errors
    }

    /// The reason where the policy says `sleep: never`.
    package static let neverSleeps = "never-sleeps"

    /// A policy with faults, as the daemon refuses it and as `policy check` reports it.
    package static func invalidPolicy(_ faults: [String], outcome: String? = nil) -> Problem {
        let count = faults.count == 1 ? "a fault" : "\(faults.count) faults"
        return Problem(422, "policy invalid", count + (outcome.map { "; \($0)" } ?? ""), errors: faults)
    }

    package static let mediaType = "application/problem+json"
}
