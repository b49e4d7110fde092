import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("what counts as use")
struct UseTests {
    @Test("what a meter calls use keeps it awake, and is named")
    func metered() async throws {
        try await Scene.play(["s"], idleAfter: .milliseconds(200)) { policy in
            policy.set("s") { $0.activity = [.hook, .connections] }
        } _: { scene in
            scene.host.meters["s"].use = "3 connections from 10.0.0.7"
            // Many times the idle time.
            try await scene.advance(by: .seconds(2))
            #expect(scene.host.meters.count > 10)
            #expect(scene.engine.status("s") == .running)
            let use = ["it is in use: 3 connections from 10.0.0.7"]
            #expect(await scene.vetoes("s") == use)
            #expect(try await scene.sleep("s", force: false).vetoes == use)
            scene.host.meters["s"].use = nil
            try await scene.advance(by: .milliseconds(500))
            #expect(scene.engine.status("s") == .paused)
        }
    }

    @Test("where a signal can't be read it doesn't fall asleep by itself, and an operator may insist")
    func unreadable() async throws {
        try await Scene.play(["s"], idleAfter: .milliseconds(200)) { policy in
            policy.set("s") { $0.activity = [.hook, .cpu] }
        } _: { scene in
            scene.host.meters["s"].unreadable = "its CPU time can't be read"
            try await scene.advance(by: .seconds(2))
            #expect(await scene.vetoes("s") == ["its activity can't be read: its CPU time can't be read"])
            #expect(scene.engine.status("s") == .running)
            #expect(try await scene.sleep("s", force: false) == .asleep)
        }
    }

    @Test("a running exec vetoes sleep, but not an operator's force")
    func exec() async throws {
        try await Scene.play(["s"], idleAfter: .milliseconds(100)) { scene in
            scene.engine.run(["sh -c backup"], in: "s")
            try await scene.advance(by: .milliseconds(150))
            #expect(scene.log.only("execs", "pause") == ["execs s"])
            let refused = try await scene.sleep("s", force: false)
            #expect(refused.vetoes == ["it is in use: a docker exec runs in it: sh -c backup"])
            #expect(scene.engine.status("s") == .running)
            #expect(try await scene.sleep("s", force: true) == .asleep)
        }
    }

    @Test("mode observe decides and touches nothing")
    func observe() async throws {
        try await Scene.play(["s"], idleAfter: .milliseconds(100)) { policy in
            policy.mode = .observe
        } _: { scene in
            try await scene.idle("s")
            let rows = try await scene.journal.transitions(of: "s", since: 0, limit: 10)
            #expect(rows.map(\.outcome) == ["observed"])
            #expect(scene.log.only("pause", "freeze").isEmpty)
        }
    }

    @Test("no meter is read while nothing depends on it")
    func unmetered() async throws {
        try await Scene.play(["s", "pinned", "hooks"]) { policy in
            for name in ["s", "pinned"] { policy.set(name) { $0.activity = [.hook, .cpu] } }
        } _: { scene in
            #expect(await scene.supervisor.pin("pinned", for: nil, by: nil))
            try await scene.sleep("s")
            let before = scene.host.meters.count
            try await scene.advance(by: .seconds(10))
            #expect(scene.host.meters.count == before)
        }
    }
}
