package struct History: Codable, Sendable {
    package struct Entry: Codable, Sendable {
        package var at: String
        package var service: String
        package var from: String
        package var to: String
        @Nullable package var depth: String?
        package var trigger: String
        @Nullable package var by: String?
        @Nullable package var elapsedMs: Double?
        /// done, failed or observed; or what an operator has asked for: pin, unpin, mode …, reload.
        package var outcome: String
        @Nullable package var error: String?
        /// Where memory was handed back: what was resident before and after.
        @Nullable package var residentBeforeBytes: Int?
        @Nullable package var residentAfterBytes: Int?

        package init(
            at: String, service: String, from: String, to: String, depth: String?, trigger: String, by: String?,
            elapsedMs: Double?, outcome: String, error: String?, residentBeforeBytes: Int?, residentAfterBytes: Int?
        ) {
            self.residentBeforeBytes = residentBeforeBytes
            self.residentAfterBytes = residentAfterBytes
            self.at = at
            self.service = service
            self.from = from
            self.to = to
            self.depth = depth
            self.trigger = trigger
            self.by = by
            self.elapsedMs = elapsedMs
            self.outcome = outcome
            self.error = error
        }
    }
    /// The newest first.
    package var history: [Entry]
    package init(history: [Entry]) { self.history = history }
}
