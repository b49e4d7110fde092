package struct Reloaded: Codable, Sendable {
    package var services: Int
    /// What the policy asks for and this build doesn't do yet.
    package var notInEffect: [String]
    package init(services: Int, notInEffect: [String]) {
        self.services = services
        self.notInEffect = notInEffect
    }
}
