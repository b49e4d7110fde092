/// One service and its effective settings.
package struct ServicePolicy: Sendable, Equatable {
    package var name: String
    package var tier: String
    package var container: ContainerMatch
    package var settings: Settings
    /// The line that set each key on the service itself; the others come from the tier.
    package var lines: [PolicyKey: Int] = [:]

    package init(name: String, tier: String, container: ContainerMatch? = nil, settings: Settings = Settings()) {
        self.name = name
        self.tier = tier
        self.container = container ?? .name(name)
        self.settings = settings
    }
}
