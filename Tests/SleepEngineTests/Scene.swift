import Foundation
import Logging
import SleepCore
import Synchronization
import TestSupport

@testable import SleepEngine

/// A supervisor over fakes, with a clock that the test moves: nothing here waits in real time, and the same test
/// always goes the same way.
///
/// `wake` and `sleep` move the clock until they have their answer. What else is begun goes on in `settle`, which lets
/// everything come to rest at this instant, and in `advance`.
final class Scene: Sendable {
    let engine: FakeEngine
    let host: FakeHost
    let readiness: FakeReadiness
    let time: ManualTime
    let log: CallLog
    private let loop: TestLoop
    private let path: String
    private let running: Mutex<Running?> = .init(nil)

    private struct Running {
        var supervisor: Supervisor
        var journal: Journal
        var task: Task<Void, Never>
    }

    /// What a scene is made of.
    struct Props {
        /// How long Docker takes, until it is done, and from then to its answer.
        var delay = Duration.milliseconds(2)
        var bookkeeping = Duration.zero
        var reclaimTakes = Duration.milliseconds(1)
        /// Whether the kernel can be asked about its freezer, and told.
        var hasFreezer = true
        /// Whether packets can be watched.
        var hasPackets = true
        /// Of the memory, from the start.
        var pressure = 0.0
    }

    private init(_ names: [String], _ props: Props) {
        loop = TestLoop()
        time = ManualTime(loop)
        log = CallLog()
        host = FakeHost(time: time, log: log, reclaimTakes: props.reclaimTakes)
        if props.hasPackets { host.packets.refusal = nil }
        host.memory.pressure = props.pressure
        readiness = FakeReadiness(time: time)
        engine = FakeEngine(
            names: names, delay: props.delay, bookkeeping: props.bookkeeping,
            freezer: props.hasFreezer ? host.freezer : nil, time: time, log: log)
        path = NSTemporaryDirectory() + "svcd-scene-\(UInt64.random(in: 0 ... .max)).db"
    }

    /// - Parameter names: of services whose containers, of the same names, run; they use hooks only, and have no
    ///   `min_awake`.
    static func play(
        _ names: [String], idleAfter: Duration = .seconds(300), props: Props = Props(),
        policy change: (inout Policy) -> Void = { _ in }, _ body: (Scene) async throws -> Void
    ) async throws {
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
        let scene = Scene(names, props)
        defer { scene.removeFiles() }
        try await withTaskExecutorPreference(scene.loop.tasks) {
            do {
                try await scene.start(policy)
                try await body(scene)
            } catch {
                await scene.kill()
                throw error
            }
            await scene.kill()
        }
    }

    private func removeFiles() {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    // MARK: svcd comes and goes

    /// What `running` holds between `start` and `kill`.
    private var now: Running {
        running.withLock { running in
            guard let running else { preconditionFailure("no svcd runs in this scene") }
            return running
        }
    }

    var supervisor: Supervisor { now.supervisor }
    var journal: Journal { now.journal }

    /// svcd starts, over the journal that the last one has left.
    func start(_ policy: Policy, boot: String = "boot") async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let journal = try Journal(path: path, logger: logger)
        let supervisor = Supervisor(
            policy: policy,
            surroundings: .init(
                engine: engine, host: host, readiness: readiness, journal: journal, time: time, logger: logger,
                boot: boot, seed: 1),
            executor: loop.serial)
        try await supervisor.prepare()
        loop.mind { await journal.flush() }
        let task = Task(executorPreference: loop.tasks) { await supervisor.run() }
        running.withLock { $0 = Running(supervisor: supervisor, journal: journal, task: task) }
        // Each container is looked at, one after the other.
        try await advance(by: .milliseconds(policy.services.count))
    }

    /// svcd ends at once, as by SIGKILL: what sleeps goes on sleeping.
    func kill() async {
        guard let ended = running.withLock({ $0 }) else { return }
        ended.task.cancel()
        await ended.task.value
        await ended.journal.flush()
        running.withLock { $0 = nil }
    }

    /// svcd ends by SIGKILL and starts again, with another policy where a test says so.
    ///
    /// - Parameter change: what happens while there is none, too.
    func restart(boot: String = "boot", _ change: (inout Policy) -> Void = { _ in }) async throws {
        var policy = await supervisor.policy
        await kill()
        change(&policy)
        try await start(policy, boot: boot)
    }

