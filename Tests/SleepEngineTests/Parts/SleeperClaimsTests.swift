import SleepCore
import Testing

@testable import SleepEngine

@Suite("claims to sleepers of the journal")
struct SleeperClaimsTests {
    private func intent(_ container: String, _ depth: Depth = .frozen, boot: String = "now") -> Journal.Intent {
        Journal.Intent(
            container: container, service: "service of \(container)", depth: depth, beganMilliseconds: 1, boot: boot)
    }

    private func container(_ id: String, _ status: Container.Status = .paused) -> Container {
        Container(id: id, name: id, status: status)
    }

    @Test("a service gets its containers' sleepers at their depths, and nothing of others")
    func claimed() {
        var claims = SleeperClaims([intent("a"), intent("b", .stopped), intent("c")], boot: "now")
        let claimed = claims.claim([container("a"), container("b", .down), container("x")])
        #expect(claimed == .init(sleepers: ["a": .frozen, "b": .stopped]))
    }

    @Test("who claims a container first has it")
    func twice() {
        var claims = SleeperClaims([intent("a")], boot: "now")
        _ = claims.claim([container("a")])
        let second = claims.claim([container("a")])
        #expect(second == .init())
        let rest = claims.conclude(["a": container("a")])
        #expect(rest == .init())
    }

    @Test("a pause from since the host was started is not svcd's; what it stopped before still is")
    func boot() {
        var claims = SleeperClaims([intent("a", boot: "before"), intent("b", .stopped, boot: "before")], boot: "now")
        let claimed = claims.claim([container("a"), container("b", .down)])
        #expect(claimed == .init(sleepers: ["b": .stopped], void: ["a"]))
    }

    @Test("a paused container that no service claims is an orphan; one that runs, or isn't there, is not")
    func orphans() {
        var claims = SleeperClaims(
            ["a", "b", "c", "d"].map { intent($0) } + [intent("e", boot: "before")], boot: "now")
        _ = claims.claim([container("b")])
        let listed = [container("a"), container("b"), container("c", .running), container("e")]
        let rest = claims.conclude(Dictionary(uniqueKeysWithValues: listed.map { ($0.id, $0) }))
        #expect(rest == .init(orphans: [intent("a")], void: ["c", "d", "e"]))
        let again = claims.conclude(["a": container("a")])
        #expect(again == .init(), "each is concluded once")
    }

    @Test("a service of the journal is presumed asleep until a listing has told better")
    func presumed() {
        var claims = SleeperClaims([intent("a", boot: "before")], boot: "now")
        #expect(claims.isPresumedAsleep("service of a"))
        #expect(!claims.isPresumedAsleep("another"))
        _ = claims.conclude([:])
        #expect(!claims.isPresumedAsleep("service of a"))
    }
}
