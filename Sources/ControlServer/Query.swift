internal import SleepCore

/// The parameters behind the question mark; the last of a name counts.
struct Query: Sendable {
    private let values: [String: String]

    init(_ text: Substring?) {
        var values: [String: String] = [:]
        for pair in text?.split(separator: "&") ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = unescaped(parts[0]) else { continue }
            values[name] = parts.count == 2 ? unescaped(parts[1]) ?? "" : ""
        }
        self.values = values
    }

    subscript(_ name: String) -> String? { values[name] }

    /// Null where it isn't given.
    ///
    /// - Throws: a 400 that says what was expected.
    func duration(_ name: String, in range: ClosedRange<Duration>) throws -> Duration? {
        guard let text = values[name] else { return nil }
        guard let duration = DurationText.parse(text), range.contains(duration) else {
            throw Problems.badRequest(
                "\(name) is '\(text)', expected a duration like 300ms, 5m or 1h30m, from "
                    + "\(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))")
        }
        return duration
    }

    /// Null where it isn't given.
    ///
    /// - Throws: a 400 that says what was expected.
    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw Problems.badRequest("\(name) is '\(text)', expected \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func flag(_ name: String) throws -> Bool {
        switch values[name] {
        case nil, "false", "0": return false
        case "true", "1", "": return true
        case let text?: throw Problems.badRequest("\(name) is '\(text)', expected true or false")
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) throws -> Choice?
    where Choice.RawValue == String {
        guard let text = values[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problems.badRequest("\(name) is '\(text)', expected one of \(words)")
        }
        return choice
    }
}
