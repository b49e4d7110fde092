/// How a service finds its containers. Made by a `MatchKind`; everything that looks for containers goes by the
/// requirement and never asks which kind it was.
package struct ContainerMatch: Sendable, Hashable, CustomStringConvertible {
    /// What a container must have to be meant.
    package enum Requirement: Sendable, Hashable {
        case name(String)
        /// All of these labels, the most specific last, and none of `unless` set to `true`. Never empty.
        case labels([Label], unless: [String])
    }

    package struct Label: Sendable, Hashable {
        package var key: String
        package var value: String
        package init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    /// The one thing by which an index finds those who may be meant; `matches` then tells who is.
    package enum Anchor: Sendable, Hashable {
        case name(String)
        case label(Label)
    }

    /// As it stands in a policy file.
    package let written: String
    /// What people call it, as in "there is no container github".
    package let description: String
    package let requirement: Requirement

    /// - Parameters:
    ///   - key: as in `{key: TEXT}`; null: the text alone.
    ///   - noun: what people call a match of this kind.
    init(_ key: String?, _ noun: String, _ text: String, _ requirement: Requirement) {
        written = key.map { "{\($0): \(text)}" } ?? text
        description = "\(noun) \(text)"
        self.requirement = requirement
    }

    /// Null where no container can be meant.
    package var anchor: Anchor? {
        switch requirement {
        case .name(let name): .name(name)
        case .labels(let labels, _): labels.last.map(Anchor.label)
        }
    }

    /// Whether a container with this name and these labels is meant.
    package func matches(name: String, label: (String) -> String?) -> Bool {
        switch requirement {
        case .name(let wanted): name == wanted
        case .labels(let labels, let refused):
            labels.allSatisfy { label($0.key) == $0.value }
                && refused.allSatisfy { label($0)?.lowercased() != "true" }
        }
    }
}
