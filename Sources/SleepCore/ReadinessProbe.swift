/// Finds out whether a woken service answers.
package protocol ReadinessProbe: Sendable {
    /// Returns once it does.
    ///
    /// - Throws: `NotReady` when `limit` is over, with what was seen last.
    @concurrent func wait(for readiness: Readiness, of container: Container, within limit: Duration)
        async throws(NotReady)
}

/// It didn't answer in time.
package struct NotReady: Error, Sendable, CustomStringConvertible {
    package var description: String
    package init(description: String) { self.description = description }
}
