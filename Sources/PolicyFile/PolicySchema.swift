internal import SleepCore

extension PolicyFile {
    /// A JSON Schema (draft 2020-12) of the policy, for editors.
    package static var schema: String {
        func property(_ key: PolicyKey) -> String {
            switch key {
            case .tier: #""tier": {"type": "string", "description": "the tier whose settings it takes"}"#
            case .container:
                #""container": {"description": "its container, by default the one of its own name", "oneOf": [{"type": "string"}, {"type": "object", "properties": {"compose": {"type": "string"}, "label": {"type": "string"}}, "minProperties": 1, "maxProperties": 1, "additionalProperties": false}]}"#
            default:
                SettingKey.all[key].map {
                    "\"\(key.rawValue)\": {\"description\": \"\($0.about)\", \"allOf\": [\($0.schema)]}"
                } ?? ""
            }
        }
        let tier = PolicyKey.allCases.filter { $0 != .tier && $0 != .container }.map(property)
        let service = PolicyKey.allCases.map(property)
        let separator = ",\n        "
        return """
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "svcd policy",
              "type": "object",
              "required": ["version"],
              "additionalProperties": false,
              "properties": {
                "version": {"const": 1},
                "mode": {"enum": ["auto", "observe", "off"]},
                "on_exit": {"enum": ["wake", "leave"]},
                "max_concurrent_wakes": {"type": "integer", "minimum": 1, "maximum": 1000},
                "pressure": {"type": "object", "properties": {"memory_some_avg10": {"type": "string"}}, "required": ["memory_some_avg10"], "additionalProperties": false},
                "labels": {"enum": ["off", "classify"]},
                "tiers": {"type": "object", "additionalProperties": {"$ref": "#/$defs/tier"}},
                "services": {"type": "object", "additionalProperties": {"$ref": "#/$defs/service"}}
              },
              "$defs": {
                "tier": {
                  "type": ["object", "null"],
                  "additionalProperties": false,
                  "properties": {
                    \(tier.joined(separator: separator))
                  }
                },
                "service": {
                  "type": "object",
                  "required": ["tier"],
                  "additionalProperties": false,
                  "properties": {
                    \(service.joined(separator: separator))
                  }
                }
              }
            }
            """
    }
}
