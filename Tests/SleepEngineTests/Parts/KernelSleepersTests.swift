import SleepCore
import Testing

@testable import SleepEngine

@Suite("sleepers by the kernel's freezer")
struct KernelSleepersTests {
    private let host = PlainHost { $0.isFrozen = ["/a": true, "/b": true] }
    private var sleepers = KernelSleepers()

    private func container(_ id: String, _ status: Container.Status = .running) -> Container {
        Container(id: id, name: id, status: status)
    }

    @Test("a choice gives each container its place, or none; a refusal is news once, and over with the next place")
    mutating func choose() {
        let first = sleepers.choose(["a": .refused(.healthcheck)])
        let same = sleepers.choose(["a": .refused(.healthcheck)])
        let other = sleepers.choose(["a": .refused(.noFreezer)])
        #expect([first, same, other] == [.healthcheck, nil, .noFreezer])
        #expect(sleepers.isEmpty && sleepers.refusal == .noFreezer)
        let place = sleepers.choose(["a": .kernel("/a")])
        #expect(place == nil && sleepers.refusal == nil)
        #expect(sleepers.paths == ["a": "/a"] && sleepers.path(of: "a") == "/a")
        let docker = sleepers.choose(["a": .docker])
        #expect(docker == nil && sleepers.isEmpty && !sleepers.has("a"))
    }

    @Test("Docker's running is corrected to asleep, its paused to paused twice")
    mutating func correct() {
        _ = sleepers.choose(["a": .kernel("/a"), "b": .kernel("/b")])
        var found = [container("a"), container("b", .paused), container("c")]
        for index in found.indices { sleepers.correct(&found[index], host) }
        #expect(found.map(\.status) == [.paused, .paused, .running])
        #expect(found.map(\.isPausedTwice) == [false, true, false])
        #expect(sleepers.paths == ["a": "/a", "b": "/b"])
    }

    @Test("a place that has thawed or is gone, and that of a container which ended, is let go of; Docker's word stands")
    mutating func outdated() {
        host.set { $0.isFrozen = ["/thawed": false, "/down": true] }
        let words: [(String, Container.Status)] = [("thawed", .running), ("gone", .paused), ("down", .down)]
        for (id, status) in words {
            _ = sleepers.choose([id: .kernel("/\(id)")])
            var found = container(id, status)
            sleepers.correct(&found, host)
            #expect(found == container(id, status))
            #expect(!sleepers.has(id), "\(id)")
        }
    }

    @Test("a thaw lets svcd's own go on, and no other")
    mutating func thaw() {
        _ = sleepers.choose(["a": .kernel("/a"), "b": .kernel("/b")])
        let done = sleepers.thaw(["a", "x"], host)
        #expect(done.thawed == ["a"] && done.faults.isEmpty)
        #expect(host.script.trace.all == ["thaw /a"])
        #expect(sleepers.paths == ["b": "/b"])
    }

    @Test("a thaw that fails is told, and keeps none of the others asleep")
    mutating func thawFails() {
        _ = sleepers.choose(["a": .kernel("/a"), "b": .kernel("/b")])
        host.script["thaw /a"] = .garbled("no such place")
        let done = sleepers.thaw(["a", "b"], host)
        #expect(done.thawed == ["b"])
        #expect(done.faults == ["\(EngineFault.garbled("no such place"))"])
    }

    @Test("a sleeper of the journal is taken over with its watch, and let go of by a thaw")
    mutating func restore() {
        final class Watch {}
        weak var watch: Watch?
        do {
            let mine = Watch()
            watch = mine
            sleepers.restore("a", at: "/a", watch: mine)
        }
        #expect(watch != nil && sleepers.has("a"))
        sleepers.thawed("a")
        #expect(watch == nil && !sleepers.has("a"))
        sleepers.release("a", host)
        #expect(host.script.trace.all.isEmpty, "it is svcd's no more")
    }

    @Test("one that its service no longer has is thawed at once")
    mutating func release() {
        _ = sleepers.choose(["a": .kernel("/a"), "b": .kernel("/b")])
        sleepers.release("a", host)
        sleepers.release("a", host)
        sleepers.release("x", host)
        #expect(host.script.trace.all == ["thaw /a"])
        #expect(sleepers.paths == ["b": "/b"])
    }

    @Test("a signal that waits for any of them is seen")
    mutating func signals() {
        _ = sleepers.choose(["a": .kernel("/a"), "b": .kernel("/b")])
        #expect(!sleepers.haveSignalsPending(host))
        host.set { $0.signals = ["/b"] }
        #expect(sleepers.haveSignalsPending(host))
    }
}
