import SleepCore
import Testing

@testable import SleepEngine

@Suite("a listing")
struct ListingTests {
    private let compose = ContainerMatch.compose(project: "p", service: "s")

    private func list(_ entries: [(String, [String: String])], for matches: ContainerMatch...)
        -> Listing
    {
        let listed = entries.map { name, labels in
            ListedContainer(
                container: Container(id: "id of \(name)", name: name, status: .running), labels: labels)
        }
        return Listing(listed, wanted: Set(matches.compactMap(\.anchor)))
    }

    private func composed(_ service: String, _ more: [String: String] = [:]) -> [String: String] {
        more.merging(["com.docker.compose.project": "p", "com.docker.compose.service": service]) { $1 }
    }

    @Test("a name finds the container of that name, whatever its labels")
    func byName() {
        let listing = list([("s", [:]), ("ss", ["s": "s"])], for: .name("s"))
        #expect(listing.find(.match(.name("s"))).map(\.name) == ["s"])
        #expect(listing.byID.count == 2)
    }

    @Test("labels find all that carry every one of them, in the listing's order, one-off runs apart")
    func byLabels() {
        let oneOff = composed("s", ["com.docker.compose.oneoff": "True"])
        let entries = [("2", composed("s")), ("x", composed("t")), ("run", oneOff), ("1", composed("s"))]
        #expect(list(entries, for: compose).find(.match(compose)).map(\.name) == ["2", "1"])
    }

    @Test("what was not asked for at the start isn't found; an id always is")
    func wanted() {
        let listing = list([("a", [:]), ("b", [:])], for: .name("a"))
        #expect(listing.find(.match(.name("b"))).isEmpty)
        #expect(listing.find(.container("id of b")).map(\.name) == ["b"])
        #expect(listing.find(.container("id of c")).isEmpty)
    }

    @Test("services that mean the same container are each other's rivals, in the order of their names")
    func contests() {
        let label = ContainerMatch.label(key: "l", value: "1")
        let listing = list([("a", ["l": "1"]), ("b", [:])], for: .name("a"), label, .name("b"))
        let rivals = listing.contests([
            (1, "named", .match(.name("a"))), (2, "labelled", .match(label)), (3, "alone", .match(.name("b"))),
            (4, "again", .match(.name("a"))),
        ])
        #expect(rivals == [1: ["again", "labelled"], 2: ["again", "named"], 4: ["labelled", "named"]])
    }
}
