import Testing

@testable import SleepCore

/// What the machine does, told in stories of one container `c` that sleeps after ten idle seconds.
@Suite("a service")
struct ScenarioTests {
    @Test("falls asleep when idle: the intent first, then the freeze")
    func fallsAsleep() {
        var service = Scenario()
        service.pass(.seconds(10))
        #expect(service.begun == [.record(["c"], .frozen, unlessUsed: true)])
        service.finish()
        #expect(service.begun.last == .freeze)
        service.finish()
        #expect(service.state == .asleep && service.machine.owned == ["c": .frozen])
    }

    @Test("wake during pause unpauses once")
    func wakeDuringPause() {
        var service = Scenario()
        service.pass(.seconds(10))
        service.finish()
        let waiter = service.wake()
        #expect(service.operation?.kind == .freeze, "the pause lands first")
        service.finish()
        #expect(service.begun.last == .thaw)
        service.finish()
        #expect(service.ready == [waiter] && service.begun.filter { $0 == .thaw }.count == 1)
    }

    @Test("a thousand waiters share one wake")
    func sharedWake() {
        var service = Scenario.asleep()
        for _ in 0..<1000 { service.wake() }
        service.finish()
        #expect(service.begun.filter { $0 == .thaw }.count == 1)
        #expect(service.ready == Array(1...1000) && service.state == .awake)
    }

    @Test("a hook while the intent is recorded keeps it awake")
    func hookDuringRecording() {
        var service = Scenario()
        service.pass(.seconds(10))
        service.pass(.milliseconds(1))
        let isNoted = service.touch()
        service.finish()
        #expect(isNoted && service.state == .awake && service.forgotten == ["c"] && !service.begun.contains(.freeze))
    }

    @Test("a touch counts only while it surely runs")
    func touch() {
        var service = Scenario()
        let isNotedAwake = service.touch()
        service.fallAsleep()
        let isNotedAsleep = service.touch()
        #expect(isNotedAwake && !isNotedAsleep)
    }

    @Test("a late pause is known as its own, and undone where a client has come")
    func latePause() {
        var service = Scenario()
        service.pass(.seconds(10))
        service.finish()
        service.finish(.silence)
        service.find([.named("c")])
        service.pass(.seconds(1))
        service.wake()
        service.pass(.seconds(4))
        service.find([.named("c", .paused)])
        #expect(service.begun.last == .thaw, "it is no stranger's pause")
    }

    @Test("a pause that an earlier svcd asked for and that lands after the start is undone: it counts as used")
    func pauseOfAnEarlierLife() {
        // Whoever waited for the first listing has been told that it runs.
        var service = Scenario(intents: ["c": .frozen])
        service.send(.hinted(.paused))
        service.find([.named("c", .paused)])
        #expect(service.begun.last == .thaw)
        service.finish()
        #expect(service.state == .awake)
    }

    @Test("a freeze that was refused is tried again, at most three times")
    func refusedFreeze() {
        var service = Scenario()
        service.pass(.seconds(10))
        service.finish()
        for _ in 0..<3 {
            service.finish(.refused)
            service.find([.named("c")])
        }
        #expect(service.begun.filter { $0 == .freeze }.count == 3)
        #expect(service.state == .awake && service.machine.error == "refused" && service.forgotten == ["c"])
    }

    @Test("\"already paused\" is another's pause: held")
    func conflict() {
        var service = Scenario()
        service.pass(.seconds(10))
        service.finish()
        service.finish(.conflict)
        service.find([.named("c", .paused)])
        #expect(service.state == .held && service.machine.owned.isEmpty)
    }

    @Test("another's pause is held: a hook is turned away, an operator wakes it")
    func held() {
        var service = Scenario()
        service.send(.hinted(.paused))
        service.find([.named("c", .paused)])
        let hook = service.wake()
        service.find([.named("c", .paused)])
        #expect(service.state == .held && service.failed[hook] == .held)
        let user = service.wake(.operator)
        service.find([.named("c", .paused)])
        service.finish()
        #expect(service.state == .awake && service.ready == [user])
    }

    @Test("a lease that ends counts as use")
    func leaseEnds() {
        var service = Scenario()
        service.send(.leaseTaken(id: "l", until: service.now + .seconds(30)))
        service.pass(.seconds(35))
        #expect(service.begun.isEmpty && service.machine.leases.isEmpty)
        service.pass(.seconds(5))
        #expect(service.begun == [.record(["c"], .frozen, unlessUsed: true)])
    }

    @Test("a pin wakes it and keeps it awake until it is taken back")
    func pin() {
        var service = Scenario.asleep()
        service.send(.pinned(until: nil, by: "uid 0"))
        service.finish()
        service.pass(.seconds(100))
        #expect(service.state == .awake)
        service.send(.unpinned)
        service.fallAsleep()
        #expect(service.state == .asleep)
    }

