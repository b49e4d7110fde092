package import ControlTypes
package import SleepCore

extension PolicyAnswer {
    /// The policy as the daemon and `policy show --file` show it: each service's settings and where they come from.
    package init(_ policy: Policy, mode: Mode) {
        self.init(
            source: policy.source, mode: mode.rawValue, onExit: policy.onExit.rawValue,
            maxConcurrentWakes: policy.maxConcurrentWakes, notInEffect: policy.notInEffect.map(\.description),
            services: policy.services.map { service in
                let tier = policy.tiers.first { $0.name == service.tier }
                return Entry(
                    name: service.name, tier: service.tier,
                    settings: PolicyKey.allCases.map { key in
                        Setting(key: key.rawValue, value: service.text(of: key), origin: service.origin(of: key, tier))
                    })
            })
    }
}

extension Reloaded {
    /// What is told of a policy that has been loaded, or might be.
    package init(_ policy: Policy) {
        self.init(services: policy.services.count, notInEffect: policy.notInEffect.map(\.description))
    }
}

extension ServicePolicy {
    /// A setting as it would be written in the file.
    package func text(of key: PolicyKey) -> String {
        switch key {
        case .tier: tier
        case .container: container.written
        default: SettingKey.all[key]?.text(settings) ?? ""
        }
    }

    fileprivate func origin(of key: PolicyKey, _ tier: Tier?) -> String {
        if let line = lines[key] { return "line \(line)" }
        if let line = tier?.lines[key] { return "tier \(self.tier) line \(line)" }
        return PolicyAnswer.builtIn
    }
}
