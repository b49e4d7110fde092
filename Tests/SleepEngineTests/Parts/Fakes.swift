import Logging
import SleepCore
import Synchronization

@testable import SleepEngine

/// What was done, in order, by whoever holds it.
final class Trace: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// Writes down what is done, `unpause a`, and lets a test have a word in it.
final class Script: Sendable {
    let trace: Trace
    private let faults = Mutex<[String: EngineFault]>([:])
    private let bodies = Mutex<[String: @Sendable () -> Void]>([:])

    init(_ trace: Trace) { self.trace = trace }

    /// What goes wrong with a call.
    subscript(call: String) -> EngineFault? {
        get { faults.withLock { $0[call] } }
        set { faults.withLock { $0[call] = newValue } }
    }

    /// What happens while a call is under way.
    func when(_ call: String, _ body: @escaping @Sendable () -> Void) { bodies.withLock { $0[call] = body } }

    func done(_ call: String) throws {
        trace.add(call)
        let fault = self[call]
        bodies.withLock { $0[call] }?()
        if let fault { throw fault }
    }
}

/// A kernel that does and says what a test has set, and writes down what it was asked to do.
final class PlainHost: ContainerHost {
    struct State: Sendable {
        /// By place; null: gone.
        var isFrozen: [String: Bool] = [:]
        /// By container, where the kernel can freeze it.
        var places: [String: String] = [:]
        var signals: Set<String> = []
        /// By container, why its packets can't be watched.
        var refusals: [String: String] = [:]
        /// By container, what its meter says; none: it can't be read.
        var readings: [String: ActivityReading] = [:]
        /// By place or container.
        fileprivate var watches: [String: Watch] = [:]
    }

    /// What is called when something happens there, for as long as the token lives.
    fileprivate struct Watch: Sendable {
        weak var token: Token?
        var body: @Sendable () -> Void
    }

    fileprivate final class Token: Sendable {}

    private let state = Mutex(State())
    let script: Script

    init(_ trace: Trace = Trace(), _ change: (inout State) -> Void = { _ in }) {
        script = Script(trace)
        set(change)
    }

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
    private var now: State { state.withLock { $0 } }

    /// Something happens there.
    func stir(_ place: String) {
        guard let watch = now.watches[place], watch.token != nil else { return }
        watch.body()
    }

    private func watching(_ place: String, _ body: @escaping @Sendable () -> Void) -> Token {
        let token = Token()
        set { $0.watches[place] = Watch(token: token, body: body) }
        return token
    }

    func isFrozen(_ container: Container) -> Bool? { now.places[container.id].flatMap { isFrozen(at: $0) } }
    func freezerPlace(of container: Container) -> String? { now.places[container.id] }
    func frozenPlace(of container: Container) -> String? {
        now.places[container.id].flatMap { isFrozen(at: $0) == true ? $0 : nil }
    }
    func isFrozen(at place: String) -> Bool? { now.isFrozen[place] }
    func hasPendingSignals(at place: String) -> Bool { now.signals.contains(place) }
    @concurrent func freeze(at place: String) async throws {
        try script.done("freeze \(place)")
        set { $0.isFrozen[place] = true }
    }
    func thaw(at place: String) throws {
        try script.done("thaw \(place)")
        set { $0.isFrozen[place] = false }
    }
    func watch(_ place: String, _ body: @escaping @Sendable () -> Void) -> AnyObject? {
        watching(place, body)
    }

    func watchTraffic(
        _ container: Container, ignoring: [AddressBlock], _ body: @escaping @Sendable () -> Void
    ) -> TrafficWatch {
        script.trace.add("watch \(container.id)")
        if let why = now.refusals[container.id] { return .refused(why) }
        return .watching(watching(container.id, body))
    }

    func unread(_ container: Container, ignoring: [AddressBlock]) -> [UnreadSocket] { [] }
    func unanswered(_ container: Container, within: Duration, ignoring: [AddressBlock]) -> [OpenRequest] { [] }

    func memory(of container: Container) -> MemoryReading? { nil }
    @concurrent func reclaim(_ container: Container, share: Double, order: HaltFlag) async -> ReclaimOutcome {
        ReclaimOutcome(.done)
    }
    @concurrent func learn(_ container: Container) async {}
    func prefetch(_ container: Container) {}
    func keepKnowledge(of ids: Set<String>) {}
    var majorFaultCost: Duration { .microseconds(100) }
    func memoryPressure() -> Double? { nil }

