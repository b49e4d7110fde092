internal import SleepCore

extension ValueForm where Value == Reclaim? {
    /// `never`, or `{after: 2m, target: 70%}`, of which each may be left to the tier.
    static var reclaim: Self {
        Self(
            schema: Schema.either(
                Schema.word("never"), Schema.mapping(["after": Schema.duration, "target": Schema.share])),
            read: read
        ) { reclaim in
            guard let reclaim else { return "never" }
            let share = ValueForm<Double>.share.text(reclaim.target)
            return "{after: \(DurationText.format(reclaim.after)), target: \(share)}"
        }
    }

    @Sendable private static func read(
        _ node: YAMLNode, _ key: String, _ value: inout Reclaim?, _ reader: inout NodeReader
    ) {
        if case .scalar("never", _, _) = node {
            value = nil
            return
        }
        let keys = ["after", "target"]
        guard let pairs = reader.pairs(of: node, "never or {after: 2m, target: 70%}", keys: keys) else { return }
        var reclaim = value ?? Reclaim(after: .seconds(120), target: 0.7)
        for pair in pairs {
            if pair.key == "after" {
                reclaim.after = reader.duration(pair.value, "after", .zero...(.seconds(30 * 86_400))) ?? reclaim.after
            } else {
                reclaim.target = reader.share(pair.value, "target") ?? reclaim.target
            }
        }
        value = reclaim
    }
}
