internal import FoundationEssentials

/// How values look on the wire: snake_case keys in alphabetical order, null for what is empty.
package enum Wire {
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from json: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(json))
    }

    /// RFC 3339 in UTC with milliseconds: `2026-01-31T10:00:00.123Z`.
    package static func timestamp(milliseconds: Int64) -> String {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        // Half a millisecond more, since the style cuts what binary fractions leave over.
        return Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1000).formatted(style)
    }

    /// Milliseconds since 1970 of such a timestamp; null if it is none.
    package static func milliseconds(timestamp: String) -> Int64? {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return (try? style.parse(timestamp)).map { Int64(($0.timeIntervalSince1970 * 1000).rounded()) }
    }
}

/// A value that is written as null where there is none, instead of being left out.
@propertyWrapper
package struct Nullable<Value: Codable & Sendable>: Codable, Sendable {
    package var wrappedValue: Value?

    package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}

/// An error as RFC 9457 has it.
package struct Problem: Codable, Sendable, Error {
    package var title: String
    package var status: Int
    package var detail: String
    /// Only where a sleep was refused.
    package var vetoes: [String]?
    /// Only where a policy was refused: every fault, `file:line:column: …`.
    package var errors: [String]?

    package init(_ status: Int, _ title: String, _ detail: String, vetoes: [String]? = nil, errors: [String]? = nil) {
        self.title = title
        self.status = status
        self.detail = detail
        self.vetoes = vetoes
        self.errors = errors
    }

    package static let mediaType = "application/problem+json"
}