    func meter(_ container: Container, _ settings: Settings) -> (any ActivityMeter)? {
        script.trace.add("open \(container.id) of \(container.pid)")
        return now.readings[container.id] == nil ? nil : Meter(self, container.id)
    }

    private final class Meter: ActivityMeter {
        private let host: PlainHost
        private let container: String
        init(_ host: PlainHost, _ container: String) { (self.host, self.container) = (host, container) }
        func read(now: Instant) -> ActivityReading { host.now.readings[container] ?? ActivityReading() }
    }
}

/// A Docker that agrees to everything, unless a test has set a fault, and writes it down.
final class PlainEngine: ContainerEngine {
    private let containers: [String: Container]
    private let commands: [String]
    private let streams = Mutex<[AsyncStream<ContainerEvent>.Continuation]>([])
    let script: Script

    func about(within deadline: Duration) async throws -> EngineAbout {
        EngineAbout(name: "docker", version: "28.5.2", api: "1.51")
    }

    init(_ trace: Trace = Trace(), _ containers: [Container] = [], commands: [String] = []) {
        script = Script(trace)
        self.containers = Dictionary(uniqueKeysWithValues: containers.map { ($0.id, $0) })
        self.commands = commands
    }

    func emit(_ event: ContainerEvent) { streams.withLock { _ = $0.last?.yield(event) } }
    func endStream() { streams.withLock { $0.last?.finish() } }

    func ping(within deadline: Duration) async throws { try script.done("ping") }
    func list(within deadline: Duration) async throws -> [ListedContainer] {
        try script.done("list")
        return containers.values.map { ListedContainer(container: $0) }
    }
    func find(_ match: ContainerMatch, within deadline: Duration) async throws -> [Container] {
        try script.done("find \(match)")
        return containers.values.filter { match.matches(name: $0.name) { _ in nil } }
    }
    func inspect(id: String, within deadline: Duration) async throws -> Container? {
        try script.done("inspect \(id)")
        return containers[id]
    }
    func pause(id: String, within deadline: Duration) async throws { try script.done("pause \(id)") }
    func unpause(id: String, within deadline: Duration) async throws { try script.done("unpause \(id)") }
    func start(id: String, within deadline: Duration) async throws { try script.done("start \(id)") }
    func stop(id: String, grace: Duration, within deadline: Duration) async throws { try script.done("stop \(id)") }
    func commandsRunning(in container: Container, within deadline: Duration) async throws -> [String] {
        try script.done("commands \(container.id)")
        return commands
    }
    func events(ready: @Sendable () async -> Void, receive: @Sendable (ContainerEvent) async -> Void) async throws {
        try script.done("events")
        let (events, continuation) = AsyncStream.makeStream(of: ContainerEvent.self)
        streams.withLock { $0.append(continuation) }
        await ready()
        for await event in events { await receive(event) }
    }
}

/// A clock that jumps over every wait that is short enough, and never ends a longer one.
final class JumpingTime: TimeSource {
    private struct State {
        var now: Instant = SuspendingClock().now
        var waits: [Duration] = []
    }
    private let state = Mutex(State())
    private let longestJump: Duration
    private static let mostJumps = 100

    init(longestJump: Duration = .seconds(60)) { self.longestJump = longestJump }

    var now: Instant { state.withLock { $0.now } }
    var wallMilliseconds: Int64 { 0 }
    /// The waits that it has jumped over.
    var waits: [Duration] { state.withLock { $0.waits } }

    func setAlarm(at instant: Instant, _ body: @escaping @Sendable () -> Void) {}

    @concurrent func sleep(until instant: Instant) async throws {
        try Task.checkCancellation()
        let isJump = state.withLock { state in
            let wait = instant - state.now
            // Whoever tries again for ever doesn't take the threads of other tests.
            guard wait <= longestJump, state.waits.count < Self.mostJumps else { return false }
            state.waits.append(wait)
            state.now = instant
            return true
        }
        if isJump { return }
        // Ends only by cancellation.
        let (never, continuation) = AsyncStream.makeStream(of: Void.self)
        defer { continuation.finish() }
        for await _ in never {}
        throw CancellationError()
    }
}

/// Everything is ready at once.
struct ReadyAtOnce: ReadinessProbe {
    @concurrent func wait(for readiness: Readiness, of container: Container, within limit: Duration)
        async throws(NotReady)
    {}
}

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
