import Dispatch
import Foundation
import Logging
import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("the supervisor, over a fake engine")
struct SupervisorTests {
    private func wake(_ supervisor: Supervisor, _ name: String) async -> SleepMachine.WakeFailure? {
        guard case .failure(let failure)? = await supervisor.wake(name, trigger: .hook, by: nil)?.result else {
            return nil
        }
        return failure
    }

    @Test(
        "whatever the engine answers to an unpause, the truth is found",
        arguments: [
            [FakeEngine.Fault.refused(500)], [.refused(409)], [.refused(500), .refused(500), .refused(409)],
            [.doneButRefused(500)], [.doneButRefused(409)], [.doneButSilent], [.silent],
        ])
    func unpauseErrs(faults: [FakeEngine.Fault]) async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            #expect(await supervisor.sleep("s", force: true, by: nil) == .asleep)
            for fault in faults { engine.fail("unpause", fault) }
            #expect(await wake(supervisor, "s") == nil)
            #expect(engine.status("s") == .running)
            #expect(await supervisor.state("s") == .awake)
        }
    }

    @Test(
        "whatever the engine answers to a pause, the truth is found",
        arguments: [
            (FakeEngine.Fault.refused(500), true), (.refused(409), true), (.doneButRefused(500), true),
            (.doneButSilent, true), (.silent, false),
        ])
    func pauseErrs(fault: FakeEngine.Fault, sleeps: Bool) async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            engine.fail("pause", fault)
            let outcome = await supervisor.sleep("s", force: true, by: nil)
            #expect((outcome == .asleep) == sleeps)
            #expect(engine.status("s") == (sleeps ? .paused : .running))
            #expect(await supervisor.state("s") == (sleeps ? .asleep : .awake))
            #expect(await wake(supervisor, "s") == nil)
            #expect(engine.status("s") == .running)
        }
    }

    @Test("a pause that got no answer and lands later is known as svcd's own")
    func lateFreeze() async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            engine.fail("pause", .silent)
            _ = await supervisor.sleep("s", force: true, by: nil)
            #expect(await supervisor.state("s") == .awake)
            engine.put("s", .paused)
            engine.emit("pause", "s")
            try await eventually("asleep") { await supervisor.state("s") == .asleep }
            #expect(await wake(supervisor, "s") == nil)
        }
    }

    @Test("and where somebody has come meanwhile, it is woken at once")
    func lateFreezeInUse() async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            engine.fail("pause", .silent)
            _ = await supervisor.sleep("s", force: true, by: nil)
            #expect(await wake(supervisor, "s") == nil)
            engine.put("s", .paused)
            engine.emit("pause", "s")
            try await eventually("it runs again") { engine.status("s") == .running }
        }
    }

    @Test("a wake that keeps failing is reported, tried again, and heals")
    func failing() async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            #expect(await supervisor.sleep("s", force: true, by: nil) == .asleep)
            for _ in 0..<5 { engine.fail("unpause", .refused(500)) }
            let failure = await wake(supervisor, "s")
            if case .failed = failure {} else { Issue.record("\(String(describing: failure))") }
            #expect(await supervisor.state("s") == .failed)
            #expect(await supervisor.error("s")?.contains("500") == true)
            try await eventually("it heals by itself") { engine.status("s") == .running }
            try await eventually("and is known to") { await supervisor.state("s") == .awake }
        }
    }

    @Test("only so many wakes at once, the most urgent first")
    func priority() async throws {
        let names = ["slow1", "slow2", "slow3", "fast"]
        try await withSupervisor(names, delay: .milliseconds(300)) { policy in
            policy.maxConcurrentWakes = 1
            for index in 0..<3 { policy.services[index].settings.wakeBudget = .milliseconds(500) }
        } _: { supervisor, engine in
            for name in names { #expect(await supervisor.sleep(name, force: true, by: nil) == .asleep) }
            await withTaskGroup(of: Void.self) { group in
                for name in names {
                    group.addTask { _ = await supervisor.wake(name, trigger: .hook, by: nil) }
                    // In this order.
                    while await supervisor.state(name) != .waking { await Task.yield() }
                }
            }
            #expect(
                engine.calls.filter { $0.hasPrefix("unpause") } == [
                    "unpause slow1", "unpause fast", "unpause slow2", "unpause slow3",
                ])
        }
    }

    @Test("mode observe decides and touches nothing")
    func observe() async throws {
        try await withSupervisor(["s"], idleAfter: .milliseconds(100)) { policy in
            policy.mode = .observe
        } _: { supervisor, engine in
            try await eventually("it is noted") {
                let rows = try await supervisor.journal.transitions(of: "s", since: 0, limit: 10)
                return rows.first?.outcome == "observed"
            }
            #expect(!engine.calls.contains { $0.hasPrefix("pause") })
        }
    }

    @Test("where no packet could wake it, a service that traffic is to wake stays awake")
    func unwatchedTraffic() async throws {
        try await withSupervisor(["traffic", "plain"], idleAfter: .milliseconds(100)) { policy in
            policy.services[0].settings.wakeOn = [.hook, .traffic]
        } _: { supervisor, engine in
            try await eventually("the plain one sleeps") { engine.status("plain") == .paused }
            try await eventually("why is known") {
                await !supervisor.vetoes("traffic").isEmpty
            }
            #expect(engine.status("traffic") == .running)
            #expect(
                await supervisor.vetoes("traffic") == [
                    "no packet could wake it: there is no network"
                ])
            #expect(await supervisor.sleep("traffic", force: false, by: nil) == .asleep)
        }
    }

    @Test("where nothing is due, nothing is asked of the engine")
    func quiet() async throws {
        try await withSupervisor(["s"]) { supervisor, engine in
            let before = engine.calls.count
            for _ in 0..<1000 {
                let outcome = await supervisor.hook("s", trigger: .hook, by: nil) { _ in }
                if case .awake = outcome {} else { Issue.record("not awake") }
            }
            #expect(engine.calls.count == before)
        }
    }
}

/// A serial executor that is nobody's thread in particular.
final class TestExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "test")
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

/// Runs a test against a supervisor whose services all run, use hooks only, and have no `min_awake`.
func withSupervisor(
    _ names: [String], idleAfter: Duration = .seconds(300), delay: Duration = .milliseconds(2),
    host: FakeHost = FakeHost(), readiness: FakeReadiness = FakeReadiness(),
    change: (inout Policy) -> Void = { _ in },
    _ body: @Sendable (Supervisor, FakeEngine) async throws -> Void
) async throws {
    let path = NSTemporaryDirectory() + "svcd-supervisor-\(UInt32.random(in: 0 ... .max)).db"
    defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let engine = FakeEngine(names: names, delay: delay)
    var policy = Policy()
    policy.services = names.map { name in
        var settings = Settings()
        settings.activity = [.hook]
        settings.minAwake = .zero
        settings.idleAfter = idleAfter
        settings.wakeTimeout = .seconds(2)
        return ServicePolicy(name: name, tier: "on-demand", settings: settings)
    }
    change(&policy)
    let supervisor = Supervisor(
        policy: policy,
        surroundings: .init(
            engine: engine, host: host, readiness: readiness, journal: try Journal(path: path, logger: logger),
            time: RealTime(), logger: logger, boot: "boot", seed: 1),
        executor: TestExecutor())
    try await supervisor.prepare()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await supervisor.run() }
        for name in names {
            try await eventually("\(name) is known") { await supervisor.state(name) == .awake }
        }
        try await body(supervisor, engine)
        group.cancelAll()
    }
}
