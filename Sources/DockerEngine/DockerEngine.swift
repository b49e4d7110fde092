internal import FoundationEssentials
package import NIOCore
package import SleepCore
internal import UnixHTTP

/// The Docker Engine API over its unix socket.
///
/// Which version of it is spoken, `VersionChoice` says. Statuses: 304 means "already started" or "already stopped"
/// and is success; 409 that a container is in the wanted state already, or in none that allows it; 500 on unpause
/// that it is not paused, or that it is and the engine is confused. Which of these is true is not decided here:
/// errors keep status and message.
package actor DockerEngine: ContainerEngine {
    /// Longest line of the event stream that is read; Docker's own are a few kilobytes, labels included.
    private static let longestEvent = 1 << 20
    /// For the head of the event stream.
    private static let eventsLimit = Duration.seconds(5)

    private let client: HTTPClient
    private let executor: any SerialExecutor
    private var version = VersionChoice()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init(socketPath: String, eventLoop: any EventLoop) {
        client = HTTPClient(socketPath: socketPath, eventLoop: eventLoop)
        executor = eventLoop.executor
    }

    // MARK: Asking

    package func ping(within deadline: Duration) async throws {
        let response = try await call("GET", "/_ping", within: deadline, isVersioned: false)
        version.offered(response.header("Api-Version"))
    }

    package func about(within deadline: Duration) async throws -> EngineAbout {
        struct Version: Decodable {
            var Version: String
        }
        try await ping(within: deadline)
        let answer: Version = try await get("/version", within: deadline)
        return EngineAbout(
            name: "docker", version: answer.Version, api: version.spoken?.description ?? "unversioned")
    }

    package func list(within deadline: Duration) async throws -> [ListedContainer] {
        let entries: [ListEntry] = try await get("/containers/json?all=1", within: deadline)
        return entries.map(\.container)
    }

    package func find(_ match: ContainerMatch, within deadline: Duration) async throws -> [Container] {
        switch match.requirement {
        case .name(let name):
            // Docker takes the beginning of an id for a name as well.
            guard let found = try await inspect(id: name, within: deadline), found.name == name else { return [] }
            return [found]
        case .labels(let labels, _):
            return try await find(labels: labels.map { "\($0.key)=\($0.value)" }, match, within: deadline)
        }
    }

    private func find(
        labels: [String], _ match: ContainerMatch, within deadline: Duration
    ) async throws -> [Container] {
        let filters = try String(decoding: JSONEncoder().encode(["label": labels]), as: UTF8.self)
        let entries: [ListEntry] = try await get(
            "/containers/json?all=1&filters=\(filters.escapedForURL)", within: deadline)
        var found: [Container] = []
        for entry in entries.map(\.container)
        where match.matches(name: entry.container.name, label: { entry.labels[$0] }) {
            if let container = try await inspect(id: entry.container.id, within: deadline) { found.append(container) }
        }
        return found
    }

    package func inspect(id: String, within deadline: Duration) async throws -> Container? {
        guard let path = Self.path(id, "json") else { return nil }
        do {
            let inspected: Inspected = try await get(path, within: deadline)
            return inspected.container
        } catch EngineFault.refused(404, _) {
            return nil
        }
    }

    package func commandsRunning(in container: Container, within deadline: Duration) async throws -> [String] {
        guard let details = try await inspect(id: container.id, within: deadline)?.details else { return [] }
        var commands: [String] = []
        for exec in details.execs {
            do {
                let found: InspectedExec = try await get("/exec/\(exec.escapedForURL)/json", within: deadline)
                if found.Running ?? false, found.command != details.healthCommand {
                    commands.append(found.command.joined(separator: " "))
                }
            } catch EngineFault.refused(404, _) {
                continue  // it has just ended
            }
        }
        return commands
    }

    // MARK: Telling

    package func pause(id: String, within deadline: Duration) async throws {
        try await post(id, "pause", within: deadline)
    }

    package func unpause(id: String, within deadline: Duration) async throws {
        try await post(id, "unpause", within: deadline)
    }

    package func start(id: String, within deadline: Duration) async throws {
        try await post(id, "start", within: deadline)
    }

    package func stop(id: String, grace: Duration, within deadline: Duration) async throws {
        try await post(id, "stop?t=\(grace.components.seconds)", within: deadline)
    }

    private func post(_ id: String, _ verb: String, within deadline: Duration) async throws {
        guard let path = Self.path(id, verb) else {
            throw EngineFault.refused(status: 404, message: "\(id) can't be a container's name")
        }
        _ = try await call("POST", path, within: deadline)
    }

    /// The path of a container's endpoint; null if no container can have that name or id. Escaping alone
    /// would let `..` through, which the engine's router resolves.
    private static func path(_ id: String, _ verb: String) -> String? {
        guard id.utf8.contains(where: { $0 != UInt8(ascii: ".") }) else { return nil }
        return "/containers/\(id.escapedForURL)/\(verb)"
    }

    // MARK: Events

    package func events(
        ready: @Sendable () async -> Void, receive: @Sendable (ContainerEvent) async -> Void
    ) async throws {
        let spoken = version.spoken
        do {
            try await stream(ready, receive)
        } catch EngineFault.refused(400, let message) {
            // Its version may be what it objects to, and a call finds that out.
            _ = try await call("GET", "/version", within: Self.eventsLimit)
            guard version.spoken != spoken else { throw EngineFault.refused(status: 400, message: message) }
            try await stream(ready, receive)
        }
    }

    private func stream(
        _ ready: @Sendable () async -> Void, _ receive: @Sendable (ContainerEvent) async -> Void
    ) async throws {
        // The engine answers before it subscribes, so an event just after the head could be lost: `since`
        // has it repeat the last moments, which does no harm.
        let since = Int(Date().timeIntervalSince1970) - 2
        let filters = #"{"type":["container"]}"#.escapedForURL
        let request = HTTPRequest("GET", prefix + "/events?since=\(since)&filters=\(filters)")
        do {
            try await client.lines(request, within: Self.eventsLimit, longest: Self.longestEvent) { response in
                guard response.status == 200 else {
                    throw EngineFault.refused(status: response.status, message: "no event stream")
                }
                await ready()
            } receive: { line in
                if let event = Self.event(line) { await receive(event) }
            }
        } catch let fault as HTTPFault {
            throw Self.fault(fault)
        }
    }

    /// Null for what is no container event; newer engines send kinds that older ones don't know.
    private static func event(_ line: ByteBuffer) -> ContainerEvent? {
        guard let raw = try? JSONDecoder().decode(RawEvent.self, from: Data(line.readableBytesView)),
            raw.Type == nil || raw.Type == "container", let action = raw.Action, let id = raw.Actor?.ID
        else { return nil }
        let attributes = raw.Actor?.Attributes ?? [:]
        return ContainerEvent(
            id: id, action: String(action.prefix { $0 != ":" }), name: attributes["name"] ?? "", labels: attributes)
    }

    // MARK: Transport

    private var prefix: String { version.spoken.map { "/v\($0)" } ?? "" }

    private func get<Answer: Decodable>(_ path: String, within deadline: Duration) async throws -> Answer {
        let response = try await call("GET", path, within: deadline)
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(response.body.readableBytesView))
        } catch {
            throw EngineFault.garbled("\(path): \(error)")
        }
    }

    /// - Parameter isVersioned: an engine that refuses the version is asked once more in the one that it names.
    private func call(
        _ method: String, _ path: String, within deadline: Duration, isVersioned: Bool = true
    ) async throws -> HTTPResponse {
        let spoken = version.spoken
        let response = try await send(method, isVersioned ? prefix + path : path, within: deadline)
        guard response.status == 400, isVersioned else { return try Self.accepted(response) }
        version.refused(Self.message(response))
        // Another call may have found out meanwhile.
        guard version.spoken != spoken else { return try Self.accepted(response) }
        return try Self.accepted(await send(method, prefix + path, within: deadline))
    }

    private func send(_ method: String, _ path: String, within deadline: Duration) async throws -> HTTPResponse {
        do {
            return try await client.send(HTTPRequest(method, path), within: deadline)
        } catch let fault as HTTPFault {
            throw Self.fault(fault)
        }
    }

    private static func accepted(_ response: HTTPResponse) throws -> HTTPResponse {
        guard (200..<400).contains(response.status) else {
            throw EngineFault.refused(status: response.status, message: message(response))
        }
        return response
    }

    private static func fault(_ fault: HTTPFault) -> EngineFault {
        switch fault {
        case .unreachable, .notPermitted: .unreachable(fault.description)
        case .deadlineExceeded, .closed: .unanswered(fault.description)
        case .garbled, .tooLarge: .garbled(fault.description)
        case .cancelled: .cancelled
        }
    }

    private static func message(_ response: HTTPResponse) -> String {
        struct Problem: Decodable {
            var message: String
        }
        let data = Data(response.body.readableBytesView)
        if let problem = try? JSONDecoder().decode(Problem.self, from: data) { return problem.message }
        return String(decoding: data.prefix(200), as: UTF8.self)
    }
}
