import SleepCore
import Testing

@testable import SleepEngine

@Suite("the agenda")
struct AgendaTests {
    private let at = Instants()
    private var agenda = Agenda()

    @Test("what is due comes the earliest first, once, and nothing that is due later")
    mutating func order() {
        agenda.add(.service(1), at: at[3])
        agenda.add(.sampling, at: at[1])
        agenda.add(.pulse, at: at[2])
        agenda.add(.service(2), at: at[9])
        let due = agenda.takeDue(at[3])
        #expect(due == [.sampling, .pulse, .service(1)])
        let again = agenda.takeDue(at[8])
        #expect(again.isEmpty)
        let last = agenda.takeDue(at[9])
        #expect(last == [.service(2)])
    }

    @Test("an item that is put on for later stays where it stands; for earlier it moves, and comes once")
    mutating func moves() {
        agenda.add(.service(1), at: at[5])
        agenda.add(.service(1), at: at[7])
        agenda.add(.service(1), at: at[2])
        let early = agenda.takeDue(at[2])
        #expect(early == [.service(1)])
        let stale = agenda.takeDue(at[20])
        #expect(stale.isEmpty)
    }

    @Test("what was taken off doesn't come, and comes once when it is put on anew for the same instant")
    mutating func removed() {
        agenda.add(.service(1), at: at[1])
        agenda.remove(.service(1))
        let none = agenda.takeDue(at[1])
        #expect(none.isEmpty)
        agenda.add(.service(1), at: at[2])
        agenda.remove(.service(1))
        agenda.add(.service(1), at: at[2])
        let once = agenda.takeDue(at[2])
        #expect(once == [.service(1)])
    }

    @Test("an alarm is set for the earliest only, and not again before it rang")
    mutating func alarms() {
        let nothing = agenda.nextAlarm()
        #expect(nothing == nil)
        agenda.add(.service(1), at: at[5])
        let first = agenda.nextAlarm()
        #expect(first == at[5])
        agenda.add(.service(2), at: at[6])
        let later = agenda.nextAlarm()
        #expect(later == nil, "the alarm that is set comes before it")
        agenda.add(.service(3), at: at[4])
        let earlier = agenda.nextAlarm()
        #expect(earlier == at[4])
        _ = agenda.takeDue(at[4])
        let next = agenda.nextAlarm()
        #expect(next == at[5])
    }

    @Test("an alarm that rings too early for everything is set again")
    mutating func early() {
        agenda.add(.pulse, at: at[5])
        _ = agenda.nextAlarm()
        let due = agenda.takeDue(at[4.9])
        #expect(due.isEmpty)
        let again = agenda.nextAlarm()
        #expect(again == at[5])
    }
}
