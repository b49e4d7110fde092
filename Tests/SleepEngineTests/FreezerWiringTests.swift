import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

/// Sleepers by the kernel's freezer, of which Docker knows nothing.
@Suite("freezer: cgroup")
struct FreezerWiringTests {
    private func play(_ names: [String] = ["s"], _ body: (Scene) async throws -> Void) async throws {
        try await Scene.play(names) { policy in
            for name in names { policy.set(name) { $0.freezer = .cgroup } }
        } _: { scene in
            try await body(scene)
        }
    }

    private func deeds(_ scene: Scene) -> [String] { scene.log.only("pause", "unpause", "freeze", "thaw", "stop") }

    // MARK: The way down and up

    @Test("the kernel freezes and thaws it, and Docker is asked for neither")
    func byTheKernel() async throws {
        try await play { scene in
            try await scene.sleep("s")
            #expect(scene.host.freezer.isFrozen("s"))
            #expect(scene.engine.status("s") == .running)
            #expect(await scene.state("s") == .asleep)
            #expect(await scene.supervisor.freezer("s")?.kind == .cgroup)
            let report = try await scene.wake("s").get()
            #expect(report.woke && report.elapsed == .zero)
            #expect(!scene.host.freezer.isFrozen("s"))
            #expect(deeds(scene) == ["freeze s", "thaw s"])
            #expect(scene.host.freezer.watchers("s") == 0)
        }
    }

    @Test("a container with a HEALTHCHECK is paused through Docker, and why is told")
    func healthcheck() async throws {
        try await play { scene in
            scene.engine.change("s") { $0.health = "healthy" }
            try await scene.sleep("s")
            #expect(deeds(scene) == ["pause s"])
            let freezer = await scene.supervisor.freezer("s")
            #expect(freezer?.kind == .docker && freezer?.refusal?.contains("HEALTHCHECK") == true)
            try await scene.wake("s")
            #expect(deeds(scene) == ["pause s", "unpause s"])
        }
    }

    @Test("where the kernel lets svcd only look, Docker's pause is used, and why is told")
    func readOnly() async throws {
        try await play { scene in
            scene.host.freezer.isReadOnly = true
            try await scene.sleep("s")
            #expect(deeds(scene) == ["pause s"])
            #expect(await scene.supervisor.freezer("s")?.refusal?.contains("permissions") == true)
            scene.host.freezer.isReadOnly = false
            try await scene.wake("s")
            try await scene.sleep("s")
            #expect(deeds(scene) == ["pause s", "unpause s", "freeze s"])
            #expect(await scene.supervisor.freezer("s")?.refusal == nil)
        }
    }

    @Test("a thaw that the kernel refuses is reported, tried again, and heals")
    func thawFails() async throws {
        try await play { scene in
            try await scene.sleep("s")
            scene.host.freezer.thawFault = .refused(status: 500, message: "EPERM")
            let failure = try await scene.wake("s").failure
            guard case .failed(let why) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(why.contains("EPERM"))
            #expect(scene.host.freezer.isFrozen("s"))
            scene.host.freezer.thawFault = nil
            try await scene.advance(by: .seconds(2))
            #expect(await scene.state("s") == .awake)
            #expect(!scene.host.freezer.isFrozen("s"))
        }
    }

    @Test("before it is stopped it is thawed, so that it can hear its SIGTERM")
    func stopThaws() async throws {
        try await play { scene in
            try await scene.reload { $0.set("s") { $0.ready = .tcp(port: 80) } }
            try await scene.sleep("s")
            #expect(try await scene.sleep("s", .stopped) == .asleep)
            #expect(deeds(scene) == ["freeze s", "thaw s", "stop s"])
            #expect(scene.engine.status("s") == .down)
            #expect(try await scene.wake("s").get().from == .stopped)
        }
    }

    // MARK: What thaws it at once

    @Test("what Docker is about to do to it thaws it at once", arguments: ["kill", "exec_create", "exec_start"])
    func dockerActs(action: String) async throws {
        try await play(["s", "other"]) { scene in
            for name in ["s", "other"] { try await scene.sleep(name) }
            scene.log.clear()
            scene.engine.emit(action, "s")
            try await scene.settle()
            #expect(scene.log.all.first == "thaw s")
            #expect(!scene.host.freezer.isFrozen("s") && scene.host.freezer.isFrozen("other"))
            #expect(await scene.state("s") == .awake)
            #expect(await scene.trigger("s") == .external)
            #expect(try await scene.intents().map(\.service) == ["other"])
        }
    }

