import NIOConcurrencyHelpers
package import SleepCore

/// Packets that come for containers, and who watches over them.
package final class FakePackets: Sendable {
    private struct Watched {
        var name: String
        var ignoring: [AddressBlock]
        var body: @Sendable () -> Void
    }

    private struct State {
        var refusal: String?
        var lastWatch = 0
        var watches: [Int: Watched] = [:]
    }

    private final class Watch: Sendable {
        private let end: @Sendable () -> Void
        init(_ end: @escaping @Sendable () -> Void) { self.end = end }
        deinit { end() }
    }

    private let state = NIOLockedValueBox(State(refusal: "there is no network"))
    private let log: CallLog

    init(log: CallLog) { self.log = log }

    /// Why no packets can be watched; null: they can.
    package var refusal: String? {
        get { state.withLockedValue { $0.refusal } }
        set { state.withLockedValue { $0.refusal = newValue } }
    }

    /// Whose packets are watched now, by name.
    package var watched: Set<String> { state.withLockedValue { Set($0.watches.values.map(\.name)) } }

    /// A packet that wakes, from an address.
    package func send(to name: String, from remote: String = "10.0.0.7") {
        let source = IPAddress(remote)
        let called = state.withLockedValue { state in
            state.watches.values.filter { watched in
                watched.name == name && !watched.ignoring.contains { block in source.map(block.contains) == true }
            }
        }
        for watched in called { watched.body() }
    }

    func watch(
        _ container: Container, ignoring: [AddressBlock], _ body: @escaping @Sendable () -> Void
    ) -> TrafficWatch {
        let network = container.details?.network ?? "bridge"
        if network == "host" || network.hasPrefix("container:") {
            return .refused("it has no network of its own (\(network))")
        }
        if let refusal { return .refused(refusal) }
        log.note("watch \(container.name)")
        let number = state.withLockedValue { state in
            state.lastWatch += 1
            state.watches[state.lastWatch] = Watched(name: container.name, ignoring: ignoring, body: body)
            return state.lastWatch
        }
        return .watching(Watch { [self] in state.withLockedValue { $0.watches[number] = nil } })
    }
}

extension FakeHost {
    package func watchTraffic(
        _ container: Container, ignoring: [AddressBlock], _ body: @escaping @Sendable () -> Void
    ) -> TrafficWatch { packets.watch(container, ignoring: ignoring, body) }
}
