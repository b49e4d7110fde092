import Foundation
import SleepCore
import Testing

@testable import SleepEngine

@Suite("what is kept, at its edges")
struct EdgeTests {
    private let at = Instants()

    @Test("a sleeper of the kernel's that its service no longer means goes on at the first listing")
    func strandedSleeper() throws {
        let stage = try Performance { ($0.places, $0.isFrozen) = (["old": "/old"], ["/old": true]) }
        var policy = Policy()
        policy.services = [.plain("s", .name("new")) { $0.freezer = .cgroup }]
        let dispatcher = Dispatcher(stage.performer, policy)
        let intent = Journal.Intent(
            container: "old", service: "s", depth: .frozen, beganMilliseconds: 1, boot: "now", place: "/old")
        dispatcher.claims = SleeperClaims([intent], boot: "now")
        for service in policy.services { dispatcher.setUp(service) }
        dispatcher.restoreSleepers([intent])
        dispatcher.reconcile(
            ["old", "new"].map { ListedContainer(container: Container(id: $0, name: $0, status: .running)) })
        #expect(stage.trace.all.contains("thaw /old"))
    }

    @Test("the journal opens whatever its version says, and where adding a column was cut off", arguments: [-1, 2, 77])
    func versions(version: Int) async throws {
        let path = NSTemporaryDirectory() + "svcd-edge-\(UUID().uuidString).db"
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
        do { _ = try Journal(path: path, logger: silentLogger) }
        try Database(path: path).run("PRAGMA user_version = \(version)")
        let snapshot = try await Journal(path: path, logger: silentLogger).load()
        #expect(snapshot.intents.isEmpty)
    }

    @Test("renewing and ending leases all day keeps no more than there are")
    func expiries() {
        var book = LeaseBook()
        _ = book.take("a", .init(service: "s", peer: 7, until: at[3600]))
        for number in 0..<5000 {
            _ = book.renew("a", until: at[3600 + Double(number) / 1000], by: 7, at[1])
            _ = book.take("b", .init(service: "s", peer: 7, until: at[7200]))
            _ = book.end("b", by: 7, at[1])
        }
        let expiries = Mirror(reflecting: book).descendant("expiries").map { "\($0)" } ?? ""
        #expect(!expiries.isEmpty && expiries.count < 20_000)
        #expect(book.takeExpired(at[3604]).isEmpty && book.takeExpired(at[3605]) == ["a"])
    }

    @Test("of several replicas one that is refused the kernel's freezer is told, whatever their order")
    func refusals() {
        let told = (0..<64).map { number in
            var sleepers = KernelSleepers()
            _ = sleepers.choose(["a\(number)": .refused(.healthcheck), "b\(number)": .kernel("/b")])
            return sleepers.refusal
        }
        #expect(told.allSatisfy { $0 == .healthcheck })
    }

    @Test("a learned share has one owner, and a target that a reload raises takes effect")
    func shares() {
        var taken = ServiceRecords(["share.s": "0.25"])
        taken.cover(.plain("s", .name("a")))
        #expect(taken["s"]?.share.value == 0.25)
        taken.cover(.plain("s", .name("b")))
        #expect(taken["s"]?.share.value == 0.7)

        var raised = ServiceRecords()
        raised.cover(.plain("s") { $0.reclaim = nil })
        raised.cover(.plain("s"))
        #expect(raised["s"]?.share.value == 0.7)
    }

    @Test("the meter of a replica that has gone no longer counts")
    func replacedReplica() {
        let host = PlainHost { $0.readings = ["a": .init(networkBytes: 5), "b": .init(networkBytes: 7)] }
        let both = ["a", "b"].map { Container(id: $0, name: $0, status: .running, pid: 1) }
        var meters = Meters()
        _ = meters.sample(both, Settings(), host, at[0])
        _ = meters.sample([both[1]], Settings(), host, at[1])
        #expect(meters.read(at[2]).networkBytes == 7)
    }
}
