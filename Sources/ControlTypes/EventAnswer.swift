/// One line of the event stream.
package struct EventAnswer: Codable, Sendable {
    /// transition or daemon.
    package var kind: String
    package var at: String
    @Nullable package var transition: History.Entry?
    @Nullable package var message: String?

    package init(kind: String, at: String, transition: History.Entry?, message: String?) {
        self.kind = kind
        self.at = at
        self.transition = transition
        self.message = message
    }
}
