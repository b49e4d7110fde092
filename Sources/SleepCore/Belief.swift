/// What is believed of a service's containers, and which of them svcd has put to sleep.
///
/// Changes only by what a look or a listing has found and by operations that Docker has confirmed. What svcd didn't
/// put to sleep it doesn't own: those are held, or down.
struct Belief: Sendable {
    private(set) var containers: [Container] = []
    /// Containers that svcd has put, or is about to put, to sleep; the same as the intents on disk.
    private(set) var owned: [String: Depth] = [:]
    private(set) var isKnown = false
    /// An operation failed, and no look has told yet what came of it.
    private(set) var isInDoubt = false
    /// The journal knows of a sleeper of this name, and nothing has been found yet.
    let isPresumedAsleep: Bool
    /// Events may have been missed since what is believed was found.
    private(set) var isAfterBreak = true
    /// What svcd owned until others woke or stopped it, by container: an engine that shuts down does just that.
    private var lately: [String: Loss] = [:]
    /// Pauses that got no answer and may land yet, by container.
    private var lateFreezes: [String: LateFreeze] = [:]
    private(set) var lastLooked: Instant?

    private struct Loss {
        var depth: Depth
        var until: Instant
    }

    private struct LateFreeze {
        /// Null: in an earlier life of svcd.
        var began: Instant?
        var until: Instant
    }

    /// How long after others have woken or stopped a sleeper the loss of the engine still counts as the cause:
    /// dockerd unpauses and stops its containers before it goes, by default within 15 s.
    private static let shutdownSpan = Duration.seconds(15)
    /// How long a pause without an answer may still land.
    private static let lateFreezeSpan = Duration.seconds(60)

    init(isPresumedAsleep: Bool = false) { self.isPresumedAsleep = isPresumedAsleep }

    // MARK: What was found

    /// The journal's intents, before what was found with them is adopted.
    mutating func recall(_ intents: [String: Depth], for found: [Container], _ now: Instant) {
        owned.merge(intents) { depth, _ in depth }
        for container in found where container.status == .running && intents[container.id] != nil {
            // The svcd that recorded this died before its pause had landed, if it ever does.
            lateFreezes[container.id] = LateFreeze(until: now + Self.lateFreezeSpan)
        }
    }

    /// The journal says these are svcd's own sleepers after all.
    mutating func entrust(_ intents: [String: Depth]) { owned.merge(intents) { _, depth in depth } }

    /// Makes what was found the truth. Returns what was owned and isn't this service's any more.
    ///
    /// - Parameter isChanging: it is falling asleep or waking, so that what runs though it is owned is as it should be.
    mutating func adopt(
        _ found: [Container], _ now: Instant, _ replicas: Replicas, isChanging: Bool
    ) -> [String: Depth] {
        containers = found
        isKnown = true
        isInDoubt = false
        lastLooked = now
        defer { isAfterBreak = false }
        return reviewOwnership(now, replicas, isChanging: isChanging)
    }

    /// Drops or changes the ownership of containers that are no longer as svcd left them.
    private mutating func reviewOwnership(_ now: Instant, _ replicas: Replicas, isChanging: Bool) -> [String: Depth] {
        var disowned: [String: Depth] = [:]
        for (id, depth) in owned {
            guard let container = containers.first(where: { $0.id == id }), !isAmbiguous(replicas) else {
                owned[id] = nil
                disowned[id] = depth
                continue
            }
            switch container.status {
            case .paused: break
            case .running:
                if let late = lateFreezes[id], late.until > now { continue }
                if !isChanging { loseOwnership(of: id, depth, now) }
            case .down:
                if isAfterBreak || depth == .stopped {
                    owned[id] = .stopped
                } else {
                    loseOwnership(of: id, depth, now)
                }
            }
        }
        lateFreezes = lateFreezes.filter { id, late in late.until > now && containers.contains { $0.id == id } }
        return disowned
    }

    /// Others woke or stopped it. The intent stays on disk for a while: if the engine goes now, it was the engine.
    private mutating func loseOwnership(of id: String, _ depth: Depth, _ now: Instant) {
        owned[id] = nil
        lately[id] = Loss(depth: depth, until: now + Self.shutdownSpan)
    }

    mutating func doubt() { isInDoubt = true }

    // MARK: What was done

    mutating func set(_ status: Container.Status, _ ids: [String]) {
        for index in containers.indices where ids.contains(containers[index].id) {
            containers[index].status = status
            containers[index].isPausedTwice = false
            containers[index].dockerStatus =
                switch status {
                case .paused: "paused"
                case .running: "running"
                case .down: "exited"
                }
        }
    }

    /// An intent to put these to sleep, so deep, is on disk.
    mutating func own(_ ids: [String], _ depth: Depth) { for id in ids { owned[id] = depth } }

    /// It sleeps: what is paused is svcd's own.
    mutating func ownPaused() {
        for container in containers where container.status == .paused && owned[container.id] == nil {
            owned[container.id] = .frozen
        }
    }

