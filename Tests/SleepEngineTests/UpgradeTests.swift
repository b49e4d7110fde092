import Dispatch
import Foundation
import Logging
import PolicyFile
import SleepCore
import TestSupport
import Testing

@testable import SleepEngine

@Suite("the state of an earlier svcd")
struct UpgradeTests {
    @Test("its journal: sleepers, leases, pins, settings and history")
    func journal() async throws {
        try await Old.with { old in
            let snapshot = try await old.journal.load()
            let depths = snapshot.intents.reduce(into: [:]) { $0[$1.service] = $1.depth }
            #expect(depths == ["paused": .frozen, "frozen": .frozen, "reclaimed": .reclaimed, "stopped": .stopped])
            #expect(snapshot.intents.allSatisfy { $0.container == "id-\($0.service)" && $0.boot == "boot" })
            #expect(snapshot.intents.compactMap(\.place) == [Old.place])
            #expect(snapshot.leases.map(\.service) == ["leased"])
            #expect(Set(snapshot.pins.keys) == ["pinned", "pinned-for-a-while"])
            #expect(snapshot.pins["pinned"] == .some(nil) && snapshot.pins["pinned-for-a-while"] != .some(nil))
            #expect(snapshot.settings["mode"] == "auto")

            let slept = try await old.journal.transitions(of: "reclaimed", since: 0, limit: 10)
            #expect(slept.map(\.depth) == ["reclaimed", "frozen"] && slept[0].residentAfter != nil)
            #expect(try await old.journal.transitions(of: nil, since: 0, limit: 100).count == 17)
            let budgets = try await Budgets.read(from: old.journal, since: 0)
            #expect(budgets.services["learned"]?.latencies.count == 2)
            #expect(budgets.services["learned"]?.latencies.withinBudget == 0)
        }
    }

    @Test("its sleepers are svcd's own, as deep as they were, and wake")
    func sleepers() async throws {
        try await Old.with { old in
            try await old.start { supervisor in
                // The fake kernel has no freezer: the one that is held there is left to the real test.
                for (name, depth) in [("paused", Depth.frozen), ("reclaimed", .reclaimed), ("stopped", .stopped)] {
                    try await eventually("\(name) is asleep") { await supervisor.state(name) == .asleep }
                    #expect(await supervisor.depth(name) == depth)
                    let woken = await supervisor.wake(name, trigger: .hook, by: nil)
                    #expect(throws: Never.self) { try woken?.result.get() }
                    #expect(old.engine.status(name) == .running)
                }
                await old.journal.flush()
                let left = try await old.journal.load().intents.map(\.service)
                #expect(Set(left).isDisjoint(with: ["paused", "reclaimed", "stopped"]))
            }
        }
    }

    @Test("the operator's mode, pins and leases hold, and what wakes have taught")
    func wishes() async throws {
        try await Old.with { old in
            try await old.start { supervisor in
                for name in ["learned", "leased", "pinned", "pinned-for-a-while"] {
                    try await eventually("\(name) is awake") { await supervisor.state(name) == .awake }
                }
                #expect(await supervisor.mode == .auto, "the policy says observe")
                for name in ["pinned", "pinned-for-a-while", "leased"] {
                    guard case .vetoed = await supervisor.sleep(name, force: false, by: nil) else {
                        Issue.record("nothing keeps \(name) awake")
                        continue
                    }
                }
                let lease = try #require(try await old.journal.load().leases.first)
                #expect(await supervisor.renewLease(lease.id, for: .seconds(60), peer: 0))
                let share = try #require(await supervisor.share("learned"))
                #expect(abs(share - 0.3) < 0.001, "its policy asks for 0.7")
            }
        }
    }
}

/// What such a state meets: the one place here that knows how a supervisor is set up.
private struct Old {
    static let place = "/cgroup/id-frozen"

    let engine: FakeEngine
    let journal: Journal
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func with(_ body: (Old) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "svcd-upgrade-\(UInt32.random(in: 0 ... .max)).db"
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
        let ids = Dictionary(uniqueKeysWithValues: OldState.services.map { ($0, "id-\($0)") })
        try OldState(boot: "boot", ids: ids, place: place).write(to: path)
        try await body(Old(journalPath: path))
    }

    private init(journalPath: String) throws {
        engine = FakeEngine(names: OldState.services)
        for name in ["paused", "reclaimed"] { engine.put(name, .paused) }
        engine.put("stopped", .down)
        journal = try Journal(path: journalPath, logger: logger)
    }

    /// Runs a supervisor on it while `body` does.
    func start(_ body: @Sendable (Supervisor) async throws -> Void) async throws {
        let supervisor = Supervisor(
            policy: try PolicyFile.load(OldState.policyPath),
            surroundings: .init(
                engine: engine, host: FakeHost(), readiness: FakeReadiness(), journal: journal, time: RealTime(),
                logger: logger, boot: "boot", seed: 1),
            executor: Queue())
        try await supervisor.prepare()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await supervisor.run() }
            try await body(supervisor)
            group.cancelAll()
        }
    }

    private final class Queue: SerialExecutor {
        private let queue = DispatchQueue(label: "upgrade")
        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
        }
    }
}