    /// The policy is loaded anew.
    func reload(_ change: (inout Policy) -> Void) async throws {
        var policy = await supervisor.policy
        change(&policy)
        await supervisor.adopt(policy)
        try await settle()
    }

    // MARK: Time

    func settle() async throws { try await time.settle() }

    func advance(by duration: Duration) async throws {
        try await time.advance(by: duration)
        try await settle()
    }

    /// Moves the clock until `condition` holds; throws when it doesn't within `limit`.
    func advance(
        until what: String, within limit: Duration = .seconds(120), _ condition: () async throws -> Bool
    ) async throws {
        let end = time.now + limit
        try await settle()
        while try await !condition() {
            guard try await time.advanceOnce(by: end) else {
                let last = log.all.suffix(12).joined(separator: ", ")
                throw Overdue(description: "not within \(limit) of the scene's time: \(what); last: \(last)")
            }
        }
        // And what else is due at that instant.
        try await advance(by: .zero)
    }

    /// What was begun and may take time.
    final class Begun<Value: Sendable>: Sendable {
        private let result = Mutex<Value?>(nil)
        /// Null: it goes on.
        fileprivate(set) var value: Value? {
            get { result.withLock { $0 } }
            set { result.withLock { $0 = newValue } }
        }
    }

    /// Begins something that the supervisor answers later, and lets everything come to rest.
    func begin<Value: Sendable>(
        _ body: @escaping @Sendable (Supervisor) async -> Value
    ) async throws -> Begun<Value> {
        let begun = Begun<Value>()
        let supervisor = supervisor
        Task(executorPreference: loop.tasks) { begun.value = await body(supervisor) }
        try await settle()
        return begun
    }

    /// Moves the clock until it has its answer.
    func end<Value: Sendable>(_ begun: Begun<Value>, within limit: Duration = .seconds(120)) async throws -> Value {
        try await advance(until: "an answer", within: limit) { begun.value != nil }
        guard let value = begun.value else { throw Overdue(description: "no answer") }
        return value
    }

    func answer<Value: Sendable>(_ body: @escaping @Sendable (Supervisor) async -> Value) async throws -> Value {
        try await end(begin(body))
    }

    // MARK: Asking the supervisor

    /// An operator's, by force unless said otherwise.
    @discardableResult
    func sleep(_ name: String, _ depth: Depth = .frozen, force: Bool = true) async throws -> SleepMachine.SleepOutcome {
        guard let outcome = try await answer({ await $0.sleep(name, depth: depth, force: force, by: nil) }) else {
            throw Overdue(description: "there is no \(name)")
        }
        return outcome
    }

    @discardableResult
    func wake(_ name: String, _ trigger: Trigger = .hook) async throws -> Result<
        SleepMachine.WakeReport, SleepMachine.WakeFailure
    > {
        guard let answer = try await answer({ await $0.wake(name, trigger: trigger, by: nil) }) else {
            throw Overdue(description: "there is no \(name)")
        }
        return answer.result
    }

    /// Falls asleep by itself: its idle time is over.
    func idle(_ name: String) async throws {
        let after = await supervisor.idleAfter(name)
        try await advance(by: after + .milliseconds(100))
    }

    func state(_ name: String) async -> ServiceState? { await supervisor.state(name) }
    func depth(_ name: String) async -> Depth? { await supervisor.depth(name) }
    func trigger(_ name: String) async -> Trigger? { await supervisor.trigger(name) }
    func vetoes(_ name: String) async -> [String] { await supervisor.vetoes(name) }
    func error(_ name: String) async -> String? { await supervisor.error(name) }

    /// What the journal has of sleepers.
    func intents() async throws -> [Journal.Intent] { try await journal.load().intents }
}

extension Policy {
    /// Changes the settings of one service.
    mutating func set(_ name: String, _ change: (inout Settings) -> Void) {
        guard let index = services.firstIndex(where: { $0.name == name }) else { return }
        change(&services[index].settings)
    }

    /// Drops a service.
    mutating func drop(_ name: String) { services.removeAll { $0.name == name } }
}

extension Result where Failure == SleepMachine.WakeFailure {
    /// Null: it succeeded.
    var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}
