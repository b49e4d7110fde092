import SleepCore
import Testing

@testable import SleepEngine

@Suite("answers that callers wait for")
struct PendingAnswersTests {
    /// What was answered, by whom it was for.
    private final class Heard { var names: [String] = [] }

    private let heard = Heard()
    private var answers = PendingAnswers()

    private mutating func add(wake id: UInt64) {
        answers.add(id, wake: { [heard] _ in heard.names.append("wake \(id)") })
    }
    private mutating func add(sleep id: UInt64) {
        answers.add(id, sleep: { [heard] _ in heard.names.append("sleep \(id)") })
    }

    @Test("each is answered once, and nobody else with it")
    mutating func once() {
        add(wake: 1)
        add(wake: 2)
        for _ in 0..<2 { answers.takeWake(1)?(.failure(.held)) }
        #expect(heard.names == ["wake 1"])
    }

    @Test("a sleep isn't answered by a wake")
    mutating func kinds() {
        add(sleep: 1)
        let wake = answers.takeWake(1)
        #expect(wake == nil)
        answers.takeSleep(1)?(.asleep)
        #expect(heard.names == ["sleep 1"])
    }

    @Test("a caller that has gone isn't answered")
    mutating func gone() {
        add(wake: 1)
        add(sleep: 2)
        answers.forget(1)
        answers.forget(2)
        let left = (answers.takeWake(1), answers.takeSleep(2))
        #expect(left.0 == nil && left.1 == nil)
    }

    @Test("all who are left are taken at once, and only once")
    mutating func all() {
        add(wake: 1)
        add(wake: 2)
        add(sleep: 3)
        answers.takeWake(1)?(.failure(.held))
        let left = answers.takeAll()
        for answer in left.wakes { answer(.failure(.engineUnavailable)) }
        for answer in left.sleeps { answer(.asleep) }
        #expect(heard.names == ["wake 1", "wake 2", "sleep 3"])
        let again = answers.takeAll()
        #expect(again.wakes.isEmpty && again.sleeps.isEmpty)
    }
}
