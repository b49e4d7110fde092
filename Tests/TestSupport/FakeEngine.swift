import NIOConcurrencyHelpers
package import SleepCore

/// A Docker of a few variables. Every call is noted; a test sets what is true and what goes wrong.
package final class FakeEngine: ContainerEngine {
    private struct State {
        var containers: [String: Container] = [:]
        var calls: [String] = []
        var commands: [String] = []
        var isUp = true
        var isStuck = false
        var isSomebodyStuck = false
        /// What the next calls of a verb do instead of succeeding.
        var faults: [String: [Fault]] = [:]
        var listener: AsyncStream<ContainerEvent?>.Continuation?
    }

    /// How a call goes wrong.
    package enum Fault: Sendable {
        case refused(Int)
        /// Done, and refused all the same.
        case doneButRefused(Int)
        /// Done, and nobody is told.
        case doneButSilent
        case silent
    }

    private let state = NIOLockedValueBox(State())
    /// How long pause and unpause take.
    private let delay: Duration

    package init(names: [String], delay: Duration = .milliseconds(2)) {
        self.delay = delay
        for name in names { put(name, .running) }
    }

    package var calls: [String] { state.withLockedValue { $0.calls } }

    package var isUp: Bool {
        get { state.withLockedValue { $0.isUp } }
        set {
            let listener = state.withLockedValue { state in
                state.isUp = newValue
                defer { if !newValue { state.listener = nil } }
                return newValue ? nil : state.listener
            }
            listener?.finish()
        }
    }

    /// Whether pings never end, whatever their deadline.
    package var isStuck: Bool {
        get { state.withLockedValue { $0.isStuck } }
        set { state.withLockedValue { $0.isStuck = newValue } }
    }

    package var isSomebodyStuck: Bool { state.withLockedValue { $0.isSomebodyStuck } }

    /// Sets what is true, without an event.
    package func put(_ name: String, _ status: Container.Status?, id: String? = nil) {
        state.withLockedValue { state in
            state.containers[name] = status.map { Container(id: id ?? "id-\(name)", name: name, status: $0, pid: 1) }
        }
    }

    package func status(_ name: String) -> Container.Status? { state.withLockedValue { $0.containers[name]?.status } }

    package func fail(_ verb: String, _ faults: Fault...) {
        state.withLockedValue { $0.faults[verb, default: []] += faults }
    }

    package func emit(_ action: String, _ name: String) {
        let event = ContainerEvent(id: "id-\(name)", action: action, name: name)
        state.withLockedValue { _ = $0.listener?.yield(event) }
    }

    // MARK: ContainerEngine

    package func about(within deadline: Duration) async throws -> EngineAbout {
        try await ping(within: deadline)
        return EngineAbout(name: "fake", version: "1", api: "1.0")
    }

    package func ping(within deadline: Duration) async throws {
        defer { state.withLockedValue { $0.isSomebodyStuck = false } }
        while isStuck {
            state.withLockedValue { $0.isSomebodyStuck = true }
            try await Task.sleep(for: .milliseconds(5))
        }
        guard isUp else { throw EngineFault.unreachable("down") }
    }

    package func list(within deadline: Duration) async throws -> [ListedContainer] {
        try note("list")
        return state.withLockedValue { $0.containers.values.map { ListedContainer(container: $0) } }
    }

    package func find(_ match: ContainerMatch, within deadline: Duration) async throws -> [Container] {
        guard case .name(let name) = match.requirement else { return [] }
        try note("find \(name)")
        return state.withLockedValue { $0.containers[name].map { [$0] } ?? [] }
    }

    package func inspect(id: String, within deadline: Duration) async throws -> Container? {
        try note("inspect \(id)")
        return state.withLockedValue { $0.containers.values.first { $0.id == id } }
    }

    package func pause(id: String, within deadline: Duration) async throws {
        try await change(id, "pause", from: .running, to: .paused)
    }

    package func unpause(id: String, within deadline: Duration) async throws {
        try await change(id, "unpause", from: .paused, to: .running)
    }

    package func start(id: String, within deadline: Duration) async throws {
        try await change(id, "start", from: .down, to: .running)
    }

    package func stop(id: String, grace: Duration, within deadline: Duration) async throws {
        try await change(id, "stop", from: .running, to: .down)
    }

    /// What `commandsRunning` answers.
    package var commands: [String] {
        get { state.withLockedValue { $0.commands } }
        set { state.withLockedValue { $0.commands = newValue } }
    }

    package func commandsRunning(in container: Container, within deadline: Duration) async throws -> [String] {
        try note("execs \(container.name)")
        return commands
    }

    package func events(
        ready: @Sendable () async -> Void, receive: @Sendable (ContainerEvent) async -> Void
    ) async throws {
        try note("events")
        let (stream, continuation) = AsyncStream.makeStream(of: ContainerEvent?.self)
        state.withLockedValue { $0.listener = continuation }
        await ready()
        for await case let event? in stream { await receive(event) }
        throw EngineFault.unanswered("the stream broke")
    }

    private func note(_ call: String) throws {
        let isUp = state.withLockedValue { state in
            state.calls.append(call)
            return state.isUp
        }
        if !isUp { throw EngineFault.unreachable("down") }
    }

    private func change(_ id: String, _ verb: String, from: Container.Status, to: Container.Status) async throws {
        let name = String(id.dropFirst(3))
        try note("\(verb) \(name)")
        try await Task.sleep(for: delay)
        let fault: Fault? = state.withLockedValue { state in
            if state.faults[verb]?.isEmpty == false { state.faults[verb]?.removeFirst() } else { nil }
        }
        switch fault {
        case .refused(let status): throw EngineFault.refused(status: status, message: "refused")
        case .silent: throw EngineFault.unanswered("silence")
        case nil, .doneButRefused, .doneButSilent: break
        }
        let isDone = state.withLockedValue { state in
            guard state.containers[name]?.status == from else { return false }
            state.containers[name]?.status = to
            return true
        }
        guard isDone else { throw EngineFault.refused(status: verb == "pause" ? 409 : 500, message: "wrong state") }
        emit(verb, name)
        switch fault {
        case .doneButRefused(let status): throw EngineFault.refused(status: status, message: "refused")
        case .doneButSilent: throw EngineFault.unanswered("silence")
        case nil, .refused, .silent: break
        }
    }
}
