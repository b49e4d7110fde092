import NIOConcurrencyHelpers
package import SleepCore

/// The TCP connections of containers: who said the last word on them, when, and what is unread.
package final class FakeSockets: Sendable {
    private struct Connection {
        var name: String
        var port: Int
        /// Null for what waits at a listener, which shows no source.
        var remote: String?
        var cookie: UInt64
        var heardAt: Instant
        var heard: UInt64 = 0
        var answered: UInt64 = 0
        var isAnswered = false
        var unread = 0

        func isFrom(_ blocks: [AddressBlock]) -> Bool {
            guard let remote, let address = IPAddress(remote) else { return false }
            return blocks.contains { $0.contains(address) }
        }
    }

    private struct State {
        var connections: [Connection] = []
        var lastCookie: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())
    private let time: any TimeSource

    init(time: any TimeSource) { self.time = time }

    // MARK: For tests

    /// A peer says something, on its old connection or a new one. Unread and unanswered until a test says otherwise.
    package func say(to name: String, port: Int = 80, from remote: String? = "10.0.0.7", bytes: Int = 100) {
        let now = time.now
        state.withLockedValue { state in
            let old = state.connections.firstIndex { $0.name == name && $0.port == port && $0.remote == remote }
            if old == nil {
                state.lastCookie += 1
                state.connections.append(
                    Connection(name: name, port: port, remote: remote, cookie: state.lastCookie, heardAt: now))
            }
            let index = old ?? state.connections.count - 1
            state.connections[index].heard += 1
            state.connections[index].heardAt = now
            state.connections[index].isAnswered = false
            state.connections[index].unread += bytes
        }
    }

    /// The service reads all that was said to it, and answers nothing.
    package func read(_ name: String) { each(name) { $0.unread = 0 } }

    /// The service reads what was said, and has the last word.
    package func answer(_ name: String) {
        each(name) { connection in
            connection.unread = 0
            if !connection.isAnswered { connection.answered += 1 }
            connection.isAnswered = true
        }
    }

    /// All connections of a container end.
    package func close(_ name: String) { state.withLockedValue { $0.connections.removeAll { $0.name == name } } }

    private func each(_ name: String, _ body: (inout Connection) -> Void) {
        state.withLockedValue { state in
            for index in state.connections.indices where state.connections[index].name == name {
                body(&state.connections[index])
            }
        }
    }

    // MARK: For the host

    func unread(_ container: Container, ignoring: [AddressBlock]) -> [UnreadSocket] {
        let all = state.withLockedValue { $0.connections }
        return all.filter { $0.name == container.name && $0.unread > 0 && !$0.isFrom(ignoring) }.map {
            UnreadSocket(
                endpoints: "10.0.0.2:\($0.port) \($0.remote ?? "0.0.0.0"):\(40000 + $0.cookie)", port: $0.port,
                waiting: $0.unread)
        }
    }

    func unanswered(_ container: Container, within limit: Duration, ignoring: [AddressBlock]) -> [OpenRequest] {
        let network = container.details?.network ?? "bridge"
        if network == "host" || network.hasPrefix("container:") { return [] }
        let now = time.now
        let all = state.withLockedValue { $0.connections }
        return all.filter { connection in
            connection.name == container.name && connection.remote != nil && !connection.isAnswered
                && now - connection.heardAt < limit && !connection.isFrom(ignoring)
        }
        .map { OpenRequest(connection: $0.cookie, segments: $0.heard << 32 | $0.answered, port: $0.port) }
    }
}

extension FakeHost {
    package func unread(_ container: Container, ignoring: [AddressBlock]) -> [UnreadSocket] {
        sockets.unread(container, ignoring: ignoring)
    }
    package func unanswered(_ container: Container, within limit: Duration, ignoring: [AddressBlock]) -> [OpenRequest] {
        sockets.unanswered(container, within: limit, ignoring: ignoring)
    }
}
