internal import SleepCore

/// Reads values of nodes, and gathers faults instead of stopping at the first.
struct NodeReader {
    let file: String
    private(set) var faults: [PolicyFault] = []

    init(file: String) { self.file = file }

    mutating func fault(_ mark: Mark, _ message: String) {
        faults.append(PolicyFault(file: file, mark: mark, message: message))
    }

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

    func suggestion(_ node: YAMLNode, _ candidates: [String]) -> String {
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
