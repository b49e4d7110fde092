import NIOConcurrencyHelpers
package import SleepCore

/// The kernel's freezer: a place for each container that runs or is frozen, whoever freezes it.
package final class FakeFreezer: Sendable {
    private struct Place {
        var isFrozen = false
        var hasSignals = false
        var watches: [Int: @Sendable () -> Void] = [:]
    }

    private struct State {
        var places: [String: Place] = [:]
        var isReadOnly = false
        var freezeFault: EngineFault?
        var thawFault: EngineFault?
        var takes = Duration.zero
        var lastWatch = 0
    }

    private final class Watch: Sendable {
        private let end: @Sendable () -> Void
        init(_ end: @escaping @Sendable () -> Void) { self.end = end }
        deinit { end() }
    }

    private let state = NIOLockedValueBox(State())
    private let time: any TimeSource
    private let log: CallLog

    init(time: any TimeSource, log: CallLog) {
        self.time = time
        self.log = log
    }

    // MARK: For tests

    package func isFrozen(_ name: String) -> Bool { isFrozen(at: Self.path(FakeEngine.id(name))) == true }

    /// Someone else writes to the freezer.
    package func freeze(_ name: String) { set(Self.path(FakeEngine.id(name)), isFrozen: true) }
    package func thaw(_ name: String) { set(Self.path(FakeEngine.id(name)), isFrozen: false) }

    /// A signal that was sent to a frozen process waits for it.
    package func signal(_ name: String) {
        state.withLockedValue { $0.places[Self.path(FakeEngine.id(name))]?.hasSignals = true }
    }

    /// How many watch over a place now.
    package func watchers(_ name: String) -> Int {
        state.withLockedValue { $0.places[Self.path(FakeEngine.id(name))]?.watches.count ?? 0 }
    }

    /// Whether svcd may look but not write.
    package var isReadOnly: Bool {
        get { state.withLockedValue { $0.isReadOnly } }
        set { state.withLockedValue { $0.isReadOnly = newValue } }
    }

    /// What every freeze answers; null: it is done.
    package var freezeFault: EngineFault? {
        get { state.withLockedValue { $0.freezeFault } }
        set { state.withLockedValue { $0.freezeFault = newValue } }
    }

    package var thawFault: EngineFault? {
        get { state.withLockedValue { $0.thawFault } }
        set { state.withLockedValue { $0.thawFault = newValue } }
    }

    /// How long it takes until every process has stopped.
    package var takes: Duration {
        get { state.withLockedValue { $0.takes } }
        set { state.withLockedValue { $0.takes = newValue } }
    }

    // MARK: For the engine

    private static func path(_ id: String) -> String { "/cgroup/\(id)" }
    private static func name(_ path: String) -> String { FakeEngine.name(String(path.dropFirst("/cgroup/".count))) }

    /// Null: the container has no processes any more, and its place is gone.
    func set(id: String, isFrozen: Bool?) {
        guard let isFrozen else {
            return state.withLockedValue { $0.places[Self.path(id)] = nil }
        }
        state.withLockedValue { $0.places[Self.path(id)] = $0.places[Self.path(id)] ?? Place() }
        set(Self.path(id), isFrozen: isFrozen)
    }

    func isFrozen(id: String) -> Bool? { isFrozen(at: Self.path(id)) }

    private func set(_ path: String, isFrozen: Bool) {
        let watches = state.withLockedValue { state in
            guard var place = state.places[path], place.isFrozen != isFrozen else { return [@Sendable () -> Void]() }
            place.isFrozen = isFrozen
            if !isFrozen { place.hasSignals = false }
            state.places[path] = place
            return Array(place.watches.values)
        }
        for body in watches { body() }
    }

    // MARK: For the host

    func place(of container: Container) -> String? {
        let path = Self.path(container.id)
        return state.withLockedValue { container.pid > 0 && $0.places[path] != nil && !$0.isReadOnly ? path : nil }
    }

    func frozenPlace(of container: Container) -> String? {
        let path = Self.path(container.id)
        return isFrozen(at: path) == true ? path : nil
    }

    func isFrozen(_ container: Container) -> Bool? { container.pid > 0 ? isFrozen(at: Self.path(container.id)) : nil }
    func isFrozen(at path: String) -> Bool? { state.withLockedValue { $0.places[path]?.isFrozen } }
    func hasPendingSignals(at path: String) -> Bool {
        state.withLockedValue { $0.places[path]?.hasSignals == true }
    }

    func freeze(at path: String) async throws {
        log.note("freeze \(Self.name(path))")
        let (fault, takes) = state.withLockedValue { ($0.freezeFault, $0.takes) }
        if let fault { throw fault }
        if takes > .zero { try await time.sleep(until: time.now + takes) }
        try check(path)
        set(path, isFrozen: true)
    }

    func thaw(at path: String) throws {
        log.note("thaw \(Self.name(path))")
        if let fault = thawFault { throw fault }
        try check(path)
        set(path, isFrozen: false)
    }

    private func check(_ path: String) throws {
        guard state.withLockedValue({ $0.places[path] != nil }) else {
            throw EngineFault.refused(status: 404, message: "\(path) is gone")
        }
    }

    func watch(_ path: String, _ body: @escaping @Sendable () -> Void) -> AnyObject? {
        let number: Int? = state.withLockedValue { state in
            guard state.places[path] != nil else { return nil }
            state.lastWatch += 1
            state.places[path]?.watches[state.lastWatch] = body
            return state.lastWatch
        }
        return number.map { number in
            Watch { [self] in state.withLockedValue { $0.places[path]?.watches[number] = nil } }
        }
    }
}

extension FakeHost {
    package func isFrozen(_ container: Container) -> Bool? { freezer.isFrozen(container) }
    package func freezerPlace(of container: Container) -> String? { freezer.place(of: container) }
    package func frozenPlace(of container: Container) -> String? { freezer.frozenPlace(of: container) }
    package func isFrozen(at place: String) -> Bool? { freezer.isFrozen(at: place) }
    package func hasPendingSignals(at place: String) -> Bool { freezer.hasPendingSignals(at: place) }
    @concurrent package func freeze(at place: String) async throws { try await freezer.freeze(at: place) }
    package func thaw(at place: String) throws { try freezer.thaw(at: place) }
    package func watch(_ place: String, _ body: @escaping @Sendable () -> Void) -> AnyObject? {
        freezer.watch(place, body)
    }
}
