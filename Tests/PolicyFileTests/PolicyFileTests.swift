import PolicyFile
import SleepCore
import Testing

@Suite("a policy file")
struct PolicyFileTests {
    private func parse(_ text: String) throws(PolicyFaults) -> Policy {
        try PolicyFile.parse(Array(text.utf8), file: "p.yaml")
    }

    /// The faults of a text, a line each.
    private func faults(_ text: String) -> [String] {
        do {
            _ = try parse(text)
            return []
        } catch {
            return error.faults.map(\.description)
        }
    }

    @Test("gives services their tier's settings, and lets them override any")
    func inheritance() throws {
        let policy = try parse(
            """
            version: 1
            tiers:
              on-demand: {idle_after: 1m}
              batch: {idle_after: 30s, wake_budget: 5s}
            services:
              github: {tier: on-demand, min_awake: 5s}
              import: {tier: batch, container: {compose: etl/import}}
              gateway: {tier: high-priority}
              view: {tier: browser, container: {label: role=view}, replicas: all}
            """)
        let github = try #require(policy.service("github"))
        #expect(github.settings.idleAfter == .seconds(60))
        #expect(github.settings.minAwake == .seconds(5))
        #expect(github.settings.wakeBudget == .milliseconds(200))
        #expect(github.lines[.minAwake] == 6)
        #expect(policy.service("import")?.container == .compose(project: "etl", service: "import"))
        #expect(policy.service("import")?.settings.wakeBudget == .seconds(5))
        #expect(policy.service("gateway")?.settings.sleep == .never)
        #expect(policy.service("gateway")?.settings.wakeBudget == .milliseconds(50))
        #expect(policy.service("view")?.settings.idleAfter == .seconds(180))
        #expect(policy.services.map(\.name) == ["github", "import", "gateway", "view"])
    }

    @Test("takes every key of the contract")
    func everyKey() throws {
        let policy = try parse(
            """
            version: 1
            mode: observe
            on_exit: leave
            max_concurrent_wakes: 4
            pressure: {memory_some_avg10: 10%}
            labels: classify
            services:
              a: {tier: on-demand, container: aa, replicas: one, sleep: allowed, idle_after: 1h30m, min_awake: 0s,
                  wake_budget: 300ms, wake_timeout: 2s, reclaim: {after: 2m, target: 70%}, stop_after: 1h,
                  freezer: cgroup, wake_on: [hook, traffic], activity: [hook, network, connections, cpu],
                  network_floor: 2KiB/s, cpu_floor: 5%, ignore_sources: [10.0.0.7, "fd00::/8"],
                  ready: {http: ":8080/health"}, requires: [b]}
              b: {tier: browser, reclaim: never, stop_after: never, ready: {tcp: 8931}}
              c: {tier: browser, ready: "http://127.0.0.1:9/x"}
              d: {tier: browser, ready: {after: 2s}}
              e: {tier: browser, ready: none}
            """)
        let first = try #require(policy.service("a")).settings
        #expect(first.idleAfter == .seconds(5400))
        #expect(first.reclaim == Reclaim(after: .seconds(120), target: 0.7))
        #expect(first.networkFloorBytesPerSecond == 2048)
        #expect(first.ready == .http(port: 8080, path: "/health"))
        #expect(policy.service("b")?.settings.reclaim == nil)
        #expect(policy.service("b")?.settings.ready == .tcp(port: 8931))
        #expect(policy.service("c")?.settings.ready == .url("http://127.0.0.1:9/x"))
        #expect(policy.pressure == Pressure(memorySomeAvg10: 0.1))
        // What isn't built is named, each by its service.
        let notes = policy.notInEffect.map(\.description)
        for key in ["labels"] {
            #expect(notes.contains { $0.hasPrefix("\(key) is not in effect") }, "\(key)")
        }
    }

