import SleepCore
import Testing

@testable import SleepEngine

@Suite("letting go of every service")
@MainActor
struct DepartureTests {
    /// Waits on the main actor, and tells when it has been resumed.
    @MainActor
    private final class Waiter {
        var departure: Departure
        private(set) var hasResumed = false
        init(_ keys: [UInt64]) { departure = Departure(keys) }

        func wait() async {
            await withCheckedContinuation { departure.wait($0) }
            hasResumed = true
        }
    }

    /// Everything that is ready to run on the main actor has run.
    private func others() async { for _ in 0..<10 { await Task.yield() } }

    @Test("it is over when the last one has been let go of, not before, in whatever order")
    func last() async {
        let waiter = Waiter([1, 2, 3])
        let task = Task { await waiter.wait() }
        await others()
        waiter.departure.letGo(of: 2)
        waiter.departure.letGo(of: 2)
        waiter.departure.letGo(of: 9)
        waiter.departure.letGo(of: 3)
        await others()
        #expect(!waiter.hasResumed)
        #expect(waiter.departure.left == [1])
        waiter.departure.letGo(of: 1)
        await task.value
        #expect(waiter.hasResumed)
    }

    @Test("with nothing left, nobody is kept waiting")
    func none() async {
        await Waiter([]).wait()
        let waiter = Waiter([1])
        waiter.departure.letGo(of: 1)
        await waiter.wait()
    }

    @Test("who gives up waits no longer, and what is let go of later resumes nobody twice")
    func givesUp() async {
        let waiter = Waiter([1])
        let task = Task { await waiter.wait() }
        await others()
        #expect(!waiter.hasResumed)
        waiter.departure.giveUp()
        await task.value
        #expect(waiter.departure.left == [1])
        waiter.departure.letGo(of: 1)
        waiter.departure.giveUp()
    }
}
