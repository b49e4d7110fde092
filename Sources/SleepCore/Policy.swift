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

/// How a service finds its container.
package enum ContainerMatch: Sendable, Hashable, CustomStringConvertible {
    case name(String)
    case compose(project: String, service: String)
    case label(key: String, value: String)

    package var description: String {
        switch self {
        case .name(let name): "container \(name)"
        case .compose(let project, let service): "compose service \(project)/\(service)"
        case .label(let key, let value): "label \(key)=\(value)"
        }
    }

    /// Whether a container with this name and these labels is meant. One-off containers of Compose
    /// (`compose run`) never are: they are not the service.
    package func matches(name: String, label: (String) -> String?) -> Bool {
        switch self {
        case .name(let wanted): name == wanted
        case .compose(let project, let service):
            label("com.docker.compose.service") == service && label("com.docker.compose.project") == project
                && label("com.docker.compose.oneoff")?.lowercased() != "true"
        case .label(let key, let value): label(key) == value
        }
    }
}

/// Everything a tier or a service can set. The values here are the built-in defaults of `on-demand`.
package struct Settings: Sendable, Equatable {
    package var replicas: Replicas = .one
    package var sleep: SleepRule = .allowed
    package var idleAfter: Duration = .seconds(300)
    package var minAwake: Duration = .seconds(60)
    package var wakeBudget: Duration = .milliseconds(200)
    package var wakeTimeout: Duration = .seconds(10)
    /// Null: memory is never handed back.
    package var reclaim: Reclaim? = Reclaim(after: .seconds(120), target: 0.7)
    /// Null: never stopped.
    package var stopAfter: Duration?
    package var freezer: FreezerKind = .docker
    package var wakeOn: Set<WakeSource> = [.hook]
    package var activity: Set<ActivitySignal> = [.hook, .network, .cpu]
    package var networkFloorBytesPerSecond = 1024
    /// Share of one core, 0...1.
    package var cpuFloor = 0.02
    package var ignoreSources: [AddressBlock] = []
    /// Null: nothing said; the container's HEALTHCHECK counts after a stop.
    package var ready: Readiness?
    package var requires: [String] = []

    package init() {}
}

package enum Replicas: String, Sendable, CaseIterable { case one, all }
package enum SleepRule: String, Sendable, CaseIterable { case never, allowed }
package enum FreezerKind: String, Sendable, CaseIterable { case docker, cgroup }
package enum WakeSource: String, Sendable, CaseIterable { case hook, traffic }
package enum ActivitySignal: String, Sendable, CaseIterable { case hook, network, connections, cpu }

/// When cold memory is handed back, and how much of it.
package struct Reclaim: Sendable, Equatable {
    package var after: Duration
    /// 0...1 of what was resident.
    package var target: Double
    package init(after: Duration, target: Double) {
        self.after = after
        self.target = target
    }
}

/// What must be true before a woken service counts as awake.
package enum Readiness: Sendable, Equatable {
    case none
    case tcp(port: Int)
    /// `:PORT/path` at the container's own address.
    case http(port: Int, path: String)
    case url(String)
    case after(Duration)
}