    @Test("a wake halts handing memory back, and waits for its end")
    func wakeHaltsReclaim() throws {
        var service = Scenario.asleep { $0.reclaim = Reclaim(after: .seconds(5), target: 0.7) }
        service.pass(.seconds(5))
        let reclaim = try #require(service.step.reclaim)
        let waiter = service.wake()
        #expect(service.step.haltsReclaim && service.operation?.kind == .thaw)
        service.finish()
        #expect(service.ready.isEmpty && service.state == .waking)
        service.send(.reclaimFinished(reclaim.id, ReclaimOutcome(.halted)))
        #expect(service.ready == [waiter])
    }

    @Test("where there is readiness, the waiters are told once it answers")
    func readiness() {
        var service = Scenario.asleep { $0.ready = .tcp(port: 80) }
        let waiter = service.wake()
        service.finish()
        #expect(service.begun.last == .ready(["c"], afterStart: false) && service.ready.isEmpty)
        service.finish()
        #expect(service.ready == [waiter])
    }

    @Test("one that runs and doesn't answer has failed, and is asked again")
    func unready() {
        var service = Scenario.asleep { $0.ready = .tcp(port: 80) }
        let waiter = service.wake()
        service.finish()
        service.finish(.timeout)
        #expect(service.state == .failed && service.failed[waiter] == .timedOut)
        service.pass(.seconds(2))
        #expect(service.operation?.kind == .ready(["c"], afterStart: false))
        service.finish()
        #expect(service.state == .awake)
    }

    @Test("a wake that Docker refuses is tried five times, then after a backoff")
    func refusedWake() {
        var service = Scenario.asleep()
        let waiter = service.wake()
        for _ in 0..<5 {
            service.finish(.refused)
            service.find([.named("c", .paused)])
            service.pass(.milliseconds(400))
        }
        #expect(service.state == .failed && service.failed[waiter] == .failed("refused"))
        #expect(service.begun.filter { $0 == .thaw }.count == 5)
        service.pass(.seconds(2))
        #expect(service.operation?.kind == .thaw)
    }

    @Test("thawed beside a wake that waits for its next attempt, it is awake")
    func thawedBetweenAttempts() {
        var service = Scenario.asleep()
        let waiter = service.wake()
        for _ in 0..<2 {
            service.finish(.refused)
            service.find([.named("c", .paused)])
        }
        service.send(.thawed(["c"], .external))
        #expect(service.state == .awake && service.ready == [waiter])
        #expect(service.transitions.map(\.to) == [.asleep, .awake])
    }

    @Test("a wake of what went down meanwhile fails, and says that it is down")
    func downMeanwhile() {
        var service = Scenario.asleep()
        let waiter = service.wake()
        service.finish(.refused)
        service.find([.named("c", .down)])
        #expect(service.failed[waiter] == .down)
        #expect(service.transitions.last?.outcome == .failed("it is down"))
    }

    @Test("the kernel's word answers a hook; an operator waits for Docker's")
    func kernelFirst() {
        var service = Scenario.asleep()
        let hook = service.wake()
        service.send(.containersRun(service.lastNumber))
        #expect(service.ready == [hook] && !service.machine.isAnswered)
        let user = service.wake(.operator)
        #expect(service.ready == [hook])
        service.finish()
        #expect(service.ready == [hook, user])
    }

    @Test("its container is stopped after its own time, and a wake starts it")
    func stops() {
        var service = Scenario.asleep { $0.stopAfter = .seconds(60) }
        service.pass(.seconds(60))
        service.finish()
        #expect(service.begun.last == .stop(["c"]))
        service.finish()
        #expect(service.machine.depth == .stopped)
        service.wake()
        #expect(service.begun.last == .wake(thaw: [], start: ["c"]))
    }

    @Test("an operator's force overrides a lease, not sleep: never")
    func force() {
        var service = Scenario { $0.sleep = .never }
        let request = service.sleep(force: true)
        #expect(service.slept[request] == .vetoed([.neverSleeps(.policy)]))
        service = Scenario()
        service.send(.leaseTaken(id: "l", until: service.now + .seconds(60)))
        let polite = service.sleep()
        #expect(service.slept[polite] == .vetoed([.leases(1)]))
        service.sleep(force: true)
        #expect(service.operation?.kind == .record(["c"], .frozen, unlessUsed: false))
    }

    @Test("while Docker is gone what ran counts as awake, and what slept waits")
    func engineLost() {
        var service = Scenario()
        service.send(.engineLost)
        let waiter = service.wake()
        #expect(service.ready == [waiter] && service.state == .unknown)
        service = .asleep()
        service.send(.engineLost)
        let late = service.wake()
        #expect(service.ready.isEmpty)
        service.send(.engineBack)
        service.send(.found([.named("c", .paused)], intents: [:]))
        service.finish()
        #expect(service.ready == [late])
    }

    @Test("mode observe says once what it would have done")
    func observe() {
        var service = Scenario()
        service.send(.modeChanged(.observe))
        service.pass(.seconds(60))
        #expect(service.begun.isEmpty && service.transitions.map(\.outcome) == [.observed])
    }

    @Test("one that svcd lets go of is woken, and doesn't sleep again")
    func retired() {
        var service = Scenario.asleep()
        service.send(.retired(startStopped: false, .recovery))
        service.finish()
        service.pass(.seconds(60))
        #expect(service.state == .awake && service.machine.isSettled)
    }
}
