/// What the policy file says, after inheritance: every service carries its effective settings.
package struct Policy: Sendable, Equatable {
    package var mode: Mode = .auto
    package var onExit: OnExit = .wake
    package var maxConcurrentWakes = 16
    package var pressure: Pressure?
    package var labels: LabelUse = .off
    /// In the order of the file, the built-in tiers first.
    package var tiers: [Tier] = Tier.builtIn
    /// In the order of the file, names unique.
    package var services: [ServicePolicy] = []
    /// The file this was read from, null for a policy made in code.
    package var source: String?

    package init() {}

    package func service(_ name: String) -> ServicePolicy? { services.first { $0.name == name } }
}

/// Whether svcd acts on its own.
package enum Mode: String, Sendable, CaseIterable, Codable {
    /// Idle services fall asleep.
    case auto
    /// Decides and logs, touches nothing.
    case observe
    /// Decides nothing.
    case off
}

/// What happens to sleepers when svcd stops.
package enum OnExit: String, Sendable, CaseIterable, Codable { case wake, leave }

/// Whether containers may classify themselves by label.
package enum LabelUse: String, Sendable, CaseIterable { case off, classify }

/// Above this share of time in which some task waited for memory, services sleep early.
package struct Pressure: Sendable, Equatable {
    /// 0...1, the kernel's `some avg10` of `/proc/pressure/memory` divided by 100.
    package var memorySomeAvg10: Double
    package init(memorySomeAvg10: Double) { self.memorySomeAvg10 = memorySomeAvg10 }
}
