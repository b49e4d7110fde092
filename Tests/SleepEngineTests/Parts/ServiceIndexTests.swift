import SleepCore
import Testing

@testable import SleepEngine

@Suite("the index of services")
struct ServiceIndexTests {
    private let at = Instants()
    private var index = ServiceIndex()

    private mutating func add(
        _ name: String, _ match: ContainerMatch? = nil, target: ServiceTarget? = nil
    ) -> ServiceDriver {
        let policy = ServicePolicy.plain(name, match)
        let machine = SleepMachine(rules: .init(policy.settings), seed: 1, now: at[0])
        let driver = ServiceDriver(key: index.newKey(), policy: policy, target: target, machine: machine)
        index.add(driver)
        return driver
    }

    /// The driver's machine is told that it has these containers now.
    private mutating func found(_ ids: String..., by driver: ServiceDriver) {
        let held = driver.machine.containers
        let containers = ids.map { Container(id: $0, name: $0, status: .running) }
        let step = driver.machine.handle(.found(containers, intents: [:]), now: at[1])
        // A listing that differs from what is believed leads to a look.
        if let look = step.look {
            _ = driver.machine.handle(.lookFinished(generation: look, containers), now: at[1])
        }
        index.moved(driver, from: held)
    }

    private func event(_ id: String, _ name: String, _ labels: [String: String] = [:]) -> ContainerEvent {
        ContainerEvent(id: id, action: "start", name: name, labels: labels)
    }

    private func names(_ drivers: [ServiceDriver]) -> [String] { drivers.map(\.name).sorted() }

    @Test("keys are never used again")
    mutating func keys() {
        let first = add("a")
        index.remove(first)
        let second = add("a")
        #expect(second.key != first.key)
    }

    @Test("an event concerns those that mean its container, and nobody else")
    mutating func meant() {
        _ = add("plain")
        _ = add("labelled", .label(key: "role", value: "view"))
        _ = add("composed", .compose(project: "p", service: "view"))
        _ = add("other", .label(key: "role", value: "edit"))
        #expect(names(index.concerned(by: event("1", "plain"))) == ["plain"])
        #expect(names(index.concerned(by: event("1", "x", ["role": "view"]))) == ["labelled"])
        #expect(names(index.concerned(by: event("1", "x", ["role": "none"]))).isEmpty)
        let compose = ["com.docker.compose.project": "p", "com.docker.compose.service": "view"]
        #expect(names(index.concerned(by: event("1", "x", compose))) == ["composed"])
        let oneOff = compose.merging(["com.docker.compose.oneoff": "True"]) { $1 }
        #expect(names(index.concerned(by: event("1", "x", oneOff))).isEmpty)
        let elsewhere = compose.merging(["com.docker.compose.project": "q"]) { $1 }
        #expect(names(index.concerned(by: event("1", "x", elsewhere))).isEmpty)
    }

    @Test("an event concerns the holder of its container under whatever name, and once")
    mutating func held() {
        let driver = add("a")
        _ = add("b")
        found("1", by: driver)
        #expect(names(index.concerned(by: event("1", "renamed"))) == ["a"])
        #expect(names(index.concerned(by: event("1", "a"))) == ["a"])
        #expect(names(index.concerned(by: event("1", "b"))) == ["a", "b"], "renamed to what b means")
    }

    @Test("after a recreate the old container is held by nobody")
    mutating func recreated() {
        let driver = add("a")
        found("1", "2", by: driver)
        found("2", "3", by: driver)
        #expect(index.holders(of: "1").isEmpty)
        #expect(names(index.holders(of: "2")) == ["a"] && names(index.holders(of: "3")) == ["a"])
        #expect(names(index.concerned(by: event("1", "gone"))).isEmpty)
    }

    @Test("two that hold one container are both told; when one lets go, the other still is")
    mutating func contested() {
        let (one, two) = (add("one", .name("c")), add("two", .name("c")))
        found("1", by: one)
        found("1", by: two)
        #expect(names(index.holders(of: "1")) == ["one", "two"])
        index.remove(one)
        #expect(names(index.holders(of: "1")) == ["two"])
        #expect(names(index.concerned(by: event("9", "c"))) == ["two"])
    }

    @Test("of two drivers of one name the one that was named last is the service, whatever becomes of the other")
    mutating func named() {
        let (old, new) = (add("a"), add("a"))
        index.name(old)
        index.name(new)
        #expect(index.isNamed(new) && !index.isNamed(old))
        index.unname(old)
        index.remove(old)
        #expect(index.named("a") === new)
        index.remove(new)
        #expect(index.named("a") == nil && index.all.isEmpty)
    }

    @Test("an orphan is told of its own container only, from before it has been found")
    mutating func orphan() {
        let orphan = add("a", target: .container("1"))
        index.expect("1", for: orphan)
        #expect(names(index.concerned(by: event("1", "x"))) == ["a"])
        #expect(names(index.concerned(by: event("2", "a"))).isEmpty, "it means no name")
        index.remove(orphan)
        #expect(index.holders(of: "1").isEmpty)
    }
}
