import SleepCore
import Testing

@Suite("vetoes")
struct VetoTests {
    private static let now = SuspendingClock().now

    /// Scripts and people read these sentences: they are part of the product's outside.
    @Test(
        "say what keeps a service awake",
        arguments: [
            (Veto.neverSleeps(.policy), "the policy says sleep: never"),
            (.neverSleeps(.claimed(by: "a, b")), "its container is claimed by a, b too"),
            (.lettingGo, "svcd is letting go of it"),
            (.notLookedAt, "nobody has looked at it yet"),
            (.noContainer, "it has no container"),
            (.ambiguous(containers: 3), "3 containers match it"),
            (.down, "it is down"),
            (.held, "it is held: someone else paused it"),
            (.engineSilent, "Docker can't be asked"),
            (.beingWoken, "it is being woken or looked at"),
            (.mode(.observe), "the mode is observe"),
            (.pinned(until: nil), "it is pinned"),
            (.pinned(until: now), "it is pinned for a while"),
            (.leases(1), "a lease is live"),
            (.leases(2), "2 leases are live"),
            (.needed(by: ["a"]), "a requires it"),
            (.needed(by: ["a", "b"]), "a, b require it"),
            (.inUse(nil), "it is in use"),
            (.inUse("9 KiB/s"), "it is in use: 9 KiB/s"),
            (.minAwake(awakeFor: .seconds(3), rule: .seconds(60)), "it woke 3s ago and min_awake is 1m"),
            (.unreadable("cpu: gone"), "its activity can't be read: cpu: gone"),
            (.noPacketWakes("no power"), "no packet could wake it: no power"),
        ])
    func sentences(_ veto: Veto, _ sentence: String) { #expect(veto.description == sentence) }

    @Test(
        "say what keeps a sleeper from going deeper",
        arguments: [
            (Veto.wanted, "somebody needs it"),
            (.partlyFrozen, "not all of it is frozen"),
            (.keepsMemory("no swap"), "its memory can't be handed back: no swap"),
            (.keepsMemory(nil), "its memory can't be handed back: somebody needs it"),
            (.cannotStop("refused"), "it can't be stopped: refused"),
        ])
    func deeper(_ veto: Veto, _ sentence: String) { #expect(veto.description == sentence) }
}
