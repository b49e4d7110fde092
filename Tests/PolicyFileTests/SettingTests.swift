import ControlTypes
import Foundation
import PolicyFile
import SleepCore
import Testing

@Suite("settings")
struct SettingTests {
    private static let text = """
        version: 1
        tiers:
          batch: {idle_after: 30s, wake_budget: 5s, requires: []}
        services:
          a: {tier: on-demand, container: {label: role=view}, replicas: all, idle_after: 1h30m, min_awake: 0s,
              wake_budget: 300ms, wake_timeout: 2s, reclaim: {after: 2m}, stop_after: 1h, freezer: cgroup,
              wake_on: [traffic, hook], activity: [connections], network_floor: 1500B/s, cpu_floor: 2.5%,
              ignore_sources: [10.0.0.7, "fd00::/8"], ready: {http: ":8080"}, requires: [b]}
          b: {tier: browser, reclaim: never, stop_after: never, ready: {tcp: 8931}, network_floor: 2MiB/s}
          c: {tier: batch, ready: "http://127.0.0.1:9/x"}
          d: {tier: browser, ready: {after: 2s}}
          e: {tier: high-priority, ready: none}
        """

    private func parse(_ text: String) throws -> Policy { try PolicyFile.parse(Array(text.utf8), file: "p.yaml") }

    @Test("that are printed read back as the same settings")
    func roundTrip() throws {
        let policy = try parse(Self.text)
        var again = "version: 1\ntiers: {batch: {}}\nservices:\n"
        for service in policy.services {
            let settings = PolicyKey.allCases.compactMap { key in
                let isUnsaid = key == .ready && service.settings.ready == nil
                // What is contradictory to say can't be printed and read back.
                let isIdle = service.settings.sleep == .never && (key == .idleAfter || key == .stopAfter)
                return isUnsaid || isIdle ? nil : "\(key.rawValue): \(service.text(of: key))"
            }
            again += "  \(service.name): {\(settings.joined(separator: ", "))}\n"
        }
        let second = try parse(again)
        for (one, other) in zip(policy.services, second.services) {
            #expect(one.settings == other.settings && one.container == other.container && one.tier == other.tier)
        }
        #expect(second.services.count == policy.services.count)
    }

    @Test("come from a line, a tier's line, or are built in")
    func origins() throws {
        let policy = try parse(Self.text)
        let answer = PolicyAnswer(policy, mode: policy.mode)
        func setting(_ name: String, _ key: String) -> PolicyAnswer.Setting? {
            answer.services.first { $0.name == name }?.settings.first { $0.key == key }
        }
        #expect(setting("c", "idle_after")?.origin == "tier batch line 3")
        #expect(setting("c", "ready")?.origin == "line 10")
        #expect(setting("c", "reclaim")?.origin == "built-in")
        #expect(setting("c", "reclaim")?.value == "{after: 2m, target: 70%}")
        #expect(setting("a", "container")?.value == "{label: role=view}")
        #expect(setting("a", "wake_on")?.value == "[hook, traffic]")
        #expect(setting("a", "ready")?.value == "{http: \":8080/\"}")
        #expect(setting("a", "network_floor")?.value == "1500B/s")
        #expect(setting("a", "cpu_floor")?.value == "2.5%")
        #expect(answer.services.allSatisfy { $0.settings.map(\.key) == PolicyKey.allCases.map(\.rawValue) })
    }

    @Test("are all in the schema, which is JSON, described and closed")
    func schema() throws {
        let json = try JSONSerialization.jsonObject(with: Data(PolicyFile.schema().utf8)) as? [String: Any]
        let shapes = try #require(json?["$defs"] as? [String: [String: Any]])
        for (name, missing) in [("service", []), ("tier", [PolicyKey.tier, .container])] {
            let shape = try #require(shapes[name])
            let properties = try #require(shape["properties"] as? [String: [String: Any]])
            let keys = PolicyKey.allCases.filter { !missing.contains($0) }.map(\.rawValue)
            #expect(Set(properties.keys) == Set(keys))
            #expect(properties.values.allSatisfy { $0["description"] is String })
            #expect(shape["additionalProperties"] as? Bool == false)
        }
        let top = try #require(json?["properties"] as? [String: Any])
        #expect(Set(top.keys).isSuperset(of: ["version", "mode", "on_exit", "pressure", "tiers", "services"]))
        let service = try #require(shapes["service"]?["properties"] as? [String: [String: Any]])
        let container = try #require(service["container"]?["oneOf"] as? [[String: Any]])
        let keyed = try #require(container.compactMap { $0["properties"] as? [String: Any] }.first)
        #expect(Set(keyed.keys) == Set(MatchKind.all.compactMap(\.key)))
    }

    @Test("a share is digits and a point", arguments: ["0x10%", "1e1%", "+5%", "nan%", "%", "101%", "-1%"])
    func noShare(text: String) {
        #expect(throws: PolicyFaults.self) {
            try parse("version: 1\nservices:\n  a: {tier: browser, cpu_floor: \"\(text)\"}")
        }
    }
}
