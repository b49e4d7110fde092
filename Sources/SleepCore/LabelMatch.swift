private let matchKey = "label"

extension MatchKind {
    /// `{label: role=view}`: whatever carries this label.
    static let label = MatchKind(
        key: matchKey, grammar: "KEY=VALUE", about: "a label that the container carries"
    ) { text in parts(text, "=").map { .label(key: $0, value: $1) } }
}

extension ContainerMatch {
    package static func label(key: String, value: String) -> ContainerMatch {
        ContainerMatch(matchKey, "label", "\(key)=\(value)", .labels([Label(key, value)], unless: []))
    }
}
