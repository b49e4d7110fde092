/// An error as RFC 9457 has it.
package struct Problem: Codable, Sendable, Error {
    package var title: String
    package var status: Int
    package var detail: String
    /// Only where a sleep was refused.
    package var vetoes: [String]?
    /// Only where a policy was refused: every fault, `file:line:column: …`.
    package var errors: [String]?

    package init(_ status: Int, _ title: String, _ detail: String, vetoes: [String]? = nil, errors: [String]? = nil) {
        self.title = title
        self.status = status
        self.detail = detail
        self.vetoes = vetoes
        self.errors = errors
    }

    package static let mediaType = "application/problem+json"
}
