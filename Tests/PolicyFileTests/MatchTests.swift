import PolicyFile
import SleepCore
import Testing

@Suite("a container match")
struct MatchTests {
    private static let samples: [ContainerMatch] = [
        .name("github"), .compose(project: "mcp", service: "playwright"), .label(key: "role", value: "a=b"),
    ]

    @Test("reads back as it is written, and there is a sample of every kind", arguments: samples)
    func written(match: ContainerMatch) throws {
        let text = "version: 1\nservices:\n  a: {tier: browser, container: \(match.written)}"
        let policy = try PolicyFile.parse(Array(text.utf8), file: "p.yaml")
        #expect(policy.services[0].container == match)
        #expect(Self.samples.count == MatchKind.all.count)
    }

    @Test(
        "wants all of its labels, and no one-off container",
        arguments: [
            (["project": "mcp", "service": "web"], true), (["project": "mcp"], false), (["service": "web"], false),
            (["project": "other", "service": "web"], false),
            (["project": "mcp", "service": "web", "oneoff": "False"], true),
            (["project": "mcp", "service": "web", "oneoff": "True"], false),
        ])
    func compose(labels: [String: String], isMeant: Bool) {
        let match = ContainerMatch.compose(project: "mcp", service: "web")
        #expect(match.matches(name: "any") { labels[String($0.dropFirst("com.docker.compose.".count))] } == isMeant)
    }

    @Test("by its name cares for no label, by its label for no name")
    func nameAndLabel() {
        #expect(ContainerMatch.name("a").matches(name: "a") { _ in nil })
        #expect(!ContainerMatch.name("a").matches(name: "b") { _ in "a" })
        #expect(ContainerMatch.label(key: "k", value: "v").matches(name: "b") { $0 == "k" ? "v" : nil })
        #expect(!ContainerMatch.label(key: "k", value: "v").matches(name: "v") { _ in "w" })
    }

    @Test("is found by an anchor that whatever it means has", arguments: samples)
    func anchor(match: ContainerMatch) throws {
        switch (try #require(match.anchor), match.requirement) {
        case (.name(let anchor), .name(let name)): #expect(anchor == name)
        case (.label(let anchor), .labels(let labels, _)): #expect(labels.contains(anchor))
        default: Issue.record("the anchor is none of what is required")
        }
    }
}
