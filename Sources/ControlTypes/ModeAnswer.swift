package struct ModeAnswer: Codable, Sendable {
    package var mode: String
    package init(mode: String) { self.mode = mode }
}
