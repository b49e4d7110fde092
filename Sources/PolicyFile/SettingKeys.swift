internal import SleepCore

/// What one key of a service or tier may hold, what it means, and how it becomes a setting.
struct SettingKey: Sendable {
    /// One line for people, in the schema and in editors.
    var about: String
    /// A JSON Schema for the value.
    var schema: String
    var apply: @Sendable (YAMLNode, inout Settings, inout PolicyReader) -> Void

    private static let durationSchema = #"{"type": "string", "pattern": "^(0|([0-9]+(d|h|m|s|ms))+)$"}"#
    private static let shareSchema = #"{"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?%$"}"#
    private static let never = #"{"const": "never"}"#

    private static func words(_ words: [String]) -> String {
        #"{"enum": ["# + words.map { "\"\($0)\"" }.joined(separator: ", ") + "]}"
    }

    private static func list(_ item: String, atLeast count: Int) -> String {
        #"{"type": "array", "items": "# + item + #", "minItems": \#(count), "uniqueItems": true}"#
    }

    private static func either(_ first: String, _ second: String...) -> String {
        #"{"oneOf": ["# + ([first] + second).joined(separator: ", ") + "]}"
    }

    /// Every key but `tier` and `container`, which are not settings.
    static let all: [PolicyKey: SettingKey] = [
        .replicas: SettingKey(
            about: "one: several matches are ambiguous and none is touched; all: they sleep and wake together",
            schema: words(Replicas.allCases.map(\.rawValue))
        ) { $1.replicas = $2.choice($0, "replicas") ?? $1.replicas },
        .sleep: SettingKey(about: "whether it may sleep at all", schema: words(SleepRule.allCases.map(\.rawValue))) {
            $1.sleep = $2.choice($0, "sleep") ?? $1.sleep
        },
        .idleAfter: SettingKey(about: "how long unused before it is frozen", schema: durationSchema) {
            $1.idleAfter = $2.duration($0, "idle_after", .milliseconds(100)...(.seconds(30 * 86_400))) ?? $1.idleAfter
        },
        .minAwake: SettingKey(about: "shortest time awake between two sleeps", schema: durationSchema) {
            $1.minAwake = $2.duration($0, "min_awake", .zero...(.seconds(30 * 86_400))) ?? $1.minAwake
        },
        .wakeBudget: SettingKey(about: "how long a wake may take", schema: durationSchema) {
            $1.wakeBudget = $2.duration($0, "wake_budget", .milliseconds(1)...(.seconds(600))) ?? $1.wakeBudget
        },
        .wakeTimeout: SettingKey(about: "when a wake is given up and reported failed", schema: durationSchema) {
            $1.wakeTimeout = $2.duration($0, "wake_timeout", .milliseconds(10)...(.seconds(600))) ?? $1.wakeTimeout
        },
        .reclaim: SettingKey(
            about: "when memory is handed back, and how much of it",
            schema: either(
                never,
                #"{"type": "object", "properties": {"after": \#(durationSchema), "target": \#(shareSchema)}, "required": ["after", "target"], "additionalProperties": false}"#
            ),
            apply: reclaim),
        .stopAfter: SettingKey(
            about: "how long asleep before the container is stopped", schema: either(never, durationSchema)
        ) { node, settings, reader in
            if case .scalar("never", _, _) = node {
                settings.stopAfter = nil
            } else {
                settings.stopAfter = reader.duration(
                    node, "stop_after (or never)", .seconds(1)...(.seconds(365 * 86_400)))
            }
        },
        .freezer: SettingKey(
            about: "docker: the Engine's pause; cgroup: the kernel's freezer directly",
            schema: words(FreezerKind.allCases.map(\.rawValue))
        ) { $1.freezer = $2.choice($0, "freezer") ?? $1.freezer },
        .wakeOn: SettingKey(
            about: "what wakes it", schema: list(words(WakeSource.allCases.map(\.rawValue)), atLeast: 1)
        ) { $1.wakeOn = $2.choices($0, "wake_on") ?? $1.wakeOn },
        .activity: SettingKey(
            about: "what counts as use", schema: list(words(ActivitySignal.allCases.map(\.rawValue)), atLeast: 1)
        ) { $1.activity = $2.choices($0, "activity") ?? $1.activity },
        .networkFloor: SettingKey(
            about: "traffic below it is not use",
            schema: #"{"type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)/s$"}"#, apply: networkFloor),
        .cpuFloor: SettingKey(about: "CPU below it, as a share of one core, is not use", schema: shareSchema) {
            $1.cpuFloor = $2.share($0, "cpu_floor") ?? $1.cpuFloor
        },
        .ignoreSources: SettingKey(
            about: "addresses or CIDR blocks that neither wake it nor count as use",
            schema: list(#"{"type": "string"}"#, atLeast: 0), apply: ignoreSources),
        .ready: SettingKey(
            about: "what must be true before it counts as awake",
            schema: either(
                #"{"const": "none"}"#, #"{"type": "string", "pattern": "^http://"}"#,
                #"{"type": "object", "properties": {"tcp": {"type": "integer", "minimum": 1, "maximum": 65535}, "http": {"type": "string"}, "after": \#(durationSchema)}, "minProperties": 1, "maxProperties": 1, "additionalProperties": false}"#
            ),
            apply: ready),
        .requires: SettingKey(
            about: "services woken with it, and kept awake while it is",
            schema: list(#"{"type": "string"}"#, atLeast: 0)
        ) { node, settings, reader in
            settings.requires = reader.texts(node, "requires", "names of services") ?? settings.requires
        },
    ]

    @Sendable private static func reclaim(_ node: YAMLNode, _ settings: inout Settings, _ reader: inout PolicyReader) {
        if case .scalar("never", _, _) = node {
            settings.reclaim = nil
            return
        }
        let expected = "never or {after: 2m, target: 70%}"
        guard let pairs = reader.pairs(of: node, expected, keys: ["after", "target"]) else { return }
        var reclaim = settings.reclaim ?? Reclaim(after: .seconds(120), target: 0.7)
        for pair in pairs {
            if pair.key == "after" {
                reclaim.after = reader.duration(pair.value, "after", .zero...(.seconds(30 * 86_400))) ?? reclaim.after
            } else {
                reclaim.target = reader.share(pair.value, "target") ?? reclaim.target
            }
        }
        settings.reclaim = reclaim
    }

    @Sendable private static func networkFloor(
        _ node: YAMLNode, _ settings: inout Settings, _ reader: inout PolicyReader
    ) {
        let units = [("KiB/s", 1 << 10), ("MiB/s", 1 << 20), ("GiB/s", 1 << 30), ("B/s", 1)]
        if case .scalar(let text, _, _) = node, let unit = units.first(where: { text.hasSuffix($0.0) }),
            let number = Int(text.dropLast(unit.0.count)), (0...(1 << 20)).contains(number)
        {
            settings.networkFloorBytesPerSecond = number * unit.1
        } else {
            reader.fault(node.mark, "network_floor is \(node.kind), expected a rate like 1KiB/s")
        }
    }

    @Sendable private static func ignoreSources(
        _ node: YAMLNode, _ settings: inout Settings, _ reader: inout PolicyReader
    ) {
        guard case .sequence(let items, _) = node else {
            reader.fault(node.mark, "ignore_sources is \(node.kind), expected a list of addresses or CIDR blocks")
            return
        }
        settings.ignoreSources = items.compactMap { item in
            if case .scalar(let text, _, _) = item, let block = AddressBlock(text) { return block }
            reader.fault(
                item.mark,
                "\(item.kind) in ignore_sources, expected an address like 10.0.0.7 or a block like 10.0.0.0/8")
            return nil
        }
    }

    @Sendable private static func ready(_ node: YAMLNode, _ settings: inout Settings, _ reader: inout PolicyReader) {
        let expected = "none, an http:// URL, {tcp: PORT}, {http: \":PORT/path\"} or {after: DURATION}"
        switch node {
        case .scalar("none", _, _):
            settings.ready = Readiness.none
        case .scalar(let text, _, _) where isURL(text):
            settings.ready = .url(text)
        case .scalar, .sequence:
            reader.fault(node.mark, "ready is \(node.kind), expected \(expected)")
        case .mapping(_, let mark):
            guard let pairs = reader.pairs(of: node, expected, keys: ["tcp", "http", "after"]) else { return }
            guard pairs.count == 1, let pair = pairs.first else {
                reader.fault(mark, "ready is not one condition, expected \(expected)")
                return
            }
            switch pair.key {
            case "tcp":
                if let port = reader.integer(pair.value, "tcp", 1...65_535) { settings.ready = .tcp(port: port) }
            case "after":
                if let time = reader.duration(pair.value, "after", .zero...(.seconds(600))) {
                    settings.ready = .after(time)
                }
            default: http(pair.value, &settings, &reader)
            }
        }
    }

    private static func http(_ node: YAMLNode, _ settings: inout Settings, _ reader: inout PolicyReader) {
        if case .scalar(let text, _, _) = node {
            if isURL(text) {
                settings.ready = .url(text)
                return
            }
            let rest = text.dropFirst()
            let port = rest.prefix { $0.isNumber }
            let path = rest.dropFirst(port.count)
            if text.hasPrefix(":"), let port = Int(port), (1...65_535).contains(port),
                path.isEmpty || path.hasPrefix("/"),
                text.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
            {
                settings.ready = .http(port: port, path: path.isEmpty ? "/" : String(path))
                return
            }
        }
        reader.fault(node.mark, "http is \(node.kind), expected \":PORT/path\" or an http:// URL")
    }

    private static func isURL(_ text: String) -> Bool {
        // No https: asking over TLS would say more about certificates than about readiness.
        let isHTTP = text.hasPrefix("http://") && text.count > 7
        return isHTTP && text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }
}

extension PolicyReader {
    mutating func texts(_ node: YAMLNode, _ key: String, _ expected: String) -> [String]? {
        guard case .sequence(let items, _) = node else {
            fault(node.mark, "\(key) is \(node.kind), expected a list of \(expected)")
            return nil
        }
        return items.compactMap { item in
            if case .scalar(let text, _, _) = item, !text.isEmpty { return text }
            fault(item.mark, "\(item.kind) in \(key), expected \(expected)")
            return nil
        }
    }
}
