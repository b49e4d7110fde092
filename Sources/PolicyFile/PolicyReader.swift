internal import SleepCore

/// Walks a document from its root to the settings of each service.
struct PolicyReader {
    var nodes: NodeReader

    init(file: String) { nodes = NodeReader(file: file) }

    // MARK: The whole

    private static let topKeys = [
        "version", "mode", "on_exit", "max_concurrent_wakes", "pressure", "labels", "tiers", "services",
    ]

    static let wakesAtOnce = 1...1000

    mutating func read(_ root: YAMLNode) -> Policy {
        var policy = Policy()
        guard let pairs = nodes.pairs(of: root, "the keys of a policy", keys: Self.topKeys) else { return policy }
        if !pairs.contains(where: { $0.key == "version" }) {
            nodes.fault(root.mark, "no version, expected 'version: 1'")
        }
        for (key, _, value) in pairs {
            switch key {
            case "version": version(value)
            case "mode": policy.mode = nodes.choice(value, key) ?? policy.mode
            case "on_exit": policy.onExit = nodes.choice(value, key) ?? policy.onExit
            case "labels": policy.labels = nodes.choice(value, key) ?? policy.labels
            case "max_concurrent_wakes":
                policy.maxConcurrentWakes = nodes.integer(value, key, Self.wakesAtOnce) ?? policy.maxConcurrentWakes
            case "pressure": policy.pressure = pressure(value)
            case "tiers": policy.tiers = tiers(value)
            default: break
            }
        }
        // After the tiers, wherever they stand in the file.
        if let services = pairs.first(where: { $0.key == "services" }) {
            policy.services = self.services(services.value, tiers: policy.tiers)
        }
        return policy
    }

    private mutating func version(_ node: YAMLNode) {
        if case .scalar("1", _, _) = node { return }
        nodes.fault(node.mark, "version \(node.kind), expected 1")
    }

    private mutating func pressure(_ node: YAMLNode) -> Pressure? {
        let keys = ["memory_some_avg10"]
        guard let pairs = nodes.pairs(of: node, "{memory_some_avg10: 10%}", keys: keys) else { return nil }
        guard let first = pairs.first(where: { $0.key == keys[0] }) else {
            nodes.fault(node.mark, "pressure without a threshold, expected {memory_some_avg10: 10%}")
            return nil
        }
        return nodes.share(first.value, keys[0]).map { Pressure(memorySomeAvg10: $0) }
    }

    // MARK: Tiers and services

    private mutating func tiers(_ node: YAMLNode) -> [Tier] {
        var tiers = Tier.builtIn
        guard let pairs = nodes.pairs(of: node, "names of tiers, each with its settings", keys: nil) else {
            return tiers
        }
        for (name, mark, value) in pairs {
            guard MatchKind.isName(name) else {
                nodes.fault(mark, "tier '\(name)', expected a name of letters, digits, '.', '_' and '-'")
                continue
            }
            var tier = tiers.first { $0.name == name } ?? Tier(name: name, settings: Settings())
            let keys = PolicyKey.allCases.filter { $0 != .tier && $0 != .container }
            if !value.isNothing, let settings = nodes.pairs(of: value, "settings of a tier", keys: keys.map(\.rawValue))
            {
                apply(settings, to: &tier.settings, &tier.lines)
                contradictions(tier.settings, tier.lines, mark, "tier \(name)")
            }
            if let index = tiers.firstIndex(where: { $0.name == name }) {
                tiers[index] = tier
            } else {
                tiers.append(tier)
            }
        }
        return tiers
    }

    private mutating func services(_ node: YAMLNode, tiers: [Tier]) -> [ServicePolicy] {
        if node.isNothing { return [] }
        guard let pairs = nodes.pairs(of: node, "names of services, each with its tier", keys: nil) else { return [] }
        var services: [ServicePolicy] = []
        var marks: [String: Mark] = [:]
        for (name, mark, value) in pairs {
            guard MatchKind.isName(name) else {
                nodes.fault(mark, "service '\(name)', expected a name of letters, digits, '.', '_' and '-'")
                continue
            }
            if let service = service(name, mark, value, tiers) {
                services.append(service)
                marks[name] = mark
            }
        }
        checkContainers(services, marks)
        checkRequires(services, Dictionary(pairs.map { ($0.key, $0.value) }) { first, _ in first })
        return services
    }

