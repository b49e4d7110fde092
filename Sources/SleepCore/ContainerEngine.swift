/// The container engine. Every call is bounded by `deadline` and ends early when its task is cancelled.
package protocol ContainerEngine: Sendable {
    /// Throws `EngineFault`.
    func ping(within deadline: Duration) async throws
    func about(within deadline: Duration) async throws -> EngineAbout
    /// All containers, running or not, in no order. Statuses may lag behind by some milliseconds.
    func list(within deadline: Duration) async throws -> [ListedContainer]
    /// The containers that `match` means now, each looked at one by one. Empty: there is none.
    func find(_ match: ContainerMatch, within deadline: Duration) async throws -> [Container]
    /// Null: there is no such container.
    func inspect(id: String, within deadline: Duration) async throws -> Container?
    func pause(id: String, within deadline: Duration) async throws
    func unpause(id: String, within deadline: Duration) async throws
    func start(id: String, within deadline: Duration) async throws
    /// SIGTERM, and SIGKILL after `grace`. Done when it has exited.
    func stop(id: String, grace: Duration, within deadline: Duration) async throws
    /// Commands that run in a container by `exec`, its health check apart.
    func commandsRunning(in container: Container, within deadline: Duration) async throws -> [String]
    /// Calls `ready` once the engine streams, then `receive` for every container event, in order.
    /// Returns or throws only when the stream has broken or the task is cancelled.
    func events(ready: @Sendable () async -> Void, receive: @Sendable (ContainerEvent) async -> Void) async throws
}

/// What an engine says of itself, for people.
package struct EngineAbout: Sendable, Equatable {
    /// One word, in lower case.
    package var name: String
    package var version: String
    /// The version of its API that is spoken with it.
    package var api: String

    package init(name: String, version: String, api: String) {
        self.name = name
        self.version = version
        self.api = api
    }
}

/// A container of a listing, with what matching needs.
package struct ListedContainer: Sendable {
    package var container: Container
    package var labels: [String: String]
    /// Docker's network mode: bridge, host, container:ID, or a network's name.
    package var network: String

    package init(container: Container, labels: [String: String] = [:], network: String = "bridge") {
        self.container = container
        self.labels = labels
        self.network = network
    }
}

/// Something that happened to a container, whoever caused it.
package struct ContainerEvent: Sendable {
    package var id: String
    /// Docker's word, without what follows a colon: pause, unpause, die, exec_start, …
    package var action: String
    package var name: String
    package var labels: [String: String]
    package init(id: String, action: String, name: String, labels: [String: String] = [:]) {
        self.id = id
        self.action = action
        self.name = name
        self.labels = labels
    }
}
