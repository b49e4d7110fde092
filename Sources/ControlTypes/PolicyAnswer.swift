/// The policy in effect.
package struct PolicyAnswer: Codable, Sendable {
    package struct Setting: Codable, Sendable {
        package var key: String
        /// As it would be written in the file.
        package var value: String
        /// `built-in`, `tier NAME line N` or `line N`.
        package var origin: String
        package init(key: String, value: String, origin: String) {
            self.key = key
            self.value = value
            self.origin = origin
        }
    }
    package struct Entry: Codable, Sendable {
        package var name: String
        package var tier: String
        package var settings: [Setting]
        package init(name: String, tier: String, settings: [Setting]) {
            self.name = name
            self.tier = tier
            self.settings = settings
        }
    }
    /// The origin of what no line has set.
    package static let builtIn = "built-in"

    @Nullable package var source: String?
    package var mode: String
    package var onExit: String
    package var maxConcurrentWakes: Int
    package var notInEffect: [String]
    package var services: [Entry]

    package init(
        source: String?, mode: String, onExit: String, maxConcurrentWakes: Int, notInEffect: [String],
        services: [Entry]
    ) {
        self.source = source
        self.mode = mode
        self.onExit = onExit
        self.maxConcurrentWakes = maxConcurrentWakes
        self.notInEffect = notInEffect
        self.services = services
    }
}
