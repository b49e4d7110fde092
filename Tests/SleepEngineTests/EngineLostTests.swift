import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("the connection to the engine")
struct EngineLostTests {
    @Test("while Docker is gone what runs counts as awake, and a sleeper can't be woken")
    func gone() async throws {
        try await Scene.play(["awake", "asleep"]) { scene in
            try await scene.sleep("asleep")
            scene.engine.isUp = false
            try await scene.settle()
            #expect(await !scene.supervisor.isEngineReachable)
            for name in ["awake", "asleep"] { #expect(await scene.state(name) == .unknown) }
            #expect(try await scene.wake("awake").get().woke == false)
            #expect(try await scene.wake("asleep").failure == .engineUnavailable)
            #expect(try await scene.sleep("awake").vetoes == ["Docker can't be asked"])
        }
    }

    @Test("it is back within five seconds, however long it was gone, and all is as it was")
    func back() async throws {
        try await Scene.play(["awake", "asleep"], idleAfter: .seconds(2000)) { scene in
            try await scene.sleep("asleep")
            scene.engine.isUp = false
            try await scene.advance(by: .seconds(1000))
            scene.engine.isUp = true
            try await scene.advance(by: .seconds(5))
            #expect(await scene.supervisor.isEngineReachable)
            #expect(await scene.state("awake") == .awake)
            #expect(await scene.state("asleep") == .asleep)
        }
    }

    @Test("a wake that was asked for while it was gone is done when it is back")
    func wakeMeanwhile() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s")
            scene.engine.isUp = false
            try await scene.settle()
            let wake = try await scene.begin { await $0.wake("s", trigger: .hook, by: nil) }
            try await scene.advance(by: .milliseconds(200))
            scene.engine.isUp = true
            #expect(try await scene.end(wake)?.result.get().woke == true)
        }
    }

    @Test("what happened while no event came is found when the stream is back", arguments: ["pause", "die", "remove"])
    func missedEvents(what: String) async throws {
        try await Scene.play(["s"]) { scene in
            scene.engine.isUp = false
            try await scene.settle()
            switch what {
            case "pause": scene.engine.put("s", .paused)
            case "die": scene.engine.put("s", .down)
            default: scene.engine.put("s", nil)
            }
            scene.engine.isUp = true
            try await scene.advance(by: .seconds(5))
            let expected: [String: ServiceState] = ["pause": .held, "die": .down, "remove": .absent]
            #expect(await scene.state("s") == expected[what])
        }
    }

    @Test("a broken stream alone is mended within a moment, without a wake")
    func brokenStream() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s")
            scene.engine.breakStream()
            try await scene.advance(by: .milliseconds(200))
            #expect(await scene.state("s") == .asleep)
            scene.engine.unpause("s")
            try await scene.settle()
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test("what no event told is found by a listing, every five minutes")
    func relisted() async throws {
        try await Scene.play(["s"]) { scene in
            scene.engine.put("s", .paused)
            try await scene.advance(by: .seconds(290))
            #expect(await scene.state("s") == .awake)
            try await scene.advance(by: .seconds(20))
            #expect(await scene.state("s") == .held)
        }
    }

    @Test("a listing that is refused doesn't lose the engine")
    func listingRefused() async throws {
        try await Scene.play(["s"], idleAfter: .seconds(2000)) { scene in
            scene.engine.isUp = false
            try await scene.settle()
            scene.engine.fail("list", .refused(500))
            scene.engine.isUp = true
            try await scene.advance(by: .seconds(400))
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test("a call that gets no answer raises a doubt, which a ping settles")
    func doubt() async throws {
        try await Scene.play(["s"]) { scene in
            try await scene.sleep("s")
            scene.engine.fail("unpause", .stuck)
            #expect(try await scene.wake("s").failure != nil)
            #expect(await scene.supervisor.isEngineReachable)
            try await scene.advance(by: .seconds(5))
            #expect(await scene.state("s") == .awake)
        }
    }

    @Test("whether it is healthy is asked at most once a second")
    func healthy() async throws {
        try await Scene.play(["s"]) { scene in
            #expect(await scene.supervisor.isHealthy())
            try await scene.advance(by: .seconds(5))
            #expect(await scene.supervisor.isHealthy())
            scene.engine.isUp = false
            try await scene.settle()
            #expect(await !scene.supervisor.isHealthy())
        }
    }

    // MARK: What others do

    @Test("paused by someone else it is held, and only an operator wakes it")
    func held() async throws {
        try await Scene.play(["s"]) { scene in
            scene.engine.pause("s")
            try await scene.settle()
            #expect(await scene.state("s") == .held)
            #expect(try await scene.wake("s").failure == .held)
            #expect(scene.engine.status("s") == .paused)
            #expect(try await scene.wake("s", .operator).failure == nil)
            #expect(scene.engine.status("s") == .running)
        }
    }

    @Test("a sleeper that someone else unpauses is awake, and sleeps again after its idle time")
    func unpaused() async throws {
        try await Scene.play(["s"], idleAfter: .seconds(5)) { scene in
            try await scene.sleep("s")
            scene.engine.unpause("s")
            try await scene.settle()
            #expect(await scene.state("s") == .awake)
            #expect(await scene.trigger("s") == .external)
            try await scene.advance(by: .seconds(4))
            #expect(await scene.state("s") == .awake)
            try await scene.advance(by: .seconds(2))
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("replicas by a label sleep together, and one that runs among sleepers wakes the others")
    func replicas() async throws {
        try await Scene.play(["s"]) { scene in
            for name in ["web-1", "web-2"] { scene.engine.put(name, .running, labels: ["app": "web"]) }
            try await scene.reload { policy in
                var settings = policy.services[0].settings
                settings.replicas = .all
                policy.services.append(
                    ServicePolicy(
                        name: "web", tier: "on-demand", container: .label(key: "app", value: "web"),
                        settings: settings))
            }
            #expect(await scene.state("web") == .awake)
            #expect(try await scene.sleep("web") == .asleep)
            #expect(scene.log.only("pause") == ["pause web-1", "pause web-2"])
            scene.engine.unpause("web-1")
            try await scene.advance(by: .milliseconds(100))
            #expect(await scene.state("web") == .awake)
            #expect(scene.engine.status("web-2") == .running)
            // One more makes it no less whole.
            scene.engine.put("web-3", .running, labels: ["app": "web"])
            scene.engine.emit("start", "web-3")
            try await scene.settle()
            try await scene.sleep("web")
            #expect(scene.engine.status("web-3") == .paused)
        }
    }
}
