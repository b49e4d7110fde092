import SleepCore
import Testing

@testable import SleepEngine

@Suite("meters of a service")
struct MetersTests {
    private let at = Instants()
    private let host = PlainHost { $0.readings = ["a": .init(networkBytes: 5), "b": .init(networkBytes: 7)] }
    private var meters = Meters()

    private func container(_ id: String, pid: Int, _ status: Container.Status = .running) -> Container {
        Container(id: id, name: id, status: status, pid: pid)
    }

    private mutating func sample(_ containers: Container...) -> Meters.Sample {
        meters.sample(containers, Settings(), host, at[0])
    }

    @Test("a meter is opened once, and anew when its container has another process")
    mutating func opens() {
        for pid in [1, 1, 2] { _ = sample(container("a", pid: pid)) }
        #expect(host.script.trace.all == ["open a of 1", "open a of 2"])
        meters.close()
        #expect(meters.isEmpty)
        _ = sample(container("a", pid: 2))
        #expect(host.script.trace.all.count == 3)
    }

    @Test("a container whose process only a look can tell is unreadable, and asks for one")
    mutating func lacksPID() {
        let found = sample(container("a", pid: 0), container("b", pid: 1))
        #expect(found.lacksPID && found.reading.unreadable != nil)
        #expect(host.script.trace.all == ["open b of 1"])
    }

    @Test("what can't be read isn't tried again with this process, and the service says so")
    mutating func unreadable() {
        let found = [sample(container("x", pid: 1)), sample(container("x", pid: 1))]
        #expect(found.allSatisfy { $0.reading.unreadable != nil && !$0.lacksPID })
        #expect(host.script.trace.all == ["open x of 1"])
    }

    @Test("what doesn't run has no use and no meter")
    mutating func notRunning() {
        let found = sample(container("a", pid: 1, .paused), container("b", pid: 0, .down))
        #expect(found == .init() && meters.isEmpty)
    }

    @Test("one container in use is a service in use, though another can't be read")
    mutating func use() {
        host.set { $0.readings["b"]?.use = "cpu" }
        let found = sample(container("x", pid: 1), container("a", pid: 2), container("b", pid: 3))
        #expect(found.reading.use == "cpu" && found.reading.unreadable != nil)
        host.set { $0.readings["a"]?.unreadable = "no counters" }
        let other = sample(container("a", pid: 2), container("b", pid: 3))
        #expect(other.reading.unreadable == "no counters")
    }

    @Test("a last reading adds up the bytes of all that is open, and opens nothing")
    mutating func read() {
        #expect(meters.read(at[0]) == .init())
        _ = sample(container("a", pid: 1), container("b", pid: 2), container("x", pid: 3))
        let opened = host.script.trace.all
        #expect(meters.read(at[1]).networkBytes == 12)
        host.set { $0.readings["a"]?.use = "cpu" }
        #expect(meters.read(at[1]).use == "cpu")
        #expect(host.script.trace.all == opened)
    }
}