    private mutating func service(
        _ name: String, _ mark: Mark, _ node: YAMLNode, _ tiers: [Tier]
    ) -> ServicePolicy? {
        let names = tiers.map(\.name)
        let keys = PolicyKey.allCases.map(\.rawValue)
        guard let pairs = nodes.pairs(of: node, "{tier: …} and other settings of a service", keys: keys) else {
            return nil
        }
        guard let tierPair = pairs.first(where: { $0.key == PolicyKey.tier.rawValue }) else {
            nodes.fault(mark, "service '\(name)' has no tier, expected one of \(names.joined(separator: ", "))")
            checkSettings(pairs)
            return nil
        }
        guard case .scalar(let tierName, _, _) = tierPair.value, let tier = tiers.first(where: { $0.name == tierName })
        else {
            nodes.fault(
                tierPair.value.mark,
                "unknown tier \(tierPair.value.kind), expected one of \(names.joined(separator: ", "))"
                    + nodes.suggestion(tierPair.value, names))
            checkSettings(pairs)
            return nil
        }
        var service = ServicePolicy(name: name, tier: tierName, settings: tier.settings)
        service.lines[.tier] = tierPair.mark.line
        if let container = pairs.first(where: { $0.key == PolicyKey.container.rawValue }) {
            service.lines[.container] = container.mark.line
            service.container = containerMatch(container.value) ?? service.container
        }
        apply(pairs, to: &service.settings, &service.lines)
        contradictions(service.settings, service.lines, mark, "service \(name)")
        return service
    }

    /// For the faults alone: a service without a tier has no settings.
    private mutating func checkSettings(_ pairs: [(key: String, mark: Mark, value: YAMLNode)]) {
        var settings = Settings()
        var lines: [PolicyKey: Int] = [:]
        apply(pairs, to: &settings, &lines)
    }

    private mutating func apply(
        _ pairs: [(key: String, mark: Mark, value: YAMLNode)], to settings: inout Settings,
        _ lines: inout [PolicyKey: Int]
    ) {
        for (name, mark, value) in pairs {
            guard let key = PolicyKey(rawValue: name), let setting = SettingKey.all[key] else { continue }
            lines[key] = mark.line
            setting.apply(value, &settings, &nodes)
        }
    }

    private mutating func containerMatch(_ node: YAMLNode) -> ContainerMatch? {
        let expected = "expected \(MatchKind.grammars)"
        switch node {
        case .scalar(let text, _, let mark):
            let match = MatchKind.all.first { $0.key == nil }?.make(text)
            if match == nil { nodes.fault(mark, "container \(node.kind) can't be a container's name, \(expected)") }
            return match
        case .sequence(_, let mark):
            nodes.fault(mark, "container is a list, \(expected)")
            return nil
        case .mapping(_, let mark):
            guard let pairs = nodes.pairs(of: node, expected, keys: MatchKind.all.compactMap(\.key)) else { return nil }
            guard pairs.count == 1, let pair = pairs.first, case .scalar(let text, _, let textMark) = pair.value else {
                nodes.fault(mark, "container is not one match, \(expected)")
                return nil
            }
            let match = MatchKind.all.first { $0.key == pair.key }?.make(text)
            if match == nil { nodes.fault(textMark, "\(pair.key) '\(text)', \(expected)") }
            return match
        }
    }
}

extension YAMLNode {
    /// Nothing stands behind the colon.
    var isNothing: Bool { if case .scalar("", false, _) = self { true } else { false } }

    /// Where the value of a key stands.
    func mark(of key: String) -> Mark? {
        guard case .mapping(let pairs, _) = self else { return nil }
        return pairs.first { $0.key == key }?.value.mark
    }
}
