/// Durations as people write them: `300ms`, `5m`, `1h30m`.
package enum DurationText {
    /// The units in falling order; a unit may appear once, larger ones first.
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Null unless the whole text is one or more whole numbers with units, in falling order: no sign,
    /// no fraction, no bare number (`0` alone is allowed), nothing above ten years.
    package static func parse(_ text: some StringProtocol) -> Duration? {
        if text == "0" { return .zero }
        var total: Int64 = 0
        var previousUnit = -1
        var rest = text.utf8[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { (48...57).contains($0) }
            guard !digits.isEmpty, digits.count <= 12, let number = Int64(String(decoding: digits, as: UTF8.self))
            else { return nil }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { !(48...57).contains($0) }
            let unitName = String(decoding: letters, as: UTF8.self)
            guard let unit = units.firstIndex(where: { $0.name == unitName }), unit > previousUnit else { return nil }
            previousUnit = unit
            rest = rest.dropFirst(letters.count)
            let (product, overflowed) = number.multipliedReportingOverflow(by: units[unit].milliseconds)
            guard !overflowed, product <= 315_576_000_000 - total else { return nil }
            total += product
        }
        return .milliseconds(total)
    }

    /// The shortest text that parses back to the same duration, in whole milliseconds: `1h30m`, `0s`.
    package static func format(_ duration: Duration) -> String {
        var rest = duration.milliseconds
        guard rest > 0 else { return "0s" }
        var text = ""
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    package var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// Milliseconds with their fraction.
    package var fractionalMilliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
    }

    /// Whole microseconds, rounded down.
    package var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    /// Seconds with their fraction.
    package var fractionalSeconds: Double { fractionalMilliseconds / 1000 }
}
