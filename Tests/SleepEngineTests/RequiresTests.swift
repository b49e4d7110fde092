import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("requires")
struct RequiresTests {
    private func play(
        _ requires: [String: [String]], _ names: [String], idleAfter: Duration = .seconds(300),
        props: Scene.Props = .init(), _ body: (Scene) async throws -> Void
    ) async throws {
        try await Scene.play(names, idleAfter: idleAfter, props: props) { policy in
            for (name, required) in requires { policy.set(name) { $0.requires = required } }
        } _: { scene in
            try await body(scene)
        }
    }

    private let chain = ["front": ["back"], "back": ["deep"]]

    @Test("of a chain, what is required falls asleep after what requires it")
    func fallsInOrder() async throws {
        let names = ["front", "back", "deep"]
        try await play(chain, names, idleAfter: .milliseconds(300)) { scene in
            try await scene.advance(by: .seconds(2))
            #expect(scene.log.only("pause") == ["pause front", "pause back", "pause deep"])
            for name in names { #expect(await scene.state(name) == .asleep) }
        }
    }

    @Test("a wake of the first wakes the whole chain at once, and waits for it")
    func wakesTogether() async throws {
        let names = ["front", "back", "deep"]
        try await play(chain, names) { scene in
            for name in names { try await scene.sleep(name) }
            let report = try await scene.wake("front").get()
            #expect(report.woke && report.elapsed == .milliseconds(2))
            for name in names { #expect(await scene.state(name) == .awake) }
            for name in ["back", "deep"] { #expect(await scene.trigger(name) == .dependency) }
        }
    }

    @Test("what is needed is kept awake, but not against an operator's force; the next hook wakes it again")
    func keptAwake() async throws {
        let names = ["front", "back", "deep"]
        try await play(chain, names) { scene in
            let refused = try await scene.sleep("back", force: false)
            #expect(refused.vetoes == ["front requires it"])
            #expect(try await scene.sleep("deep") == .asleep)
            #expect(await !scene.supervisor.touch("front"))
            #expect(try await scene.wake("front").failure == nil)
            #expect(await scene.state("deep") == .awake)
            #expect(await scene.supervisor.touch("front"))
        }
    }

    @Test("a diamond's foot is woken once, and kept awake by both sides")
    func diamond() async throws {
        let names = ["top", "left", "right", "foot"]
        try await play(["top": ["left", "right"], "left": ["foot"], "right": ["foot"]], names) { scene in
            for name in names { try await scene.sleep(name) }
            #expect(try await scene.wake("top").failure == nil)
            for name in names { #expect(await scene.state(name) == .awake) }
            #expect(scene.log.only("unpause").filter { $0 == "unpause foot" }.count == 1)
            for name in ["top", "left"] { try await scene.sleep(name) }
            #expect(try await scene.sleep("foot", force: false).vetoes == ["right requires it"])
            try await scene.sleep("right")
            #expect(try await scene.sleep("foot", force: false) == .asleep)
        }
    }

    @Test("one that is held, down or gone doesn't hold back who requires it", arguments: ["held", "down", "absent"])
    func notThere(what: String) async throws {
        try await play(["front": ["back"]], ["front", "back"]) { scene in
            try await scene.sleep("front")
            switch what {
            case "held": scene.engine.pause("back")
            case "down": scene.engine.die("back")
            default: scene.engine.remove("back")
            }
            try await scene.settle()
            #expect(await scene.state("back")?.rawValue == what)
            #expect(try await scene.wake("front").failure == nil)
            #expect(await scene.state("front") == .awake)
            #expect(await scene.state("back")?.rawValue == what)
            #expect(await scene.supervisor.touch("front"))
        }
    }

    @Test("one that can't be woken fails the wake of who requires it, and is named")
    func fails() async throws {
        try await play(["front": ["back"]], ["front", "back"]) { scene in
            for name in ["front", "back"] { try await scene.sleep(name) }
            for _ in 0..<5 { scene.engine.fail("unpause back", .refused(500)) }
            let failure = try await scene.wake("front").failure
            guard case .failed(let why) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(why.contains("back, which it requires, could not be woken"))
            try await scene.advance(by: .seconds(10))
            #expect(await scene.state("back") == .awake)
            #expect(await scene.state("front") == .awake)
        }
    }
}
