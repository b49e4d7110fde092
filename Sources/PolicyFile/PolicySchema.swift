internal import FoundationEssentials
internal import SleepCore

extension PolicyFile {
    /// A JSON Schema (draft 2020-12) of the policy, for editors.
    package static func schema() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(schemaValue), as: UTF8.self)
    }

    static var schemaValue: JSON {
        let settings = Dictionary(
            uniqueKeysWithValues: SettingKey.all.map { ($0.rawValue, $1.schema.described($1.about)) })
        var service = settings
        service[PolicyKey.tier.rawValue] = Schema.text.described("the tier whose settings it takes")
        service[PolicyKey.container.rawValue] = container
        let top = Schema.mapping(
            [
                "version": ["const": 1],
                "mode": Schema.words(Mode.self),
                "on_exit": Schema.words(OnExit.self),
                "max_concurrent_wakes": Schema.integer(PolicyReader.wakesAtOnce),
                "pressure": Schema.mapping(["memory_some_avg10": Schema.share], required: ["memory_some_avg10"]),
                "labels": Schema.words(LabelUse.self),
                "tiers": ["type": "object", "additionalProperties": ["$ref": "#/$defs/tier"]],
                "services": ["type": "object", "additionalProperties": ["$ref": "#/$defs/service"]],
            ], required: ["version"])
        guard case .object(var members) = top else { return top }
        members["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        members["title"] = "svcd policy"
        members["$defs"] = [
            // A tier that is named and left empty has the built-in values.
            "tier": ["type": ["object", "null"], "additionalProperties": false, "properties": .object(settings)],
            "service": Schema.mapping(service, required: [PolicyKey.tier.rawValue]),
        ]
        return .object(members)
    }

    private static var container: JSON {
        var plain: [JSON] = []
        var keyed: [String: JSON] = [:]
        for kind in MatchKind.all {
            let shape = Schema.text.described(kind.about)
            if let key = kind.key { keyed[key] = shape } else { plain.append(shape) }
        }
        return (["oneOf": .list(plain + [Schema.one(of: keyed)])] as JSON)
            .described("its container, by default the one of its own name")
    }
}
