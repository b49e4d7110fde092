import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

/// Sleepers that a packet wakes by itself, without a hook.
@Suite("wake_on: traffic")
struct TrafficWiringTests {
    private func play(
        _ freezer: FreezerKind = .cgroup, ignoring: [String] = [], props: Scene.Props = .init(),
        _ body: (Scene) async throws -> Void
    ) async throws {
        try await Scene.play(["s"], idleAfter: .seconds(30), props: props) { policy in
            policy.set("s") {
                $0.freezer = freezer
                $0.wakeOn = [.hook, .traffic]
                $0.ignoreSources = ignoring.compactMap(AddressBlock.init)
            }
        } _: { scene in
            try await body(scene)
        }
    }

    // MARK: The watch

    @Test("its packets are watched from before the freeze until it is awake", arguments: FreezerKind.allCases)
    func armed(freezer: FreezerKind) async throws {
        try await play(freezer) { scene in
            #expect(scene.host.packets.watched.isEmpty)
            try await scene.sleep("s")
            #expect(scene.log.only("watch", "freeze", "pause").first == "watch s")
            #expect(scene.host.packets.watched == ["s"])
            try await scene.wake("s")
            #expect(scene.host.packets.watched.isEmpty)
            scene.log.clear()
            scene.host.packets.send(to: "s")
            try await scene.advance(by: .seconds(1))
            #expect(scene.log.all.isEmpty)
        }
    }

    @Test("a sleeper that is removed is watched no more")
    func removed() async throws {
        try await play { scene in
            try await scene.sleep("s")
            scene.engine.remove("s")
            try await scene.advance(by: .seconds(1))
            #expect(scene.host.packets.watched.isEmpty)
        }
    }

