package struct Why: Codable, Sendable {
    /// Something that would change the state.
    package struct Change: Codable, Sendable {
        package var what: String
        /// Null: no particular time.
        @Nullable package var at: String?
        package init(what: String, at: String?) {
            self.what = what
            self.at = at
        }
    }
    package var service: String
    package var state: String
    @Nullable package var depth: String?
    package var since: String
    package var trigger: String
    @Nullable package var by: String?
    /// Why it is in this state, a sentence each.
    package var because: [String]
    /// What keeps it from falling asleep now.
    package var vetoes: [String]
    package var changes: [Change]

    package init(
        service: String, state: String, depth: String?, since: String, trigger: String, by: String?,
        because: [String], vetoes: [String], changes: [Change]
    ) {
        self.service = service
        self.state = state
        self.depth = depth
        self.since = since
        self.trigger = trigger
        self.by = by
        self.because = because
        self.vetoes = vetoes
        self.changes = changes
    }
}
