/// A named set of defaults.
package struct Tier: Sendable, Equatable {
    package var name: String
    package var settings: Settings
    /// The line that set each key; keys that are absent have their built-in value.
    package var lines: [PolicyKey: Int] = [:]

    package init(name: String, settings: Settings) {
        self.name = name
        self.settings = settings
    }

    package static let builtIn: [Tier] = {
        var never = Settings()
        never.sleep = .never
        never.wakeBudget = .milliseconds(50)
        var browser = Settings()
        browser.idleAfter = .seconds(180)
        browser.minAwake = .seconds(120)
        browser.wakeBudget = .milliseconds(500)
        browser.reclaim = Reclaim(after: .seconds(60), target: 0.7)
        return [
            Tier(name: "high-priority", settings: never),
            Tier(name: "on-demand", settings: Settings()),
            Tier(name: "browser", settings: browser),
        ]
    }()
}
