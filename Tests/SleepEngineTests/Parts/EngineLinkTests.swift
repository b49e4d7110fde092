import SleepCore
import Testing

@testable import SleepEngine

@Suite("the link to an engine")
struct EngineLinkTests {
    private let at = Instants()
    private var link = EngineLink()

    @Test("it is lost once and back once, however often that is said")
    mutating func transitions() {
        #expect(!link.isReachable)
        let said = [link.lost(), link.back(at[1]), link.back(at[2]), link.lost(), link.lost()]
        #expect(said == [false, true, false, true, false])
        #expect(!link.isReachable)
    }

    @Test("an answer speaks for it for a second, and not once it is lost")
    mutating func freshness() {
        link.answered(at[0])
        #expect(!link.isFresh(at[0]), "an answer alone doesn't make it reachable")
        _ = link.back(at[0])
        #expect(link.isFresh(at[0.9]) && !link.isFresh(at[1]))
        link.answered(at[2])
        #expect(link.isFresh(at[2.9]))
        _ = link.lost()
        #expect(!link.isFresh(at[2.9]))
    }

    @Test("a doubt reaches the minder that listens now; without one nothing happens")
    mutating func doubts() async {
        link.doubt()
        let (earlier, first) = AsyncStream.makeStream(of: EngineCall.self)
        let (later, second) = AsyncStream.makeStream(of: EngineCall.self)
        link.listening(first)
        link.listening(second)
        link.doubt()
        for continuation in [first, second] { continuation.finish() }
        #expect(await earlier.count == 0)
        #expect(await later.count == 1)
    }

    @Test("a sign of life comes when the alarm has rung and then the minder has turned, once")
    mutating func signs() async {
        let trace = Trace()
        let (calls, continuation) = AsyncStream.makeStream(of: EngineCall.self)
        link.listening(continuation)
        link.await { trace.add("alive") }
        for turned in link.minderTurned() { turned() }
        #expect(trace.all.isEmpty && !link.isAwaitingTurn, "the alarm hasn't rung")
        link.alarmCame()
        #expect(trace.all.isEmpty && link.isAwaitingTurn, "the minder hasn't turned")
        for turned in link.minderTurned() { turned() }
        link.alarmCame()
        for turned in link.minderTurned() { turned() }
        #expect(trace.all == ["alive"] && !link.isAwaitingTurn)
        continuation.finish()
        #expect(await calls.count == 2, "the minder was called each time")
    }

    @Test("one that asks while another waits for the minder needs an alarm of its own")
    mutating func two() {
        let trace = Trace()
        link.await { trace.add("first") }
        link.alarmCame()
        link.await { trace.add("second") }
        for turned in link.minderTurned() { turned() }
        #expect(trace.all == ["first"])
        link.alarmCame()
        for turned in link.minderTurned() { turned() }
        #expect(trace.all == ["first", "second"])
    }
}

extension AsyncStream {
    /// How many elements come until it ends.
    fileprivate var count: Int {
        get async {
            var count = 0
            for await _ in self { count += 1 }
            return count
        }
    }
}
