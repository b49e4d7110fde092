import SleepCore
import Testing

@testable import SleepEngine

@Suite("watches that wake")
struct WakeWatchesTests {
    private let host = PlainHost()
    private let woken = Trace()
    private var watches = WakeWatches()

    private let traffic: Settings = {
        var settings = Settings()
        settings.wakeOn = [.hook, .traffic]
        return settings
    }()

    /// Whether the refusals have changed.
    private mutating func arm(_ ids: String..., settings: Settings? = nil) -> Bool {
        let containers = ids.map { Container(id: $0, name: $0, status: .running) }
        return watches.arm(containers, settings ?? traffic, host) { [woken] in woken.add("\($0)") }
    }

    @Test("a service that only a hook wakes isn't watched")
    mutating func hookOnly() {
        let changed = arm("a", settings: Settings())
        #expect(!changed && !watches.isArmed && host.script.trace.all.isEmpty)
    }

    @Test("what happens for a watched container wakes, as its trigger")
    mutating func wakes() {
        let changed = arm("a", "b")
        #expect(!changed && watches.isArmed)
        host.stir("b")
        #expect(woken.all == ["traffic"])
        watches.disarm()
        host.stir("b")
        #expect(woken.all.count == 1)
    }

    @Test("what is watched already isn't watched again")
    mutating func again() {
        _ = arm("a")
        _ = arm("a", "b")
        #expect(host.script.trace.all == ["watch a", "watch b"])
        watches.disarm()
        #expect(!watches.isArmed)
        _ = arm("a")
        #expect(host.script.trace.all == ["watch a", "watch b", "watch a"])
    }

    @Test("where one container is refused none is watched, the earlier ones neither, and the veto says why")
    mutating func refused() {
        _ = arm("a")
        host.set { $0.refusals = ["c": "no link"] }
        let changed = arm("b", "c", "d")
        #expect(changed && !watches.isArmed)
        #expect(watches.refusals == [.traffic: "no link"] && watches.vetoes == [.noPacketWakes("no link")])
        #expect(!host.script.trace.all.contains("watch d"), "there is no use in it")
    }

    @Test("a refusal that stands isn't news; one that is over is, and leaves no veto")
    mutating func over() {
        host.set { $0.refusals = ["a": "no link"] }
        let changes = [arm("a"), arm("a")]
        #expect(changes == [true, false])
        host.set { $0.refusals = [:] }
        let changed = arm("a")
        #expect(changed && watches.isArmed && watches.vetoes.isEmpty)
    }

    @Test("after a change of the settings all is tried anew")
    mutating func reset() {
        _ = arm("a")
        host.set { $0.refusals = ["b": "no link"] }
        _ = arm("b")
        watches.reset()
        #expect(!watches.isArmed && watches.refusals.isEmpty && watches.vetoes.isEmpty)
        host.set { $0.refusals = [:] }
        _ = arm("a", "b")
        #expect(host.script.trace.all == ["watch a", "watch b", "watch a", "watch b"] && watches.isArmed)
    }
}
