internal import FoundationEssentials

/// How values look on the wire: snake_case keys in alphabetical order, null for what is empty.
///
/// This target is what daemon and command have in common: the requests' answers, a file each, and where things
/// are by default. Times are RFC 3339 in UTC, latencies milliseconds, names as in the policy. Scripts of other
/// people lean on every key: adding one is welcome, renaming or dropping one is not. It knows neither the engine
/// nor HTTP; who makes an answer of the engine's values is ControlServer.
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