    @Test("what Docker merely tells leaves it asleep", arguments: ["exec_die", "top", "attach", "resize", "rename"])
    func dockerTells(action: String) async throws {
        try await play { scene in
            try await scene.sleep("s")
            scene.engine.emit(action, "s")
            try await scene.advance(by: .seconds(1))
            #expect(scene.host.freezer.isFrozen("s"))
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("the loss of Docker thaws it at once: its containers will be stopped next", arguments: [true, false])
    func engineLost(isDown: Bool) async throws {
        try await play { scene in
            try await scene.sleep("s")
            if isDown { scene.engine.isUp = false } else { scene.engine.breakStream() }
            try await scene.settle()
            #expect(!scene.host.freezer.isFrozen("s"))
            #expect(try await scene.intents().isEmpty)
            scene.engine.isUp = true
            try await scene.advance(by: .seconds(5))
            #expect(await scene.state("s") == .awake)
            #expect(scene.log.only("unpause").isEmpty)
        }
    }

    @Test("a thaw from outside that raises no event of Docker's is noticed")
    func thawedOutside() async throws {
        try await play { scene in
            try await scene.sleep("s")
            scene.host.freezer.thaw("s")
            try await scene.advance(by: .milliseconds(200))
            #expect(await scene.state("s") == .awake)
            #expect(await scene.trigger("s") == .external)
            #expect(scene.log.only("thaw").isEmpty)
            // By the kernel again, next time.
            try await scene.sleep("s")
            #expect(scene.host.freezer.isFrozen("s"))
        }
    }

    // MARK: Others

    @Test("paused by Docker as well it is held, and an operator's wake puts both right")
    func pausedTwice() async throws {
        try await play { scene in
            try await scene.sleep("s")
            scene.engine.pause("s")
            try await scene.settle()
            #expect(await scene.state("s") == .held)
            #expect(try await scene.wake("s").failure == .held)
            #expect(try await scene.wake("s", .operator).failure == nil)
            #expect(deeds(scene) == ["freeze s", "unpause s", "thaw s"])
            #expect(scene.engine.status("s") == .running && !scene.host.freezer.isFrozen("s"))
            try await scene.sleep("s")
            #expect(try await scene.wake("s").failure == nil)
        }
    }

    @Test("one that is renamed away from its service goes on")
    func renamed() async throws {
        try await play { scene in
            try await scene.sleep("s")
            scene.engine.rename("s", to: "elsewhere")
            try await scene.advance(by: .seconds(1))
            #expect(!scene.host.freezer.isFrozen("s"))
            #expect(await scene.state("s") == .absent)
            #expect(try await scene.intents().isEmpty)
        }
    }

    @Test("one that is removed leaves nothing behind")
    func removed() async throws {
        try await play { scene in
            try await scene.sleep("s")
            scene.engine.remove("s")
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .absent)
            #expect(try await scene.intents().isEmpty)
            scene.engine.put("s", .running, id: "another")
            scene.engine.emit("start", "s")
            try await scene.settle()
            #expect(await scene.state("s") == .awake)
        }
    }

    // MARK: svcd comes and goes

    @Test("after kill -9 the next svcd knows its sleepers, and the kernel wakes them")
    func restored() async throws {
        try await play { scene in
            try await scene.sleep("s")
            try await scene.restart()
            #expect(scene.host.freezer.isFrozen("s"))
            #expect(await scene.state("s") == .asleep)
            #expect(try await scene.wake("s").get().woke)
            #expect(deeds(scene) == ["freeze s", "thaw s"])
            #expect(try await scene.intents().isEmpty)
        }
    }

    @Test("and it goes on minding what thaws them", arguments: ["kill", "a thaw from outside", "a signal before"])
    func restoredMinds(what: String) async throws {
        try await play { scene in
            try await scene.sleep("s")
            if what == "a signal before" { scene.host.freezer.signal("s") }
            try await scene.restart()
            switch what {
            case "kill": scene.engine.emit("kill", "s")
            case "a thaw from outside": scene.host.freezer.thaw("s")
            default: break
            }
            try await scene.advance(by: .milliseconds(200))
            #expect(!scene.host.freezer.isFrozen("s"))
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test("after a reboot nothing is taken over: what runs is awake")
    func rebooted() async throws {
        try await play { scene in
            try await scene.sleep("s")
            try await scene.restart(boot: "another boot") { _ in
                scene.engine.put("s", .down)
                scene.engine.put("s", .running)
            }
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .awake)
            #expect(deeds(scene) == ["freeze s"])
        }
    }

    @Test("a sleeper whose service the policy no longer names is thawed at the start, before Docker is asked")
    func dropped() async throws {
        try await play(["s", "t"]) { scene in
            for name in ["s", "t"] { try await scene.sleep(name) }
            scene.log.clear()
            try await scene.restart { $0.drop("s") }
            #expect(scene.log.all.first == "thaw s")
            #expect(!scene.host.freezer.isFrozen("s") && scene.host.freezer.isFrozen("t"))
            #expect(try await scene.intents().map(\.service) == ["t"])
        }
    }
}