    @Test(
        "names what is wrong, where, and what was expected",
        arguments: [
            (
                "version: 1\nservices:\n  a: {tier: on-demnad}",
                "p.yaml:3:13: unknown tier 'on-demnad', expected one of high-priority, on-demand, browser,"
                    + " did you mean 'on-demand'?"
            ),
            ("version: 1\nservices:\n  a: {tier: browser, idle_aftr: 1m}", "p.yaml:3:22: unknown key 'idle_aftr'"),
            ("version: 1\nservices:\n  a: {tier: browser, idle_aftr: 1m}", "did you mean 'idle_after'?"),
            ("version: 1\nservices:\n  a: {tier: browser, idle_after: 5}", "did you mean '5s'?"),
            (
                "version: 1\nservices:\n  a: {tier: browser, idle_after: -5m}",
                "p.yaml:3:34: idle_after is '-5m', expected a duration"
            ),
            (
                "version: 1\nservices:\n  a: {tier: browser, idle_after: 9999h}",
                "idle_after is 9999h, expected a duration from 100ms to 30d"
            ),
            ("version: 1\nservices:\n  a: {tier: browser, idle_after: [1m]}", "idle_after is a list"),
            (
                "version: 1\nservices:\n  a: {tier: browser, reclaim: {after: 1m, target: 70}}",
                "target is '70', expected a share like 70%"
            ),
            (
                "version: 1\nservices:\n  a: {tier: browser}\n  a: {tier: browser}",
                "p.yaml:4:3: 'a' is there twice, expected it only on line 3"
            ),
            (
                "version: 1\nservices:\n  a: {tier: browser, container: x}\n  b: {tier: browser, container: x}",
                "services 'a' and 'b' are both on container x"
            ),
            (
                "version: 1\nservices:\n  a: {tier: browser, requires: [c]}\n  b: {tier: browser}",
                "'a' requires 'c', which is no service"
            ),
            (
                "version: 1\nservices:\n  a: {tier: browser, requires: [b]}\n  b: {tier: browser, requires: [a]}",
                "requires goes in a circle: a -> b -> a"
            ),
            ("version: 1\nservices:\n  a: {tier: browser, container: ../x}", "can't be a container's name"),
            ("version: 1\nservices:\n  a: {tier: browser, container: {compose: x}}", "compose 'x', expected a name"),
            (
                "version: 1\nservices:\n  a: {}",
                "service 'a' has no tier, expected one of high-priority, on-demand, browser"
            ),
            (
                "version: 1\nservices:\n  a: {tier: browser, wake_budget: 20s}",
                "wake_budget 20s is longer than wake_timeout 10s"
            ),
            ("version: 1\nservices:\n  a: {tier: browser, sleep: never, idle_after: 1m}", "contradict each other"),
            (
                "version: 1\nservices:\n  a: {tier: browser, activity: []}",
                "activity is an empty list, expected a list of hook"
            ),
            (
                "version: 1\nservices:\n  a: {tier: browser, ignore_sources: [10.0.0.0/33]}",
                "'10.0.0.0/33' in ignore_sources"
            ),
            (
                "version: 1\nservices:\n  a: {tier: browser, ready: {tcp: 99999}}",
                "tcp is '99999', expected a whole number from 1 to 65535"
            ),
            ("version: 2", "p.yaml:1:10: version '2', expected 1"),
            ("mode: auto", "p.yaml:1:1: no version, expected 'version: 1'"),
            ("version: 1\nmode: atuo", "did you mean 'auto'?"),
            ("version: 1\nservices: [a, b]", "p.yaml:2:11: a list, expected names of services"),
            ("", "p.yaml: empty, expected at least 'version: 1'"),
            ("# nothing\n", "p.yaml: empty"),
            ("version: 1\n---\nversion: 1", "a second document"),
            ("version: [1", "p.yaml:2:1: not YAML"),
            ("a: &x [1]\nb: *x", "p.yaml:2:4: an alias"),
        ])
    func faults(text: String, expected: String) {
        let found = faults(text)
        #expect(found.contains { $0.contains(expected) }, "\(found)")
    }

    @Test("lists all faults, not just the first")
    func allFaults() {
        let found = faults(
            """
            version: 1
            mode: atuo
            servces: {}
            services:
              a: {tier: browser, idle_after: 5, wake_budget: soon, colour: red}
              b: {tier: brwoser}
            """)
        #expect(found.count == 6, "\(found)")
    }

    @Test("that is no text is refused where it breaks")
    func notUTF8() {
        let text = Array("version: 1\nmode: ".utf8) + [0xFF, 0xFE]
        #expect(throws: PolicyFaults.self) { try PolicyFile.parse(text, file: "p.yaml") }
        do {
            _ = try PolicyFile.parse(text, file: "p.yaml")
        } catch {
            #expect(error.description == "p.yaml:2:7: not UTF-8, expected plain text")
        }
    }

    @Test(
        "of enormous nesting or exploding aliases is refused at once",
        arguments: [
            String(repeating: "[", count: 1_000_000), String(repeating: "{a: ", count: 200_000),
            String(repeating: "- ", count: 400_000), String(repeating: "x", count: 10_000_000),
            "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]",
        ])
    func bombs(text: String) {
        let clock = ContinuousClock()
        let began = clock.now
        #expect(!faults(text).isEmpty)
        #expect(clock.now - began < .seconds(5))
    }

    @Test("that others may write is refused")
    func permissions() async throws {
        let path = "/tmp/svcd-policy-\(UInt64.random(in: 0 ... .max)).yaml"
        try writeFile(path, "version: 1\n", mode: 0o646)
        defer { removeFile(path) }
        #expect(throws: PolicyFaults.self) { try PolicyFile.load(path) }
        try writeFile(path, "version: 1\n", mode: 0o644)
        #expect(try PolicyFile.load(path).services.isEmpty)
        #expect(throws: PolicyFaults.self) { try PolicyFile.load(path + ".missing") }
        #expect(throws: PolicyFaults.self) { try PolicyFile.load("/tmp") }
    }

    @Test("durations read and write alike", arguments: ["300ms", "5m", "1h30m", "1d", "2s500ms", "0s"])
    func durations(text: String) throws {
        #expect(DurationText.format(try #require(DurationText.parse(text))) == text)
    }

    @Test(
        "what is no duration is none",
        arguments: ["", "5", "m", "5 m", "-5m", "+5m", "1.5h", "5m1h", "5m5m", "99999999999999d", "1e3s"])
    func noDurations(text: String) { #expect(DurationText.parse(text) == nil) }

    @Test("policies that ship are fine")
    func shipped() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let none = try PolicyFile.load("/\(root)/policies/default.yaml")
        #expect(none.services.isEmpty && none.tiers.count == 3)
        let gateway = try PolicyFile.load("/\(root)/policies/mcp-gateway.yaml")
        func tier(_ name: String) -> [String] { gateway.services.filter { $0.tier == name }.map(\.name) }
        #expect(tier("high-priority") == ["gateway", "service-manager", "filesystem", "memory"])
        #expect(tier("on-demand") == ["github", "fetch", "git-mcp", "tavily"])
        #expect(tier("browser") == ["chrome-devtools", "playwright", "puppeteer"])
        #expect(
            gateway.tiers.map(\.settings.wakeBudget) == [.milliseconds(50), .milliseconds(200), .milliseconds(500)])
    }
}
