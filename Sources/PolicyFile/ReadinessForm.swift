internal import SleepCore

extension ValueForm where Value == Readiness? {
    private static var ports: ClosedRange<Int> { 1...65_535 }
    private static var longest: Duration { .seconds(600) }
    private static var grammar: String {
        "none, an http:// URL, {tcp: PORT}, {http: \":PORT/path\"} or {after: DURATION}"
    }

    /// `none`, a URL, or one condition as a mapping; a policy that says nothing leaves it to the HEALTHCHECK.
    static var readiness: Self {
        Self(
            schema: Schema.either(
                Schema.word("none"), ["type": "string", "pattern": "^http://"],
                Schema.one(of: ["tcp": Schema.integer(ports), "http": Schema.text, "after": Schema.duration])),
            read: { node, key, readiness, reader in
                if let read = read(node, key, &reader) { readiness = read }
            }, text: text)
    }

    @Sendable private static func text(_ readiness: Readiness?) -> String {
        switch readiness {
        case nil: "HEALTHCHECK after a stop"
        case Readiness.none?: "none"
        case .tcp(let port)?: "{tcp: \(port)}"
        case .http(let port, let path)?: "{http: \":\(port)\(path)\"}"
        case .url(let url)?: url
        case .after(let time)?: "{after: \(DurationText.format(time))}"
        }
    }

    private static func read(_ node: YAMLNode, _ key: String, _ reader: inout NodeReader) -> Readiness? {
        switch node {
        case .scalar("none", _, _): return Readiness.none
        case .scalar(let text, _, _) where isURL(text): return .url(text)
        case .scalar, .sequence:
            reader.fault(node.mark, "\(key) is \(node.kind), expected \(grammar)")
            return nil
        case .mapping(_, let mark):
            guard let pairs = reader.pairs(of: node, grammar, keys: ["tcp", "http", "after"]) else { return nil }
            guard pairs.count == 1, let pair = pairs.first else {
                reader.fault(mark, "\(key) is not one condition, expected \(grammar)")
                return nil
            }
            switch pair.key {
            case "tcp": return reader.integer(pair.value, "tcp", ports).map { .tcp(port: $0) }
            case "after": return reader.duration(pair.value, "after", .zero...longest).map { .after($0) }
            default: return http(pair.value, &reader)
            }
        }
    }

    private static func http(_ node: YAMLNode, _ reader: inout NodeReader) -> Readiness? {
        if case .scalar(let text, _, _) = node {
            if isURL(text) { return .url(text) }
            let rest = text.dropFirst()
            let port = rest.prefix { $0.isNumber }
            let path = rest.dropFirst(port.count)
            if text.hasPrefix(":"), let port = Int(port), ports.contains(port), path.isEmpty || path.hasPrefix("/"),
                text.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
            {
                return .http(port: port, path: path.isEmpty ? "/" : String(path))
            }
        }
        reader.fault(node.mark, "http is \(node.kind), expected \":PORT/path\" or an http:// URL")
        return nil
    }

    private static func isURL(_ text: String) -> Bool {
        // No https: asking over TLS would say more about certificates than about readiness.
        let isHTTP = text.hasPrefix("http://") && text.count > 7
        return isHTTP && text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }
}
