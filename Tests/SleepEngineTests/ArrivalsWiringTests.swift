import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

/// Who has come is asked before a fall, and once more after the freeze.
@Suite("who came since")
struct ArrivalsWiringTests {
    private func play(
        _ freezer: FreezerKind = .docker, _ activity: Set<ActivitySignal> = [.hook, .network],
        ignoring: [String] = [], wakeOn: Set<WakeSource> = [.hook], _ body: (Scene) async throws -> Void
    ) async throws {
        try await Scene.play(["s"], idleAfter: .seconds(30)) { policy in
            policy.set("s") {
                $0.freezer = freezer
                $0.activity = activity
                $0.wakeOn = wakeOn
                $0.ignoreSources = ignoring.compactMap(AddressBlock.init)
            }
        } _: { scene in
            try await body(scene)
        }
    }

    // MARK: Before the fall

    @Test("a request that it works on keeps it awake until it is answered")
    func openRequest() async throws {
        try await play { scene in
            scene.host.sockets.say(to: "s")
            scene.host.sockets.read("s")
            try await scene.idle("s")
            #expect(await scene.state("s") == .awake)
            let use = "it is in use: a request on port 80 waits for its answer"
            #expect(try await scene.sleep("s", force: false).vetoes == [use])
            try await scene.advance(by: .seconds(60))
            #expect(await scene.state("s") == .awake)
            scene.host.sockets.answer("s")
            try await scene.idle("s")
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("a request that takes longer than any answer is given up")
    func endlessRequest() async throws {
        try await play { scene in
            scene.host.sockets.say(to: "s")
            scene.host.sockets.read("s")
            try await scene.advance(by: .seconds(590))
            #expect(await scene.state("s") == .awake)
            try await scene.advance(by: .seconds(60))
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("chatter that is never answered, as a WebSocket's pong, doesn't keep it awake")
    func chatter() async throws {
        try await play { scene in
            for _ in 0..<3 {
                scene.host.sockets.say(to: "s", bytes: 6)
                scene.host.sockets.read("s")
                try await scene.advance(by: .seconds(20))
            }
            try await scene.advance(by: .seconds(30))
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("an ignored monitor's request doesn't count, nor does one where only hooks do", arguments: [true, false])
    func notCounted(isIgnored: Bool) async throws {
        try await play(.docker, isIgnored ? [.hook, .network] : [.hook], ignoring: isIgnored ? ["10.0.0.9"] : []) {
            scene in
            scene.host.sockets.say(to: "s", from: "10.0.0.9")
            scene.host.sockets.read("s")
            try await scene.idle("s")
            #expect(await scene.state("s") == .asleep)
            try await scene.advance(by: .seconds(5))
            #expect(scene.log.only("unpause").isEmpty)
        }
    }

    @Test("an operator's force goes over a request, and nothing undoes it")
    func forced() async throws {
        try await play { scene in
            scene.host.sockets.say(to: "s")
            scene.host.sockets.read("s")
            let outcome = try await scene.sleep("s")
            #expect(outcome == .asleep)
            try await scene.advance(by: .seconds(10))
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("where packets wake, who was just heard is let in, even by force: he would have to speak twice")
    func forcedWithTraffic() async throws {
        try await play(.cgroup, wakeOn: [.hook, .traffic]) { scene in
            scene.host.sockets.say(to: "s")
            scene.host.sockets.read("s")
            let outcome = try await scene.sleep("s")
            #expect(outcome == .asleep)
            #expect(await scene.state("s") == .awake)
            #expect(await scene.trigger("s") == .traffic)
        }
    }

    // MARK: Within the freeze

    @Test(
        "a request that came within the freeze thaws it, read or unread", arguments: FreezerKind.allCases,
        [true, false])
    func withinFreeze(freezer: FreezerKind, isRead: Bool) async throws {
        try await play(freezer) { scene in
            scene.host.freezer.takes = .milliseconds(5)
            try await scene.advance(until: "it falls asleep") { await scene.state("s") == .fallingAsleep }
            scene.host.sockets.say(to: "s")
            if isRead { scene.host.sockets.read("s") }
            try await scene.advance(by: .milliseconds(20))
            #expect(await scene.state("s") == .awake)
            #expect(await scene.trigger("s") == .traffic)
            #expect(scene.log.only("freeze", "thaw", "pause", "unpause").count == 2)
        }
    }

    @Test("what lay unread before is no news, unless more has come", arguments: [true, false])
    func oldUnread(hasMore: Bool) async throws {
        try await play { scene in
            scene.host.sockets.say(to: "s", from: nil)
            try await scene.advance(until: "it falls asleep") { await scene.state("s") == .fallingAsleep }
            if hasMore { scene.host.sockets.say(to: "s", from: nil) }
            try await scene.advance(by: .milliseconds(20))
            #expect(await scene.state("s") == (hasMore ? .awake : .asleep))
        }
    }

    @Test("what an ignored source sends within the freeze doesn't", arguments: FreezerKind.allCases)
    func ignoredWithin(freezer: FreezerKind) async throws {
        try await play(freezer, ignoring: ["10.0.0.9"], wakeOn: [.hook, .traffic]) { scene in
            scene.host.freezer.takes = .milliseconds(5)
            try await scene.advance(until: "it falls asleep") { await scene.state("s") == .fallingAsleep }
            scene.host.arrive(at: "s", from: "10.0.0.9")
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .asleep)
        }
    }
}
