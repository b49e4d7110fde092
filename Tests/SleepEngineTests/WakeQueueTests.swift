import Testing

@testable import SleepCore
@testable import SleepEngine

@Suite("the queue of wakes")
struct WakeQueueTests {
    private func entry(_ driver: UInt64, budget: Duration = .milliseconds(200)) -> WakeQueue.Entry {
        let operation = SleepMachine.Operation(id: driver, kind: .wake(thaw: [], start: []), limit: .seconds(1))
        return WakeQueue.Entry(driver: driver, operation: operation, budget: budget)
    }

    /// Whether each of these begins at once.
    private func enter(_ entries: [WakeQueue.Entry], _ queue: inout WakeQueue) -> [Bool] {
        var begun: [Bool] = []
        for entry in entries { begun.append(queue.enter(entry)) }
        return begun
    }

    /// The drivers that each of so many ends brings up.
    private func finish(_ times: Int, _ queue: inout WakeQueue) -> [[UInt64]] {
        var drivers: [[UInt64]] = []
        for _ in 0..<times { drivers.append(queue.finish().map(\.driver)) }
        return drivers
    }

    @Test("as many as the limit says begin at once, the next one when one has ended")
    func limit() {
        var queue = WakeQueue(limit: 2)
        #expect(enter([entry(1), entry(2), entry(3)], &queue) == [true, true, false])
        #expect(queue.running == 2)
        #expect(finish(1, &queue) == [[3]])
        #expect(queue.running == 2)
        #expect(finish(2, &queue) == [[], []])
        #expect(queue.running == 0)
    }

    @Test("the shortest budget goes first; among equals the one that came first")
    func order() {
        var queue = WakeQueue(limit: 1)
        let budgets: [(UInt64, Int)] = [(0, 200), (1, 500), (2, 50), (3, 500), (4, 50), (5, 200)]
        let begun = enter(budgets.map { entry($0.0, budget: .milliseconds($0.1)) }, &queue)
        #expect(begun == [true, false, false, false, false, false])
        #expect(finish(6, &queue) == [[2], [4], [5], [1], [3], []])
    }

    @Test("a higher limit lets several begin with the next end, a lower one none until enough have ended")
    func reload() {
        var queue = WakeQueue(limit: 1)
        _ = enter((1...5).map { entry($0) }, &queue)
        queue.limit = 3
        #expect(finish(1, &queue) == [[2, 3, 4]])
        queue.limit = 1
        #expect(finish(3, &queue) == [[], [], [5]])
    }
}
