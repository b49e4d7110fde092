import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("svcd stops")
struct LettingGoTests {
    private func play(
        _ onExit: OnExit = .wake, freezer: FreezerKind = .docker, _ body: (Scene) async throws -> Void
    ) async throws {
        try await Scene.play(["s", "t", "awake"], idleAfter: .seconds(60)) { policy in
            policy.onExit = onExit
            for name in ["s", "t"] {
                policy.set(name) {
                    $0.freezer = freezer
                    $0.ready = .tcp(port: 80)
                }
            }
        } _: { scene in
            for name in ["s", "t"] { try await scene.sleep(name) }
            try await body(scene)
        }
    }

    private func letGo(_ scene: Scene) async throws -> [String] {
        try await scene.answer { await $0.letGo(within: .seconds(20)) }
    }

    @Test("it wakes what it froze, and is done when that is", arguments: FreezerKind.allCases)
    func wakes(freezer: FreezerKind) async throws {
        try await play(freezer: freezer) { scene in
            let began = scene.time.now
            let left = try await letGo(scene)
            #expect(left.isEmpty)
            #expect(scene.time.now - began <= .milliseconds(2))
            for name in ["s", "t"] {
                #expect(scene.engine.status(name) == .running && !scene.host.freezer.isFrozen(name))
            }
            #expect(try await scene.intents().isEmpty)
        }
    }

    @Test("what it stopped stays stopped, and its intent with it")
    func leavesStopped() async throws {
        try await play { scene in
            try await scene.sleep("t", .stopped)
            let left = try await letGo(scene)
            #expect(left.isEmpty)
            #expect(scene.engine.status("s") == .running && scene.engine.status("t") == .down)
            #expect(try await scene.intents().map(\.service) == ["t"])
        }
    }

    @Test("on_exit: leave leaves all asleep", arguments: FreezerKind.allCases)
    func leaves(freezer: FreezerKind) async throws {
        try await play(.leave, freezer: freezer) { scene in
            let left = try await letGo(scene)
            #expect(left.isEmpty)
            for name in ["s", "t"] { #expect(scene.host.freezer.isFrozen(name)) }
            #expect(try await scene.intents().count == 2)
        }
    }

    @Test("a Docker that is gone gets five seconds, and what sleeps on is named")
    func engineGone() async throws {
        try await play { scene in
            scene.engine.isUp = false
            try await scene.settle()
            let began = scene.time.now
            let left = try await letGo(scene)
            #expect(left == ["s", "t"])
            #expect(scene.time.now - began == .seconds(5))
            #expect(try await scene.intents().count == 2)
        }
    }

    @Test("one that comes back within that time wakes them")
    func engineBack() async throws {
        try await play { scene in
            scene.engine.isUp = false
            try await scene.settle()
            let leaving = try await scene.begin { await $0.letGo(within: .seconds(20)) }
            try await scene.advance(by: .seconds(1))
            scene.engine.isUp = true
            #expect(try await scene.end(leaving).isEmpty)
            #expect(scene.engine.status("s") == .running && scene.engine.status("t") == .running)
        }
    }

    @Test("a container that can't be unpaused is waited for no longer than the limit")
    func limited() async throws {
        try await play { scene in
            scene.engine.fail("unpause", .stuck, .stuck)
            for _ in 0..<100 { scene.engine.fail("unpause", .refused(500)) }
            let began = scene.time.now
            let left = try await letGo(scene)
            #expect(left == ["s", "t"])
            #expect(scene.time.now - began == .seconds(20))
        }
    }

    @Test("meanwhile nothing falls asleep any more, and hooks are answered")
    func meanwhile() async throws {
        try await play { scene in
            scene.engine.fail("unpause", .stuck)
            let leaving = try await scene.begin { await $0.letGo(within: .seconds(2000)) }
            try await scene.wake("awake")
            #expect(try await scene.sleep("awake").vetoes == ["svcd is letting go of it"])
            #expect(try await scene.end(leaving).isEmpty)
            try await scene.advance(by: .seconds(600))
            #expect(await scene.state("awake") == .awake)
        }
    }
}