    @Test("where no packet could wake it, it stays awake while idle, and an operator may insist")
    func refused() async throws {
        try await play(props: .init(hasPackets: false)) { scene in
            try await scene.advance(by: .seconds(100))
            #expect(await scene.state("s") == .awake)
            #expect(await scene.vetoes("s") == ["no packet could wake it: there is no network"])
            #expect(try await scene.sleep("s", force: false) == .asleep)
            #expect(scene.host.packets.watched.isEmpty)
            try await scene.wake("s")
            // They can be watched from now on.
            scene.host.packets.refusal = nil
            try await scene.sleep("s")
            #expect(scene.host.packets.watched == ["s"])
            try await scene.wake("s")
            #expect(await scene.vetoes("s").isEmpty)
            try await scene.idle("s")
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("a container without a network of its own stays awake, and why is told")
    func hostNetwork() async throws {
        try await play { scene in
            scene.engine.change("s") { $0.network = "host" }
            try await scene.idle("s")
            #expect(await scene.state("s") == .awake)
            #expect(await scene.vetoes("s") == ["no packet could wake it: it has no network of its own (host)"])
        }
    }

    // MARK: Packets

    @Test("a packet wakes it, and the wake is counted", arguments: FreezerKind.allCases)
    func packet(freezer: FreezerKind) async throws {
        try await play(freezer) { scene in
            try await scene.sleep("s")
            scene.host.arrive(at: "s")
            try await scene.advance(by: .milliseconds(2))
            #expect(await scene.state("s") == .awake)
            #expect(await scene.trigger("s") == .traffic)
            #expect(await scene.supervisor.wakes("s") == 1)
            let row = try await scene.journal.transitions(of: "s", since: 0, limit: 1).first
            #expect(row?.trigger == "traffic" && row?.to == "awake")
        }
    }

    @Test("a hundred packets are one wake")
    func manyPackets() async throws {
        try await play(.docker) { scene in
            try await scene.sleep("s")
            for _ in 0..<100 { scene.host.packets.send(to: "s") }
            try await scene.advance(by: .milliseconds(2))
            #expect(await scene.state("s") == .awake)
            #expect(scene.log.only("unpause") == ["unpause s"])
        }
    }

    @Test("a packet from an ignored source doesn't wake it; one from elsewhere does")
    func ignoredPacket() async throws {
        try await play(ignoring: ["10.0.0.9"]) { scene in
            try await scene.sleep("s")
            scene.host.arrive(at: "s", from: "10.0.0.9")
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .asleep)
            scene.host.arrive(at: "s", from: "10.0.0.7")
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test("a packet that came before the freeze had landed wakes it", arguments: FreezerKind.allCases)
    func beforeLanding(freezer: FreezerKind) async throws {
        try await play(freezer) { scene in
            scene.host.freezer.takes = .milliseconds(5)
            let sleep = try await scene.begin { await $0.sleep("s", force: true, by: nil) }
            try await scene.advance(by: .milliseconds(1))
            #expect(await scene.state("s") == .fallingAsleep)
            scene.host.packets.send(to: "s")
            #expect(try await scene.end(sleep) == .asleep)
            try await scene.advance(by: .milliseconds(10))
            #expect(await scene.state("s") == .awake)
            #expect(await scene.trigger("s") == .traffic)
        }
    }

    // MARK: What lies unread

    @Test("what lay unread when the watch began wakes it, for no packet will come again")
    func unreadBefore() async throws {
        try await play { scene in
            scene.host.sockets.say(to: "s")
            try await scene.sleep("s")
            #expect(await scene.state("s") == .awake)
            #expect(await scene.trigger("s") == .traffic)
        }
    }

    @Test("what stays unread for long doesn't keep it awake for ever")
    func oldUnread() async throws {
        try await play { scene in
            scene.host.sockets.say(to: "s", from: nil)
            try await scene.sleep("s")
            #expect(await scene.state("s") == .awake)
            try await scene.advance(by: .seconds(11))
            try await scene.sleep("s")
            #expect(await scene.state("s") == .asleep)
            // More on the same socket is news.
            scene.host.sockets.say(to: "s", from: nil)
            try await scene.wake("s")
            try await scene.sleep("s")
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test("what an ignored source has left unread doesn't thaw a service just frozen")
    func ignoredUnread() async throws {
        try await play(ignoring: ["10.0.0.0/24"]) { scene in
            scene.host.sockets.say(to: "s", from: "10.0.0.9")
            try await scene.sleep("s")
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .asleep)
            #expect(scene.log.only("thaw").isEmpty)
        }
    }

    // MARK: svcd comes and goes

    @Test("a sleeper that is found asleep is watched again", arguments: FreezerKind.allCases)
    func found(freezer: FreezerKind) async throws {
        try await play(freezer) { scene in
            try await scene.sleep("s")
            try await scene.restart()
            #expect(await scene.state("s") == .asleep)
            #expect(scene.host.packets.watched == ["s"])
            scene.host.arrive(at: "s")
            try await scene.advance(by: .milliseconds(10))
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test("what came for it while no svcd was there wakes it", arguments: FreezerKind.allCases)
    func cameMeanwhile(freezer: FreezerKind) async throws {
        try await play(freezer) { scene in
            try await scene.sleep("s")
            try await scene.restart { _ in scene.host.sockets.say(to: "s") }
            try await scene.advance(by: .milliseconds(10))
            #expect(await scene.state("s") == .awake)
            #expect(await scene.trigger("s") == .traffic)
        }
    }

    @Test("what came from an ignored source meanwhile doesn't, at any start")
    func ignoredMeanwhile() async throws {
        try await play(ignoring: ["10.0.0.9"]) { scene in
            try await scene.sleep("s")
            scene.host.arrive(at: "s", from: "10.0.0.9")
            for _ in 0..<2 {
                try await scene.restart()
                try await scene.advance(by: .seconds(1))
                #expect(await scene.state("s") == .asleep)
                #expect(scene.host.packets.watched == ["s"])
            }
        }
    }

    @Test("a reload that ignores other sources watches anew, and wakes nothing")
    func reloaded() async throws {
        try await play { scene in
            try await scene.sleep("s")
            try await scene.reload { policy in
                policy.set("s") { $0.ignoreSources = ["10.0.0.9"].compactMap(AddressBlock.init) }
            }
            #expect(await scene.state("s") == .asleep)
            scene.host.packets.send(to: "s", from: "10.0.0.9")
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .asleep)
            scene.host.packets.send(to: "s", from: "10.0.0.7")
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .awake)
        }
    }
}
