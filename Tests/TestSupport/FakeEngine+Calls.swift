import NIOConcurrencyHelpers
package import SleepCore

/// What svcd asks of it.
extension FakeEngine {
    package func about(within deadline: Duration) async throws -> EngineAbout {
        try await ping(within: deadline)
        return EngineAbout(name: "fake", version: "1", api: "1.0")
    }

    package func ping(within deadline: Duration) async throws {
        try await pings.pass()
        guard isUp else { throw EngineFault.unreachable("down") }
    }

    package func list(within deadline: Duration) async throws -> [ListedContainer] {
        try await begin("list", "list", deadline)
        return state.withLockedValue { state in
            state.records.values.map { record in
                // A listing tells neither processes nor what is looked at one by one.
                var container = record.container
                container.pid = 0
                container.details = nil
                let network = record.container.details?.network ?? "bridge"
                return ListedContainer(container: container, labels: record.labels, network: network)
            }
        }
    }

    package func find(_ match: ContainerMatch, within deadline: Duration) async throws -> [Container] {
        let name = if case .name(let name) = match.requirement { name } else { "\(match)" }
        try await begin("find", "find \(name)", deadline)
        return state.withLockedValue { state in
            let meant = state.records.values.filter { record in
                match.matches(name: record.container.name) { record.labels[$0] }
            }
            return meant.map { Self.seen($0, &state) }.sorted { $0.id < $1.id }
        }
    }

    package func inspect(id: String, within deadline: Duration) async throws -> Container? {
        try await begin("inspect", "inspect \(id)", deadline)
        return state.withLockedValue { state in state.records[id].map { Self.seen($0, &state) } }
    }

    private static func seen(_ record: Record, _ state: inout State) -> Container {
        var container = record.container
        if let lie = state.lies[container.name]?.first {
            state.lies[container.name]?.removeFirst()
            container.status = lie
        }
        return container
    }

    package func commandsRunning(in container: Container, within deadline: Duration) async throws -> [String] {
        try await begin("execs", "execs \(container.name)", deadline)
        return state.withLockedValue { $0.records[container.id]?.commands ?? [] }
    }

    package func pause(id: String, within deadline: Duration) async throws {
        try await change(id, "pause", from: .running, to: .paused, deadline)
    }

    package func unpause(id: String, within deadline: Duration) async throws {
        try await change(id, "unpause", from: .paused, to: .running, deadline)
    }

    package func start(id: String, within deadline: Duration) async throws {
        try await change(id, "start", from: .down, to: .running, deadline)
    }

    package func stop(id: String, grace: Duration, within deadline: Duration) async throws {
        try await change(id, "stop", from: .running, to: .down, deadline)
    }

    package func events(
        ready: @Sendable () async -> Void, receive: @Sendable (ContainerEvent) async -> Void
    ) async throws {
        try await begin("events", "events", .zero)
        let (stream, continuation) = AsyncStream.makeStream(of: ContainerEvent.self)
        state.withLockedValue { $0.listener = continuation }
        await ready()
        for await event in stream { await receive(event) }
        throw EngineFault.unanswered("the stream broke")
    }

    // MARK: How

    /// Notes a call that changes nothing, and lets it go wrong where a test says so.
    private func begin(_ verb: String, _ call: String, _ deadline: Duration) async throws {
        log.note(call)
        guard isUp else { throw EngineFault.unreachable("down") }
        try await before(nextFault([verb]), deadline)
    }

    private func nextFault(_ calls: [String]) -> Fault? {
        state.withLockedValue { state in
            let call = calls.first { state.faults[$0]?.isEmpty == false }
            return call.flatMap { state.faults[$0]?.removeFirst() }
        }
    }

    private func before(_ fault: Fault?, _ deadline: Duration) async throws {
        switch fault {
        case .refused(let status): throw EngineFault.refused(status: status, message: "refused")
        case .silent: throw EngineFault.unanswered("silence")
        case .stuck:
            try await time.sleep(until: time.now + deadline)
            throw EngineFault.unanswered("no answer within \(deadline)")
        case nil, .doneButRefused, .doneButSilent: break
        }
    }

    private func change(
        _ id: String, _ verb: String, from: Container.Status, to: Container.Status, _ deadline: Duration
    ) async throws {
        let name = Self.name(id)
        log.note("\(verb) \(name)")
        guard isUp else { throw EngineFault.unreachable("down") }
        if delay > .zero { try await time.sleep(until: time.now + delay) }
        let fault = nextFault(["\(verb) \(name)", verb])
        try await before(fault, deadline)
        guard let known = state.withLockedValue({ $0.records[id]?.container.name }) else {
            throw EngineFault.refused(status: 404, message: "no such container")
        }
        guard mayChange(id, verb, from) else {
            throw EngineFault.refused(status: verb == "pause" ? 409 : 500, message: "wrong state")
        }
        freezer?.set(id: id, isFrozen: to == .down ? nil : to == .paused)
        if bookkeeping > .zero { try await time.sleep(until: time.now + bookkeeping) }
        put(known, to)
        emit(verb, known)
        switch fault {
        case .doneButRefused(let status): throw EngineFault.refused(status: status, message: "refused")
        case .doneButSilent: throw EngineFault.unanswered("silence")
        case nil, .refused, .silent, .stuck: break
        }
    }

    /// Docker goes by its books, and by the kernel where it finds that nothing is left to thaw.
    private func mayChange(_ id: String, _ verb: String, _ from: Container.Status) -> Bool {
        guard state.withLockedValue({ $0.records[id]?.container.status == from }) else { return false }
        return verb != "unpause" || freezer?.isFrozen(id: id) != false
    }
}
