internal import SleepCore

/// The shapes that values of a policy have, as JSON Schema.
enum Schema {
    static let text: JSON = ["type": "string"]
    static let duration: JSON = ["type": "string", "pattern": "^(0|([0-9]+(d|h|m|s|ms))+)$"]
    static let share: JSON = ["type": "string", "pattern": #"^[0-9]+(\.[0-9]+)?%$"#]

    static func word(_ word: String) -> JSON { ["const": .text(word)] }

    static func words<Word: RawRepresentable & CaseIterable>(_: Word.Type) -> JSON where Word.RawValue == String {
        ["enum": .list(Word.allCases.map { .text($0.rawValue) })]
    }

    static func integer(_ range: ClosedRange<Int>) -> JSON {
        ["type": "integer", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
    }

    static func list(of item: JSON, atLeast count: Int = 0) -> JSON {
        ["type": "array", "items": item, "minItems": .number(count), "uniqueItems": true]
    }

    static func either(_ shapes: JSON...) -> JSON { ["oneOf": .list(shapes)] }

    /// A mapping with these keys and no others.
    static func mapping(_ keys: [String: JSON], required: [String] = []) -> JSON {
        [
            "type": "object", "properties": .object(keys), "required": .list(required.map(JSON.text)),
            "additionalProperties": false,
        ]
    }

    /// A mapping with just one of these keys.
    static func one(of keys: [String: JSON]) -> JSON {
        [
            "type": "object", "properties": .object(keys), "minProperties": 1, "maxProperties": 1,
            "additionalProperties": false,
        ]
    }
}

extension JSON {
    /// The same shape with a line for people.
    func described(_ about: String) -> JSON {
        guard case .object(var members) = self else { return self }
        members["description"] = .text(about)
        return .object(members)
    }
}
