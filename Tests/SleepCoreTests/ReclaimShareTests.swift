import SleepCore
import Testing

@Suite("the share that is handed back")
struct ReclaimShareTests {
    private func after(_ costs: [Double], start: Double? = nil) -> Double {
        var share = ReclaimShare(target: 0.7, learned: start)
        for cost in costs { _ = share.note(cost: .milliseconds(200) * cost, budget: .milliseconds(200), target: 0.7) }
        return (share.value * 100).rounded() / 100
    }

    @Test("shrinks where wakes come near the budget, faster far beyond it, and never below nothing")
    func shrinks() {
        #expect(after([0.9]) == 0.6)
        #expect(after([3]) == 0.5)
        #expect(after(Array(repeating: 3, count: 20)) == 0)
    }

    @Test("grows where they are far below it, up to the target, and rests in between")
    func grows() {
        #expect(after([0.1], start: 0.5) == 0.55)
        #expect(after(Array(repeating: 0.1, count: 20), start: 0) == 0.7)
        #expect(after([0.6, 0.7], start: 0.4) == 0.4)
    }

    @Test("what was learned never exceeds a lower target")
    func lowered() {
        #expect(ReclaimShare(target: 0.3, learned: 0.6).value == 0.3)
    }
}
