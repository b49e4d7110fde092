/// A way in which a policy can name a container. A new one is a file like `LabelMatch.swift` and a row in `all`:
/// the reader, the schema, the suggestions, engines and listings come from these rows.
package struct MatchKind: Sendable {
    /// `{key: TEXT}` in a policy; null: the text alone.
    package let key: String?
    /// What may stand there, as told to whoever wrote something else.
    package let grammar: String
    /// One line for editors.
    package let about: String
    /// Null: the text can't be such a match.
    package let make: @Sendable (String) -> ContainerMatch?

    package static let all: [MatchKind] = [name, compose, label]

    /// `a name, {compose: PROJECT/SERVICE} or {label: KEY=VALUE}`.
    package static let grammars: String = {
        let texts = all.map { kind in kind.key.map { "{\($0): \(kind.grammar)}" } ?? kind.grammar }
        return texts.dropLast().joined(separator: ", ") + " or " + (texts.last ?? "")
    }()

    /// Two parts around a separator; null if one of them is missing.
    static func parts(_ text: String, _ separator: Character) -> (String, String)? {
        let parts = text.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        return (parts[0], parts[1])
    }
}
