/// What a look at the host has found.
package struct DoctorAnswer: Codable, Sendable {
    package struct Check: Codable, Sendable {
        package enum Verdict: String, Codable, Sendable { case ok, warning, error }
        package var name: String
        package var verdict: Verdict
        package var detail: String
        /// What to do about it; null where there is nothing to do.
        @Nullable package var remedy: String?

        package init(_ name: String, _ verdict: Verdict, _ detail: String, remedy: String? = nil) {
            self.name = name
            self.verdict = verdict
            self.detail = detail
            self.remedy = remedy
        }
    }
    package var checks: [Check]
    package init(checks: [Check]) { self.checks = checks }
}
