extension MatchKind {
    /// `github`: the container of this name.
    static let name = MatchKind(
        key: nil, grammar: "a name", about: "the container's name"
    ) { isName($0) ? .name($0) : nil }

    /// What Docker takes for a container's name, and svcd for a service's.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        return isAlphanumeric(first) && text.utf8.allSatisfy { isAlphanumeric($0) || [45, 46, 95].contains($0) }
    }
}

extension ContainerMatch {
    package static func name(_ name: String) -> ContainerMatch { ContainerMatch(nil, "container", name, .name(name)) }
}
