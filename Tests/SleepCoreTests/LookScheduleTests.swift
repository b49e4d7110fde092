import Testing

@testable import SleepCore

@Suite("looks")
struct LookScheduleTests {
    private let now = SuspendingClock().now

    private func begin(_ looks: inout LookSchedule) -> UInt64 {
        let begun = looks.begin(now)
        #expect(begun != nil)
        return begun ?? 0
    }

    @Test("begin when due, and the earliest request counts")
    func due() {
        var looks = LookSchedule()
        looks.request(at: now + .seconds(5))
        looks.request(at: now + .seconds(2))
        looks.request(at: now + .seconds(9))
        #expect(looks.due == now + .seconds(2) && !looks.isPending(now))
        let early = looks.begin(now + .seconds(1))
        let begun = looks.begin(now + .seconds(2))
        #expect(early == nil && begun == 0 && looks.isPending(now))
    }

    @Test("answer freshly, unless an operation has overtaken them")
    func overtaken() {
        var looks = LookSchedule()
        looks.request(at: now)
        let first = begin(&looks)
        let fresh = looks.finish(first)
        #expect(fresh == .fresh && looks.isIdle)
        looks.request(at: now)
        let second = begin(&looks)
        _ = looks.operationBegins()
        let late = looks.finish(second)
        let twice = looks.finish(second)
        #expect(late == .overtaken && twice == .unexpected)
    }

    @Test("that are under way are overtaken by a request, too: they may have seen the old truth")
    func requestMeanwhile() {
        var looks = LookSchedule()
        looks.request(at: now)
        let begun = begin(&looks)
        looks.request(at: now)
        let answer = looks.finish(begun)
        #expect(answer == .overtaken)
    }

    @Test("that fail are repeated a little later")
    func failure() {
        var looks = LookSchedule()
        looks.request(at: now)
        let begun = begin(&looks)
        looks.fail(begun &+ 7, now)
        #expect(looks.due == nil)
        looks.fail(begun, now)
        #expect(looks.due == now + .milliseconds(250))
    }

    @Test("wait for the operation that they follow, and for no later one")
    func afterOperation() {
        var looks = LookSchedule()
        looks.requestAfterOperation()
        looks.operationEnded(now)
        #expect(looks.due == now)
        looks = LookSchedule()
        looks.requestAfterOperation()
        _ = looks.operationBegins()
        looks.operationEnded(now)
        #expect(looks.isIdle)
    }
}
