internal import SleepCore

/// How a value stands in a policy: its shape, how it is read and how it is written.
struct ValueForm<Value>: Sendable {
    let schema: JSON
    /// Changes what was inherited; where the node is faulty, notes that and changes nothing. Takes the key, too.
    let read: @Sendable (YAMLNode, String, inout Value, inout NodeReader) -> Void
    /// Reads back as the same value.
    let text: @Sendable (Value) -> String
}

extension ValueForm where Value == Duration {
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        Self(
            schema: Schema.duration, read: { $2 = $3.duration($0, $1, range) ?? $2 },
            text: DurationText.format)
    }
}

extension ValueForm where Value == Duration? {
    /// `never` for none.
    static func durationOrNever(_ range: ClosedRange<Duration>) -> Self {
        Self(
            schema: Schema.either(Schema.word("never"), Schema.duration),
            read: { node, key, value, reader in
                if case .scalar("never", _, _) = node {
                    value = nil
                } else if let duration = reader.duration(node, "\(key) (or never)", range) {
                    value = duration
                }
            }, text: { $0.map(DurationText.format) ?? "never" })
    }
}

extension ValueForm where Value == Double {
    /// `70%`
    static var share: Self {
        Self(schema: Schema.share, read: { $2 = $3.share($0, $1) ?? $2 }) { share in
            let text = "\((share * 10_000).rounded() / 100)"
            return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + "%"
        }
    }
}

extension ValueForm where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of the cases.
    static func word() -> Self {
        Self(
            schema: Schema.words(Value.self), read: { $2 = $3.choice($0, $1) ?? $2 },
            text: \.rawValue)
    }
}

extension ValueForm {
    /// Some of the cases, at least one.
    static func words<Word: RawRepresentable & CaseIterable & Hashable & Sendable>() -> Self
    where Value == Set<Word>, Word.RawValue == String {
        Self(
            schema: Schema.list(of: Schema.words(Word.self), atLeast: 1),
            read: { $2 = $3.choices($0, $1) ?? $2 }
        ) { words in list(Word.allCases.filter(words.contains).map(\.rawValue)) }
    }

    /// `[a, b]`
    fileprivate static func list(_ texts: [String]) -> String { "[\(texts.joined(separator: ", "))]" }
}

extension ValueForm where Value == [String] {
    /// - Parameter expected: what its items are.
    static func texts(_ expected: String) -> Self {
        Self(
            schema: Schema.list(of: Schema.text),
            read: { $2 = $3.items($0, $1, expected) { text in text.isEmpty ? nil : text } ?? $2 }, text: list)
    }
}

extension ValueForm where Value == [AddressBlock] {
    /// `[10.0.0.7, fd00::/8]`
    static var addresses: Self {
        let expected = "an address like 10.0.0.7 or a block like 10.0.0.0/8"
        return Self(
            schema: Schema.list(of: Schema.text),
            read: { node, key, blocks, reader in
                blocks =
                    reader.items(node, key, "addresses or CIDR blocks", each: expected) { AddressBlock($0) } ?? blocks
            }, text: { list($0.map(\.description)) })
    }
}

extension ValueForm where Value == Int {
    private static var units: [(name: String, bytes: Int)] {
        [("KiB/s", 1 << 10), ("MiB/s", 1 << 20), ("GiB/s", 1 << 30), ("B/s", 1)]
    }

    /// `1KiB/s`
    static var rate: Self {
        Self(
            schema: ["type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)/s$"],
            read: { node, key, rate, reader in
                if case .scalar(let text, _, _) = node, let unit = units.first(where: { text.hasSuffix($0.name) }),
                    let number = Int(text.dropLast(unit.name.count)), (0...(1 << 20)).contains(number)
                {
                    rate = number * unit.bytes
                } else {
                    reader.fault(node.mark, "\(key) is \(node.kind), expected a rate like 1KiB/s")
                }
            }
        ) { bytes in bytes % 1024 == 0 ? "\(bytes / 1024)KiB/s" : "\(bytes)B/s" }
    }
}
