@testable import SleepCore

/// A machine and its clock, for tests that tell one story. Its one container `c` runs, was found at the start, and
/// sleeps after ten idle seconds.
struct Scenario {
    private(set) var machine: SleepMachine
    private(set) var now = SuspendingClock().now
    private(set) var step = SleepMachine.Step()
    /// Every operation that was begun, in order.
    private(set) var begun: [SleepMachine.Operation.Kind] = []
    /// The one under way.
    private(set) var operation: SleepMachine.Operation?
    private(set) var look: UInt64?
    /// The reclaim that was begun last.
    private(set) var reclaim: UInt64?
    /// Ids of the waiters who were told that it runs, in order.
    private(set) var ready: [UInt64] = []
    private(set) var failed: [UInt64: SleepMachine.WakeFailure] = [:]
    private(set) var slept: [UInt64: SleepMachine.SleepOutcome] = [:]
    private(set) var forgotten: [String] = []
    private(set) var transitions: [SleepMachine.Transition] = []
    private var lastID: UInt64 = 0

    /// - Parameter intents: what the journal knew at the start.
    init(
        _ containers: [Container] = [.named("c")], intents: [String: Depth] = [:],
        _ change: (inout Settings) -> Void = { _ in }
    ) {
        var settings = Settings()
        settings.idleAfter = .seconds(10)
        settings.minAwake = .zero
        settings.reclaim = nil
        change(&settings)
        machine = SleepMachine(rules: .init(settings), seed: 1, now: now)
        send(.found(containers, intents: intents))
    }

    var state: ServiceState { machine.state }

    mutating func send(_ event: SleepMachine.Event) {
        step = machine.handle(event, now: now)
        if let operation = step.operation {
            self.operation = operation
            begun.append(operation.kind)
        }
        if let look = step.look { self.look = look }
        if let reclaim = step.reclaim { self.reclaim = reclaim.id }
        ready += step.ready.map(\.waiter.id)
        for (waiter, failure) in step.failed { failed[waiter.id] = failure }
        for (request, outcome) in step.slept { slept[request.id] = outcome }
        forgotten += step.forget
        transitions += step.transitions
    }

    // MARK: Time

    /// Lets time pass, and calls when the machine asked to be called.
    mutating func pass(_ span: Duration) {
        let end = now + span
        while let next = step.nextCall, next <= end {
            now = next
            send(.timeCame)
        }
        now = end
    }

    // MARK: Clients and operators

    /// Returns the waiter's id.
    @discardableResult
    mutating func wake(_ trigger: Trigger = .hook) -> UInt64 {
        lastID += 1
        send(.wakeRequested(.init(id: lastID, arrived: now, deadline: now + .seconds(60), trigger: trigger)))
        return lastID
    }

    /// The whole of a hook for a service that is awake.
    mutating func touch() -> Bool { machine.touch(now: now) }

    /// Returns the request's id.
    @discardableResult
    mutating func sleep(_ depth: Depth = .frozen, force: Bool = false) -> UInt64 {
        lastID += 1
        send(.sleepRequested(.init(id: lastID, depth: depth, force: force)))
        return lastID
    }

    // MARK: Docker

    /// The operation under way ends, well or with a fault.
    mutating func finish(_ fault: SleepMachine.OperationFault? = nil) {
        guard let ended = operation else { return }
        operation = nil
        send(.operationFinished(ended.id, fault))
    }

    /// The look under way finds these.
    mutating func find(_ containers: [Container]) {
        guard let ended = look else { return }
        look = nil
        send(.lookFinished(generation: ended, containers))
    }

    /// The last operation's number, for answers that come twice or late.
    var lastNumber: UInt64 { operation?.id ?? 0 }

    // MARK: Shorthand

    /// It has been idle and sleeps.
    mutating func fallAsleep() {
        pass(.seconds(10))
        finish()
        finish()
    }

    static func asleep(_ change: (inout Settings) -> Void = { _ in }) -> Scenario {
        var service = Scenario(change)
        service.fallAsleep()
        return service
    }
}

extension Scenario {
    init(_ change: (inout Settings) -> Void) { self.init([.named("c")], change) }
}

extension Container {
    static func named(_ id: String, _ status: Status = .running) -> Container {
        Container(id: id, name: "service", status: status)
    }
}

extension SleepMachine.OperationFault {
    static let refused = SleepMachine.OperationFault(message: "refused")
    static let conflict = SleepMachine.OperationFault(message: "already paused", isConflict: true)
    static let silence = SleepMachine.OperationFault(message: "no answer", mayStillLand: true)
    static let exec = SleepMachine.OperationFault(message: "an exec runs", isVeto: true)
    static let timeout = SleepMachine.OperationFault(message: "no answer from it", isTimeout: true)
}

extension SleepMachine.Operation.Kind {
    static let freeze = Self.freeze(["c"], unlessUsed: true)
    static let thaw = Self.wake(thaw: ["c"], start: [])
}
