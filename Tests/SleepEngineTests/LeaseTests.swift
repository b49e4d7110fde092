import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("leases and pins")
struct LeaseTests {
    private func lease(_ scene: Scene, for duration: Duration = .seconds(10), peer: UInt32 = 1) async -> String? {
        await scene.supervisor.takeLease("s", for: duration, peer: peer)?.id
    }

    @Test("a live lease keeps it awake; it sleeps its idle time after the lease is over")
    func keepsAwake() async throws {
        try await Scene.play(["s"], idleAfter: .seconds(1)) { scene in
            _ = await lease(scene)
            try await scene.advance(by: .seconds(9))
            #expect(try await scene.sleep("s", force: false).vetoes == ["a lease is live"])
            try await scene.advance(by: .seconds(1))
            #expect(await scene.state("s") == .awake)
            try await scene.advance(by: .milliseconds(1100))
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("one that is renewed or ended counts from then")
    func renewed() async throws {
        try await Scene.play(["s"], idleAfter: .seconds(1)) { scene in
            let id = try #require(await lease(scene))
            try await scene.advance(by: .seconds(9))
            #expect(await scene.supervisor.renewLease(id, for: .seconds(20), peer: 1))
            try await scene.advance(by: .seconds(15))
            #expect(await scene.state("s") == .awake)
            #expect(await scene.supervisor.endLease(id, peer: 1))
            try await scene.advance(by: .milliseconds(900))
            #expect(await scene.state("s") == .awake)
            try await scene.advance(by: .milliseconds(200))
            #expect(await scene.state("s") == .asleep)
        }
    }

    @Test("another peer can't touch it, an operator can, and an expired one is gone")
    func others() async throws {
        try await Scene.play(["s"]) { scene in
            let id = try #require(await lease(scene))
            #expect(await !scene.supervisor.renewLease(id, for: .seconds(10), peer: 2))
            #expect(await !scene.supervisor.endLease(id, peer: 2))
            #expect(await !scene.supervisor.endLease("no such lease", peer: 1))
            #expect(await scene.supervisor.renewLease(id, for: .seconds(20), peer: nil))
            try await scene.advance(by: .seconds(20))
            #expect(await !scene.supervisor.renewLease(id, for: .seconds(10), peer: 1))
            #expect(await !scene.supervisor.endLease(id, peer: nil))
            #expect(await scene.vetoes("s").isEmpty)
        }
    }

    @Test("a peer may hold a thousand, and more once they are over; others aren't hindered")
    func most() async throws {
        try await Scene.play(["s"]) { scene in
            for _ in 0..<1000 { #expect(await lease(scene) != nil) }
            #expect(await lease(scene) == nil)
            #expect(await lease(scene, peer: 2) != nil)
            #expect(await scene.vetoes("s") == ["1001 leases are live"])
            try await scene.advance(by: .seconds(10))
            #expect(await lease(scene) != nil)
            #expect(await scene.vetoes("s") == ["a lease is live"])
        }
    }

    @Test("there is none for a service that doesn't exist")
    func unknown() async throws {
        try await Scene.play(["s"]) { scene in
            #expect(await scene.supervisor.takeLease("nobody", for: .seconds(1), peer: 1) == nil)
            #expect(await !scene.supervisor.pin("nobody", for: nil, by: nil))
            #expect(await !scene.supervisor.unpin("nobody"))
            try await scene.settle()
        }
    }

    @Test("they survive kill -9 for the time that they have left")
    func restart() async throws {
        try await Scene.play(["s"]) { scene in
            let id = try #require(await lease(scene))
            _ = await lease(scene, for: .seconds(1))
            try await scene.advance(by: .seconds(5))
            try await scene.restart()
            #expect(await scene.vetoes("s") == ["a lease is live"])
            #expect(await !scene.supervisor.endLease(id, peer: 2))
            try await scene.advance(by: .milliseconds(4990))
            #expect(await scene.supervisor.renewLease(id, for: .seconds(1), peer: 1))
            try await scene.advance(by: .seconds(1))
            #expect(await scene.vetoes("s").isEmpty)
        }
    }

    @Test("a pin wakes a sleeper and keeps it awake until it is over or taken back; it survives kill -9")
    func pin() async throws {
        try await Scene.play(["s"], idleAfter: .seconds(1)) { scene in
            try await scene.sleep("s")
            #expect(await scene.supervisor.pin("s", for: .seconds(60), by: "root"))
            try await scene.advance(by: .seconds(10))
            #expect(await scene.state("s") == .awake)
            #expect(await scene.trigger("s") == .operator)
            try await scene.restart()
            #expect(await scene.vetoes("s") == ["it is pinned for a while"])
            try await scene.advance(by: .seconds(52))
            #expect(await scene.state("s") == .asleep)
            #expect(await scene.supervisor.pin("s", for: nil, by: "root"))
            try await scene.advance(by: .seconds(10_000))
            #expect(await scene.vetoes("s") == ["it is pinned"])
            #expect(await scene.supervisor.unpin("s"))
            try await scene.advance(by: .seconds(2))
            #expect(await scene.state("s") == .asleep)
        }
    }
}
