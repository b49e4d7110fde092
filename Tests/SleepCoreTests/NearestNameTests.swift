import SleepCore
import Testing

@Suite("the nearest name")
struct NearestNameTests {
    private let names = ["github", "gitlab", "playwright", "fetch", "db"]

    @Test(
        "a letter that differs, is missing, is extra or is swapped, and capitals",
        arguments: [
            ("githab", "github"), ("githb", "github"), ("githhub", "github"), ("githbu", "github"),
            ("GitHub", "github"), ("plawyright", "playwright"), ("fecth", "fetch"), ("d", "db"), ("dbs", "db"),
        ])
    func near(text: String, name: String) {
        #expect(nearestName(to: text, in: names) == name)
    }

    @Test("more than a third of the letters is another name", arguments: ["", "gateway", "fox", "playing", "xx"])
    func far(text: String) {
        #expect(nearestName(to: text, in: names) == nil)
    }

    @Test("of two that are as near the first, and the nearer one wherever it stands")
    func several() {
        #expect(nearestName(to: "gitxxb", in: ["github", "gitlab"]) == "github")
        #expect(nearestName(to: "gitlub", in: ["github", "gitlub", "gitlab"]) == "gitlub")
    }

    @Test("there may be nothing to choose from, and no name is too long to be asked for")
    func extremes() {
        #expect(nearestName(to: "a", in: [String]()) == nil)
        let long = String(repeating: "a", count: 300)
        #expect(nearestName(to: long, in: [long, "b"]) == nil)
    }
}
