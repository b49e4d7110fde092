extension MatchKind {
    /// `{label: role=view}`: whatever carries this label.
    static let label = MatchKind(
        key: "label", grammar: "KEY=VALUE", noun: "label", about: "a label that the container carries"
    ) { text in parts(text, "=").map { .label(key: $0, value: $1) } }
}

extension ContainerMatch {
    package static func label(key: String, value: String) -> ContainerMatch {
        ContainerMatch(.label, "\(key)=\(value)", .labels([Label(key, value)], unless: []))
    }
}
