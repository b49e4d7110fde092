import SleepCore
import Testing

@testable import SleepEngine

@Suite("memory pressure")
struct PressureReliefTests {
    private let at = Instants()

    private func idle(_ key: UInt64, usedAt seconds: Double) -> PressureRelief.Candidate {
        .init(key: key, standing: .idle(lastUse: at[seconds]))
    }

    private func sleeper(_ key: UInt64, since seconds: Double, _ next: Depth) -> PressureRelief.Candidate {
        .init(key: key, standing: .sleeper(since: at[seconds], next: next))
    }

    /// As `KEY DEPTH`.
    private func next(_ candidates: [PressureRelief.Candidate]) -> String? {
        PressureRelief.next(candidates, at[100]).map { "\($0.key) \($0.depth)" }
    }

    @Test("a reading at the threshold is high; just below it doesn't flutter, seven tenths of it are still high")
    func hysteresis() {
        var relief = PressureRelief()
        let readings = [0.0, 0.09, 0.10, 0.09, 0.071, 0.0699, 0.09, 0.1]
        let changes = readings.map { relief.read($0, threshold: 0.1) }
        #expect(changes == [false, false, true, false, false, true, false, true])
        #expect(relief.isHigh)
        relief.isWatching = true
        relief.end()
        #expect(!relief.isHigh && !relief.isWatching)
    }

    @Test("idle services go before any sleeper, the longest idle first")
    func idleFirst() {
        #expect(next([sleeper(1, since: 0, .stopped), idle(2, usedAt: 50), idle(3, usedAt: 40)]) == "3 frozen")
    }

    @Test("a service that was used within ten seconds is not idle")
    func inUse() {
        #expect(next([idle(1, usedAt: 91)]) == nil)
        #expect(next([idle(1, usedAt: 90)]) == "1 frozen")
        #expect(next([idle(1, usedAt: 91), sleeper(2, since: 99, .reclaimed)]) == "2 reclaimed")
    }

    @Test("then the one that sleeps longest goes the step deeper that its policy allows")
    func sleepers() {
        let candidates = [sleeper(1, since: 20, .reclaimed), sleeper(2, since: 10, .stopped)]
        #expect(next(candidates) == "2 stopped")
        #expect(next(Array(candidates.reversed())) == "2 stopped")
        #expect(next([]) == nil)
    }
}