    /// Memory of its frozen containers was handed back; returns those that are deeper now.
    mutating func deepen() -> [String: Depth] {
        var deepened: [String: Depth] = [:]
        for (id, depth) in owned where depth == .frozen {
            owned[id] = .reclaimed
            deepened[id] = .reclaimed
        }
        return deepened
    }

    /// They were not stopped after all.
    mutating func undoStop(_ ids: [String]) { for id in ids where owned[id] == .stopped { owned[id] = .frozen } }

    /// A pause of these that began at `began` got no answer, and may land yet.
    mutating func expectLateFreeze(_ ids: [String], began: Instant, _ now: Instant) {
        for id in ids { lateFreezes[id] = LateFreeze(began: began, until: now + Self.lateFreezeSpan) }
    }

    /// These run, so svcd owns them no more; returns the intents to forget. A pause that may still land keeps its
    /// intent: it would be svcd's own.
    mutating func disclaim(_ ids: [String]) -> [String] {
        let mine = ids.filter { lateFreezes[$0] == nil }
        for id in ids where lateFreezes[id] != nil { owned[id] = owned[id] ?? .frozen }
        for id in mine { owned[id] = nil }
        return mine
    }

    /// Others were faster; returns the intents to forget.
    mutating func disclaimAllAsOthers() -> [String] {
        defer { owned = [:] }
        return Array(owned.keys)
    }

    // MARK: Time, and the engine

    /// Returns the intents of what was owned lately and isn't svcd's for good.
    mutating func expire(_ now: Instant) -> [String] {
        guard !lately.isEmpty else { return [] }
        var forgotten: [String] = []
        for (id, late) in lately where late.until <= now {
            lately[id] = nil
            if owned[id] == nil { forgotten.append(id) }
        }
        return forgotten
    }

    /// What others stopped just before the engine went was the engine's doing: a sleeper still. Returns the intents of
    /// what was theirs.
    mutating func engineLost(_ now: Instant) -> [String] {
        isAfterBreak = true
        var forgotten: [String] = []
        for (id, late) in lately where late.until > now && owned[id] == nil {
            // Paused since, it was others' doing.
            if containers.contains(where: { $0.id == id && $0.status == .paused }) {
                forgotten.append(id)
            } else {
                owned[id] = .stopped
            }
        }
        lately = [:]
        return forgotten
    }

    /// When what was owned lately becomes others' for good.
    func forEachLossEnd(_ body: (Instant) -> Void) { for late in lately.values { body(late.until) } }
}

// MARK: Questions

extension Belief {
    private func isAmbiguous(_ replicas: Replicas) -> Bool { containers.count > 1 && replicas != .all }

    /// What the containers add up to, as far as is known.
    func condition(_ replicas: Replicas) -> SleepMachine.Condition {
        guard isKnown else { return .unknown }
        guard let first = containers.first else { return .absent }
        if containers.count == 1 { return condition(of: first) }
        guard replicas == .all else { return .ambiguous }
        let conditions = containers.map(condition(of:))
        let asleep = conditions.filter { if case .asleep = $0 { true } else { false } }
        // One that runs among sleepers doesn't make the service awake: a balancer would hit the others.
        if let deepest = asleep.first(where: { $0 == .asleep(.stopped) }) ?? asleep.first { return deepest }
        if conditions.contains(.running) { return .running }
        return conditions.contains(.held) ? .held : .down
    }

    private func condition(of container: Container) -> SleepMachine.Condition {
        switch container.status {
        case .running: .running
        case .paused where container.isPausedTwice: .held
        case .paused: owned[container.id].map { .asleep($0 == .stopped ? .frozen : $0) } ?? .held
        case .down: owned[container.id] == .stopped ? .asleep(.stopped) : .down
        }
    }

    func agrees(with found: [Container]) -> Bool {
        found.count == containers.count
            && found.allSatisfy { new in
                containers.contains {
                    $0.id == new.id && $0.status == new.status && $0.isPausedTwice == new.isPausedTwice
                }
            }
    }

    func ids(_ status: Container.Status) -> [String] { containers.filter { $0.status == status }.map(\.id) }

    func has(_ status: Container.Status) -> Bool { containers.contains { $0.status == status } }

    func areAll(_ status: Container.Status) -> Bool { containers.allSatisfy { $0.status == status } }

    /// Frozen containers that are svcd's own.
    var ownFrozen: [String] { containers.filter { $0.status == .paused && owned[$0.id] != nil }.map(\.id) }

    /// Stopped containers that are svcd's own.
    var ownStopped: [String] { containers.filter { $0.status == .down && owned[$0.id] == .stopped }.map(\.id) }

    /// Whether pauses without an answer may land yet.
    var expectsLateFreeze: Bool { !lateFreezes.isEmpty }

    /// Whether one of them began before that use.
    func expectsLateFreeze(before use: Instant) -> Bool {
        lateFreezes.values.contains { $0.began.map { use > $0 } ?? true }
    }
}
