import NIOConcurrencyHelpers
package import SleepCore

/// A Docker of a few variables. Every call is noted; a test sets what is true and what goes wrong.
///
/// Its books are its own: with a `FakeFreezer` it pauses by freezing a container's place, and of what others do to
/// that place it knows nothing, as dockerd.
package final class FakeEngine: ContainerEngine {
    /// A container as Docker knows it.
    struct Record {
        var container: Container
        var labels: [String: String]
        /// What runs in it by `exec`.
        var commands: [String] = []
    }

    struct State {
        /// By id.
        var records: [String: Record] = [:]
        var lastPID = 1000
        var isUp = true
        /// What the next calls of a verb do instead of succeeding, or of `pause s` and the like.
        var faults: [String: [Fault]] = [:]
        /// What the next looks at a container say of it, instead of the truth.
        var lies: [String: [Container.Status]] = [:]
        var listener: AsyncStream<ContainerEvent>.Continuation?

        subscript(name: String) -> Record? { records.values.first { $0.container.name == name } }
    }

    /// How a call goes wrong.
    package enum Fault: Sendable {
        case refused(Int)
        /// Done, and refused all the same.
        case doneButRefused(Int)
        /// Done, without an answer.
        case doneButSilent
        case silent
        /// Not done, and silent until the deadline of the call is over.
        case stuck
    }

    let state = NIOLockedValueBox(State())
    let pings = Gate()
    let freezer: FakeFreezer?
    let time: any TimeSource
    /// How long it takes until what changes a container has been done, and from then to the answer.
    let delay: Duration
    let bookkeeping: Duration
    package let log: CallLog

    /// - Parameter freezer: what containers are frozen by; null: the kernel can't be asked.
    package init(
        names: [String], delay: Duration = .milliseconds(2), bookkeeping: Duration = .zero,
        freezer: FakeFreezer? = nil, time: any TimeSource = RealTime(), log: CallLog = CallLog()
    ) {
        self.delay = delay
        self.bookkeeping = bookkeeping
        self.freezer = freezer
        self.time = time
        self.log = log
        for name in names { put(name, .running) }
    }

    /// What a container is called by id unless a test says otherwise, and back.
    package static func id(_ name: String) -> String { "id-\(name)" }
    static func name(_ id: String) -> String { id.hasPrefix("id-") ? String(id.dropFirst(3)) : id }

    package var calls: [String] { log.all }

    // MARK: What is true

    /// Sets what is true, without an event. Null: there is no such container.
    ///
    /// - Parameter id: another id than the container of that name has, makes it another container.
    package func put(
        _ name: String, _ status: Container.Status?, id: String? = nil, labels: [String: String]? = nil
    ) {
        let changed: [(id: String, isFrozen: Bool?)] = state.withLockedValue { state in
            let old = state[name]
            let id = id ?? old?.container.id ?? Self.id(name)
            var changed: [(String, Bool?)] = []
            if let old, status == nil || old.container.id != id {
                state.records[old.container.id] = nil
                changed.append((old.container.id, nil))
            }
            guard let status else { return changed }
            var record =
                state.records[id]
                ?? Record(container: Container(id: id, name: name, status: .down), labels: old?.labels ?? [:])
            record.container.details = record.container.details ?? .init()
            if let labels { record.labels = labels }
            Self.set(status, &record, &state.lastPID)
            state.records[id] = record
            return changed + [(id, status == .down ? nil : status == .paused)]
        }
        for (id, isFrozen) in changed { freezer?.set(id: id, isFrozen: isFrozen) }
    }

    static func set(_ status: Container.Status, _ record: inout Record, _ lastPID: inout Int) {
        if status == .down {
            record.container.pid = 0
        } else if record.container.pid == 0 {
            lastPID += 1
            record.container.pid = lastPID
        }
        record.container.status = status
        record.container.dockerStatus =
            switch status {
            case .running: "running"
            case .paused: "paused"
            case .down: "exited"
            }
    }

    /// Changes what only a look at the container itself tells.
    package func change(_ name: String, _ body: (inout Container.Details) -> Void) {
        state.withLockedValue { state in
            guard var record = state[name], var details = record.container.details else { return }
            body(&details)
            record.container.details = details
            state.records[record.container.id] = record
        }
    }

    /// As Docker's books have it.
    package func status(_ name: String) -> Container.Status? { state.withLockedValue { $0[name]?.container.status } }

    /// Sets what runs in a container by `exec`.
    package func run(_ commands: [String], in name: String) {
        state.withLockedValue { state in
            guard let id = state[name]?.container.id else { return }
            state.records[id]?.commands = commands
        }
    }

    // MARK: What others do, and Docker tells

    /// Someone else pauses or unpauses a container through Docker.
    package func pause(_ name: String) { tell("pause", name, .paused) }
    package func unpause(_ name: String) { tell("unpause", name, .running) }
    /// A container ends, by itself or by an operator.
    package func die(_ name: String) { tell("die", name, .down) }
    package func start(_ name: String) { tell("start", name, .running) }

    private func tell(_ action: String, _ name: String, _ status: Container.Status) {
        put(name, status)
        emit(action, name)
    }

    package func rename(_ name: String, to other: String) {
        state.withLockedValue { state in
            guard let id = state[name]?.container.id else { return }
            state.records[id]?.container.name = other
        }
        emit("rename", other)
    }

    package func remove(_ name: String) {
        let event = event("destroy", name)
        put(name, nil)
        emit(event)
    }

    /// Tells whoever listens that something happens to a container.
    package func emit(_ action: String, _ name: String) { emit(event(action, name)) }

    private func event(_ action: String, _ name: String) -> ContainerEvent {
        let record = state.withLockedValue { $0[name] }
        return ContainerEvent(
            id: record?.container.id ?? Self.id(name), action: action, name: name, labels: record?.labels ?? [:])
    }

    private func emit(_ event: ContainerEvent) { state.withLockedValue { _ = $0.listener?.yield(event) } }

    // MARK: What goes wrong

    package var isUp: Bool {
        get { state.withLockedValue { $0.isUp } }
        set {
            state.withLockedValue { $0.isUp = newValue }
            if !newValue { breakStream() }
        }
    }

    /// Ends the event stream. What happens until the next one begins is never told.
    package func breakStream() {
        let listener = state.withLockedValue { state in
            defer { state.listener = nil }
            return state.listener
        }
        listener?.finish()
    }

    /// Whether pings never end, whatever their deadline.
    package var isStuck: Bool {
        get { pings.isShut }
        set { pings.isShut = newValue }
    }

    /// Whether a ping is stuck now.
    package var isSomebodyStuck: Bool { pings.isWaitedFor }

    /// - Parameter verb: of any container, or with a name, as in `pause s`.
    package func fail(_ verb: String, _ faults: Fault...) {
        state.withLockedValue { $0.faults[verb, default: []] += faults }
    }

    /// Lets the next looks at a container see another status than it has.
    package func lie(_ name: String, _ statuses: Container.Status...) {
        state.withLockedValue { $0.lies[name, default: []] += statuses }
    }
}
