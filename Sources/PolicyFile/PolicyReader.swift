internal import SleepCore

/// Walks a document and gathers faults instead of stopping at the first.
struct PolicyReader {
    let file: String
    private(set) var faults: [PolicyFault] = []

    init(file: String) { self.file = file }

    mutating func fault(_ mark: Mark, _ message: String) {
        faults.append(PolicyFault(file: file, mark: mark, message: message))
    }

    // MARK: The whole

    private static let topKeys = [
        "version", "mode", "on_exit", "max_concurrent_wakes", "pressure", "labels", "tiers", "services",
    ]

    static let wakesAtOnce = 1...1000

    mutating func read(_ root: YAMLNode) -> Policy {
        var policy = Policy()
        guard let pairs = pairs(of: root, "the keys of a policy", keys: Self.topKeys) else { return policy }
        if !pairs.contains(where: { $0.key == "version" }) {
            fault(root.mark, "no version, expected 'version: 1'")
        }
        for (key, _, value) in pairs {
            switch key {
            case "version": version(value)
            case "mode": policy.mode = choice(value, key) ?? policy.mode
            case "on_exit": policy.onExit = choice(value, key) ?? policy.onExit
            case "labels": policy.labels = choice(value, key) ?? policy.labels
            case "max_concurrent_wakes":
                policy.maxConcurrentWakes = integer(value, key, Self.wakesAtOnce) ?? policy.maxConcurrentWakes
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
        fault(node.mark, "version \(node.kind), expected 1")
    }

    private mutating func pressure(_ node: YAMLNode) -> Pressure? {
        let keys = ["memory_some_avg10"]
        guard let pairs = pairs(of: node, "{memory_some_avg10: 10%}", keys: keys) else { return nil }
        guard let first = pairs.first(where: { $0.key == keys[0] }) else {
            fault(node.mark, "pressure without a threshold, expected {memory_some_avg10: 10%}")
            return nil
        }
        return share(first.value, keys[0]).map { Pressure(memorySomeAvg10: $0) }
    }

    // MARK: Tiers and services

    private mutating func tiers(_ node: YAMLNode) -> [Tier] {
        var tiers = Tier.builtIn
        guard let pairs = pairs(of: node, "names of tiers, each with its settings", keys: nil) else { return tiers }
        for (name, mark, value) in pairs {
            guard MatchKind.isName(name) else {
                fault(mark, "tier '\(name)', expected a name of letters, digits, '.', '_' and '-'")
                continue
            }
            var tier = tiers.first { $0.name == name } ?? Tier(name: name, settings: Settings())
            let keys = PolicyKey.allCases.filter { $0 != .tier && $0 != .container }
            if !value.isNothing, let settings = self.pairs(of: value, "settings of a tier", keys: keys.map(\.rawValue))
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
        guard let pairs = pairs(of: node, "names of services, each with its tier", keys: nil) else { return [] }
        var services: [ServicePolicy] = []
        var marks: [String: Mark] = [:]
        for (name, mark, value) in pairs {
            guard MatchKind.isName(name) else {
                fault(mark, "service '\(name)', expected a name of letters, digits, '.', '_' and '-'")
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
        guard let pairs = pairs(of: node, "{tier: …} and other settings of a service", keys: keys) else { return nil }
        guard let tierPair = pairs.first(where: { $0.key == PolicyKey.tier.rawValue }) else {
            fault(mark, "service '\(name)' has no tier, expected one of \(names.joined(separator: ", "))")
            checkSettings(pairs)
            return nil
        }
        guard case .scalar(let tierName, _, _) = tierPair.value, let tier = tiers.first(where: { $0.name == tierName })
        else {
            fault(
                tierPair.value.mark,
                "unknown tier \(tierPair.value.kind), expected one of \(names.joined(separator: ", "))"
                    + suggestion(tierPair.value, names))
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
            setting.apply(value, &settings, &self)
        }
    }

    /// Settings that can't both be meant, where at least one of them stands here.
    private mutating func contradictions(
        _ settings: Settings, _ lines: [PolicyKey: Int], _ mark: Mark, _ subject: String
    ) {
        let touched = Set(lines.keys)
        if settings.wakeBudget > settings.wakeTimeout, !touched.isDisjoint(with: [.wakeBudget, .wakeTimeout]) {
            fault(
                mark,
                "\(subject): wake_budget \(DurationText.format(settings.wakeBudget)) is longer than wake_timeout "
                    + "\(DurationText.format(settings.wakeTimeout)), expected it to be shorter")
        }
        if settings.sleep == .never, lines[.sleep] != nil,
            let key = [PolicyKey.idleAfter, .stopAfter].first(where: { lines[$0] != nil })
        {
            fault(mark, "\(subject): sleep: never and \(key.rawValue) contradict each other, expected one of them")
        }
        if settings.stopAfter != nil, settings.ready == Readiness.none, touched.contains(.stopAfter) {
            fault(
                mark,
                "\(subject): stop_after and ready: none contradict each other, expected a cold start to have readiness")
        }
    }

    private mutating func checkContainers(_ services: [ServicePolicy], _ marks: [String: Mark]) {
        var owners: [ContainerMatch.Requirement: String] = [:]
        for service in services {
            if let owner = owners[service.container.requirement], let mark = marks[service.name] {
                fault(mark, "services '\(owner)' and '\(service.name)' are both on \(service.container), expected one")
            } else {
                owners[service.container.requirement] = service.name
            }
        }
    }

    private mutating func checkRequires(_ services: [ServicePolicy], _ nodes: [String: YAMLNode]) {
        let names = services.map(\.name)
        let required = Dictionary(services.map { ($0.name, $0.settings.requires) }) { first, _ in first }
        var reported: Set<String> = []
        for service in services {
            let mark = nodes[service.name]?.mark(of: PolicyKey.requires.rawValue)
            guard let mark else { continue }
            for name in service.settings.requires where required[name] == nil {
                let meant = nearestName(to: name, in: names).map { ", did you mean '\($0)'?" } ?? ""
                fault(
                    mark, "'\(service.name)' requires '\(name)', which is no service, expected one of this file\(meant)"
                )
            }
            if !reported.contains(service.name), let circle = circle(from: service.name, required) {
                reported.formUnion(circle)
                fault(mark, "requires goes in a circle: \(circle.joined(separator: " -> ")), expected no circle")
            }
        }
    }

    /// The way from a service back to itself, if there is one.
    private func circle(from start: String, _ required: [String: [String]]) -> [String]? {
        var seen: Set<String> = []
        func way(_ name: String, _ path: [String]) -> [String]? {
            for next in required[name] ?? [] {
                if next == start { return path + [next] }
                if seen.insert(next).inserted, let found = way(next, path + [next]) { return found }
            }
            return nil
        }
        return way(start, [start])
    }

    private mutating func containerMatch(_ node: YAMLNode) -> ContainerMatch? {
        let expected = "expected \(MatchKind.grammars)"
        switch node {
        case .scalar(let text, _, let mark):
            let match = MatchKind.all.first { $0.key == nil }?.make(text)
            if match == nil { fault(mark, "container \(node.kind) can't be a container's name, \(expected)") }
            return match
        case .sequence(_, let mark):
            fault(mark, "container is a list, \(expected)")
            return nil
        case .mapping(_, let mark):
            guard let pairs = pairs(of: node, expected, keys: MatchKind.all.compactMap(\.key)) else { return nil }
            guard pairs.count == 1, let pair = pairs.first, case .scalar(let text, _, let textMark) = pair.value else {
                fault(mark, "container is not one match, \(expected)")
                return nil
            }
            let match = MatchKind.all.first { $0.key == pair.key }?.make(text)
            if match == nil { fault(textMark, "\(pair.key) '\(text)', \(expected)") }
            return match
        }
    }

    // MARK: Values

    /// The pairs of a mapping, less the ones whose key is unknown or there twice.
    mutating func pairs(
        of node: YAMLNode, _ expected: String, keys: [String]?
    ) -> [(key: String, mark: Mark, value: YAMLNode)]? {
        guard case .mapping(let all, _) = node else {
            fault(node.mark, "\(node.kind), expected \(expected)")
            return nil
        }
        var kept: [(key: String, mark: Mark, value: YAMLNode)] = []
        var lines: [String: Int] = [:]
        for pair in all {
            if let line = lines[pair.key] {
                fault(pair.mark, "'\(pair.key)' is there twice, expected it only on line \(line)")
            } else if let keys, !keys.contains(pair.key) {
                let meant = nearestName(to: pair.key, in: keys).map { ", did you mean '\($0)'?" } ?? ""
                fault(pair.mark, "unknown key '\(pair.key)', expected one of \(keys.joined(separator: ", "))\(meant)")
            } else {
                lines[pair.key] = pair.mark.line
                kept.append(pair)
            }
        }
        return kept
    }

    private func suggestion(_ node: YAMLNode, _ candidates: [String]) -> String {
        guard case .scalar(let text, _, _) = node else { return "" }
        return nearestName(to: text, in: candidates).map { ", did you mean '\($0)'?" } ?? ""
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ node: YAMLNode, _ key: String) -> Choice?
    where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue)
        if case .scalar(let text, _, _) = node, let choice = Choice(rawValue: text) { return choice }
        fault(
            node.mark,
            "\(key) is \(node.kind), expected one of \(words.joined(separator: ", "))\(suggestion(node, words))")
        return nil
    }

    mutating func choices<Choice: RawRepresentable & CaseIterable & Hashable>(
        _ node: YAMLNode, _ key: String
    ) -> Set<Choice>? where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        guard case .sequence(let items, _) = node, !items.isEmpty else {
            fault(node.mark, "\(key) is \(node.kind), expected a list of \(words)")
            return nil
        }
        var chosen: Set<Choice> = []
        for item in items {
            guard let choice: Choice = choice(item, key) else { continue }
            if !chosen.insert(choice).inserted { fault(item.mark, "\(key) has \(item.kind) twice, expected it once") }
        }
        return chosen
    }

    mutating func integer(_ node: YAMLNode, _ key: String, _ range: ClosedRange<Int>) -> Int? {
        if case .scalar(let text, _, _) = node, let number = Int(text), range.contains(number) { return number }
        fault(
            node.mark, "\(key) is \(node.kind), expected a whole number from \(range.lowerBound) to \(range.upperBound)"
        )
        return nil
    }

    mutating func duration(_ node: YAMLNode, _ key: String, _ range: ClosedRange<Duration>) -> Duration? {
        let bounds = "from \(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
        guard case .scalar(let text, _, _) = node, let duration = DurationText.parse(text) else {
            var hint = ""
            if case .scalar(let text, _, _) = node, Int(text) != nil {
                // Budgets are thought of in milliseconds, everything else in seconds.
                let unit = key.hasPrefix("wake_") ? "ms" : "s"
                hint = ", did you mean '\(text.drop { $0 == "-" })\(unit)'?"
            }
            fault(node.mark, "\(key) is \(node.kind), expected a duration like 300ms, 5m or 1h30m, \(bounds)\(hint)")
            return nil
        }
        guard range.contains(duration) else {
            fault(node.mark, "\(key) is \(text), expected a duration \(bounds)")
            return nil
        }
        return duration
    }

    /// - Parameter expected: what the items are; `each` says it of one, where that reads differently.
    mutating func items<Item>(
        _ node: YAMLNode, _ key: String, _ expected: String, each: String? = nil, _ make: (String) -> Item?
    ) -> [Item]? {
        guard case .sequence(let items, _) = node else {
            fault(node.mark, "\(key) is \(node.kind), expected a list of \(expected)")
            return nil
        }
        return items.compactMap { item in
            if case .scalar(let text, _, _) = item, let made = make(text) { return made }
            fault(item.mark, "\(item.kind) in \(key), expected \(each ?? expected)")
            return nil
        }
    }

    /// `70%` as 0.7; from 0 to 100 %.
    mutating func share(_ node: YAMLNode, _ key: String) -> Double? {
        if case .scalar(let text, _, _) = node, text.hasSuffix("%"),
            text.dropLast().utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }),
            let percent = Double(text.dropLast()), (0...100).contains(percent)
        {
            return percent / 100
        }
        fault(node.mark, "\(key) is \(node.kind), expected a share like 70%")
        return nil
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
