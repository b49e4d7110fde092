@testable import SleepCore

/// A Docker with one container that others touch too, and the disk with svcd's intents: the truth of a world.
struct DockerModel {
    typealias Kind = SleepMachine.Operation.Kind
    typealias Hint = SleepMachine.Hint

    /// Null: there is no container.
    private(set) var status: Container.Status? = .running
    /// Counts the containers that there have been.
    private var generation = 1
    private var isPausedBySvcd = false
    var isUp = true
    var intents: [String: Depth] = [:]

    var id: String { "c\(generation)" }

    func found() -> [Container] { status.map { [Container(id: id, name: "service", status: $0)] } ?? [] }

    // MARK: svcd

    /// What came of an operation.
    struct Effect {
        var isDone: Bool
        var hints: [Hint] = []
        var complaint: String?

        static let refused = Effect(isDone: false)
    }

    mutating func takeEffect(_ kind: Kind) -> Effect {
        var effect = Effect(isDone: true)
        switch kind {
        case .record:
            return effect
        case .ready(let ids, _):
            return Effect(isDone: ids == [id] && status == .running)
        case .stop(let ids):
            guard ids == [id], status == .paused || status == .running else { return .refused }
            (status, isPausedBySvcd) = (.down, false)
            effect.hints = [.runs, .other]
            if intents[id] != .stopped { effect.complaint = "a container was stopped without an intent on disk" }
        case .freeze(let ids, _):
            guard ids == [id], status == .running else { return .refused }
            (status, isPausedBySvcd) = (.paused, true)
            effect.hints = [.paused]
        case .wake(let thaw, let start):
            guard thaw + start == [id], status == (thaw.isEmpty ? .down : .paused) else { return .refused }
            (status, isPausedBySvcd) = (.running, false)
            effect.hints = [.runs]
        }
        if isPausedBySvcd, intents[id] == nil {
            effect.complaint = effect.complaint ?? "a container was frozen without an intent on disk"
        }
        return effect
    }

    // MARK: Others

    /// What others do to the container, by a die of six; returns what Docker says of it, and whether its process
    /// went: a pause or a stop that Docker still has finds none then.
    mutating func interfere(_ die: Int) -> (hint: Hint?, isProcessGone: Bool) {
        switch (die, status) {
        case (0, .running?), (1, .running?):
            (status, isPausedBySvcd) = (.paused, false)
            return (.paused, false)
        case (0, .paused?), (1, .paused?), (2, .paused?):
            (status, isPausedBySvcd) = (.running, false)
            return (.runs, false)
        case (3, .running?), (3, .paused?):
            (status, isPausedBySvcd) = (.down, false)
            return (.other, true)
        case (_, .down?):
            status = .running
            return (.other, false)
        case (4, _?):
            status = nil
            return (.other, false)
        case (_, nil):
            generation += 1
            (status, isPausedBySvcd) = (.running, false)
            return (.other, false)
        default:
            return (nil, false)
        }
    }

    // MARK: The disk

    mutating func obey(_ step: SleepMachine.Step) {
        for container in step.forget { intents[container] = nil }
        for container in step.disowned.keys { intents[container] = nil }
        for (container, depth) in step.deepened where intents[container] != nil { intents[container] = depth }
    }
}
