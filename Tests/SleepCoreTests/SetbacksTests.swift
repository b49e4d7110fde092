import Testing

@testable import SleepCore

@Suite("setbacks")
struct SetbacksTests {
    private let now = SuspendingClock().now

    /// The least and the most that the wait after a failure may be.
    private func isWithin(_ retryAt: Instant?, _ least: Duration, _ most: Duration) -> Bool {
        guard let retryAt else { return false }
        return retryAt >= now + least && retryAt < now + most
    }

    @Test("double the wait with every failed wake, up to a minute and a quarter")
    func wakes() {
        var setbacks = Setbacks(seed: 1)
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            setbacks.wakeFailed("no", at: now)
            #expect(isWithin(setbacks.retryAt, .seconds(seconds), .seconds(seconds) * 1.25))
        }
        setbacks.forgetWake()
        #expect(setbacks.error == nil && setbacks.retryAt == nil)
        setbacks.wakeFailed("again", at: now)
        #expect(isWithin(setbacks.retryAt, .seconds(1), .milliseconds(1250)))
    }

    @Test("name the wake's failure before the sleep's")
    func both() {
        var setbacks = Setbacks(seed: 1)
        setbacks.sleepFailed("a sleep", at: now)
        setbacks.wakeFailed("a wake", at: now)
        #expect(setbacks.error == "a wake")
        setbacks.forgetWake()
        #expect(setbacks.error == "a sleep" && isWithin(setbacks.retryAt, .seconds(5), .milliseconds(6250)))
        setbacks.sleepSucceeded()
        #expect(setbacks.error == nil)
    }

    @Test("let a client who asks not wait out the backoff")
    func retry() {
        var setbacks = Setbacks(seed: 1)
        setbacks.retryWake(at: now)
        #expect(setbacks.retryAt == nil)
        setbacks.wakeFailed("no", at: now)
        setbacks.retryWake(at: now)
        #expect(setbacks.retryAt == now)
    }

    @Test("of handing memory back hold for one sleep, a guard's for a minute")
    func reclaim() {
        let none = MemoryReading(residentBytes: 9, swappedBytes: 0)
        var setbacks = Setbacks(seed: 1)
        setbacks.reclaimEnded(ReclaimOutcome(.guarded("pressure")), at: now)
        #expect(setbacks.reclaim == ReclaimHindrance(message: "pressure", retryAt: now + .seconds(60)))
        setbacks.reclaimEnded(ReclaimOutcome(.halted), at: now)
        #expect(setbacks.reclaim == nil)
        setbacks.reclaimEnded(ReclaimOutcome(.done, before: none, after: none), at: now)
        #expect(setbacks.reclaim == ReclaimHindrance(message: "there is nothing to hand back", retryAt: nil))
        setbacks.stopFailed("refused")
        setbacks.sleepBegan()
        #expect(setbacks.reclaim == nil && setbacks.stop == nil)
    }

    @Test("count memory that an earlier sleep has left in swap as handed back")
    func deep() {
        let swapped = MemoryReading(residentBytes: 9, swappedBytes: 5)
        #expect(ReclaimOutcome(.done, before: swapped, after: swapped).isDeep)
        #expect(!ReclaimOutcome(.halted, before: swapped, after: swapped).isDeep)
    }
}
