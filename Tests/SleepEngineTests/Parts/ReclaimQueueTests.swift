import SleepCore
import Testing

@testable import SleepEngine

@Suite("the queue of memory to be handed back")
struct ReclaimQueueTests {
    private var queue = ReclaimQueue()

    private func job(_ service: UInt64, _ id: UInt64 = 0) -> ReclaimJob {
        ReclaimJob(service: service, id: id, containers: [], share: 0.5)
    }

    @Test("one at a time, the first come first")
    mutating func order() {
        let begun = [queue.enter(job(3)), queue.enter(job(1)), queue.enter(job(2))]
        #expect(begun == [true, false, false])
        let next = [queue.finish()?.service, queue.finish()?.service, queue.finish()?.service]
        #expect(next == [1, 2, nil])
        #expect(queue.isIdle)
        let idle = queue.enter(job(4))
        #expect(idle)
    }

    @Test("one that waits is halted by being taken out, and answered at once")
    mutating func haltsWaiting() {
        let (first, second) = (job(1), job(2, 7))
        _ = (queue.enter(first), queue.enter(second), queue.enter(job(3)))
        let halted = queue.halt(2)
        #expect(halted?.id == 7)
        #expect(!first.flag.isRaised)
        let next = queue.finish()
        #expect(next?.service == 3)
    }

    @Test("one that is under way is told, and ends by itself: the next waits for that")
    mutating func haltsUnderWay() {
        let (first, second) = (job(1), job(2))
        _ = (queue.enter(first), queue.enter(second))
        let halted = queue.halt(1)
        #expect(halted == nil)
        #expect(first.flag.isRaised && !second.flag.isRaised)
        #expect(!queue.isIdle)
        let next = queue.finish()
        #expect(next?.service == 2)
    }

    @Test("a halt of what isn't there changes nothing")
    mutating func haltsNothing() {
        let first = job(1)
        _ = queue.enter(first)
        let halted = queue.halt(2)
        #expect(halted == nil && !first.flag.isRaised)
    }

    @Test("a reason is news once")
    mutating func news() {
        let news = [
            queue.isNews("no swap"), queue.isNews("no swap"), queue.isNews("pressure"), queue.isNews("no swap"),
        ]
        #expect(news == [true, false, true, false])
    }
}
