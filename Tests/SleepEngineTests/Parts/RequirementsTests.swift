import SleepCore
import Testing

@testable import SleepEngine

@Suite("requirements")
struct RequirementsTests {
    private var requirements = Requirements()

    /// `a: b c` says that a requires b and c.
    private mutating func cover(_ lines: String...) {
        requirements.cover(
            lines.map { line in
                let names = line.split { " :".contains($0) }.map(String.init)
                return .plain(names[0]) { $0.requires = Array(names.dropFirst()) }
            })
    }

    @Test("a chain is followed to its end, the nearest first")
    mutating func chain() {
        cover("a: b", "b: c", "c: d", "d")
        #expect(requirements.all(of: "a") == ["b", "c", "d"])
        #expect(requirements.all(of: "d").isEmpty)
        #expect(requirements.all(of: "no such service").isEmpty)
    }

    @Test("a diamond's foot is there once, a circle isn't followed for ever and never holds its own service")
    mutating func diamond() {
        cover("a: b c", "b: d", "c: d", "d")
        #expect(requirements.all(of: "a") == ["b", "c", "d"])
        cover("a: b", "b: c", "c: a")
        #expect(requirements.all(of: "a") == ["b", "c"])
    }

    @Test("whoever is awake, or on the way, needs what it requires; nobody else does")
    mutating func states() {
        cover("a: b", "b")
        for state in ServiceState.allCases where state != .unknown {
            _ = requirements.note("a", is: .asleep)
            _ = requirements.note("a", is: state)
            let needs = [ServiceState.awake, .fallingAsleep, .waking, .failed].contains(state)
            #expect(requirements.needing("b") == (needs ? ["a"] : []), "\(state)")
        }
    }

    @Test("those it requires are told when it begins to need them and when it ends, and only then")
    mutating func told() {
        cover("a: b c", "b", "c")
        let told = [ServiceState.waking, .awake, .fallingAsleep, .asleep, .held].map { requirements.note("a", is: $0) }
        #expect(told == [["b", "c"], [], [], ["b", "c"], []])
        let leaf = requirements.note("b", is: .awake)
        #expect(leaf.isEmpty, "it requires nothing")
    }

    @Test("while Docker can't be asked, who needed others goes on to; one that is gone doesn't")
    mutating func unknown() {
        cover("a: b", "b")
        _ = requirements.note("a", is: .awake)
        let told = requirements.note("a", is: .unknown)
        #expect(told.isEmpty)
        #expect(requirements.needing("b") == ["a"])
        let gone = requirements.note("a", is: nil)
        #expect(gone == ["b"])
        #expect(requirements.needing("b").isEmpty)
    }

    @Test("those who need a service are told in the policy's order, whoever woke first")
    mutating func order() {
        cover("z: s", "a: s", "m: s", "s")
        for name in ["m", "a", "z"] { _ = requirements.note(name, is: .awake) }
        #expect(requirements.needing("s") == ["z", "a", "m"])
    }

    @Test("after a reload an awake service needs what it requires now, and nothing that it required before")
    mutating func reload() {
        cover("a: b", "x: b", "b", "c")
        _ = requirements.note("a", is: .awake)
        _ = requirements.note("x", is: .awake)
        cover("a: c", "x", "b", "c")
        #expect(requirements.needing("b").isEmpty)
        #expect(requirements.needing("c") == ["a"])
    }
}
