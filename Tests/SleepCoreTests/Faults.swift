@testable import SleepCore

/// How things end in a world: mostly well. Docker lies, keeps silent, and does late what it was asked for.
enum Faults {
    typealias Operation = SleepMachine.Operation
    typealias Fault = SleepMachine.OperationFault
    typealias Ending = (delay: Duration, what: Happening)

    /// How recording an intent ends: something may use the service, the disk may be full.
    static func endings(ofRecord begun: Operation, _ random: inout SplitMix) -> [Ending] {
        if case .record(_, _, unlessUsed: true) = begun.kind, Int.random(in: 0..<20, using: &random) == 0 {
            return [(.milliseconds(1), .operationEnds(begun.id, .init(message: "an exec runs", isVeto: true)))]
        }
        let isFull = Int.random(in: 0..<100, using: &random) == 0
        return [(.microseconds(300), .operationEnds(begun.id, isFull ? .init(message: "disk full") : nil))]
    }

    /// How Docker ends an operation that was begun in that life of svcd.
    static func endings(of begun: Operation, isUp: Bool, life: Int, _ random: inout SplitMix) -> [Ending] {
        let delay = Duration.milliseconds(Int.random(in: 5...25, using: &random))
        let refused = Fault(message: "refused", isConflict: Bool.random(using: &random))
        if begun.kind.isReady, Int.random(in: 0..<4, using: &random) == 0 {
            return [(begun.limit, .operationEnds(begun.id, .init(message: "no answer", isTimeout: true)))]
        }
        guard isUp else { return [(.milliseconds(1), .operationEnds(begun.id, .init(message: "unreachable")))] }
        if case .wake(_, let start) = begun.kind, start.isEmpty, Bool.random(using: &random) {
            return landing(begun, delay, refused, &random)
        }
        return answer(begun, delay, refused, life, &random)
    }

    private static let silent = Fault(message: "no answer", mayStillLand: true)

    /// The kernel sees it before Docker answers.
    private static func landing(
        _ begun: Operation, _ delay: Duration, _ refused: Fault, _ random: inout SplitMix
    ) -> [Ending] {
        let faults = [nil, nil, nil, nil, nil, nil, refused, silent]
        let fault = faults.randomElement(using: &random) ?? nil
        let answered = delay + .milliseconds(Int.random(in: 1...10, using: &random))
        return [(delay, .lands(begun.id)), (answered, .operationEnds(begun.id, fault))]
    }

    private static func answer(
        _ begun: Operation, _ delay: Duration, _ refused: Fault, _ life: Int, _ random: inout SplitMix
    ) -> [Ending] {
        let effect = Happening.effect(begun.kind, life: life)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<5:  // it lies: nothing done
            return [(delay, .operationEnds(begun.id, refused))]
        case 5..<8:  // done, and refused
            return [(delay, effect), (delay, .operationEnds(begun.id, refused))]
        case 8..<11:  // no answer in time, and it lands later or never
            let ending = Ending(begun.limit, .operationEnds(begun.id, silent))
            guard Bool.random(using: &random) else { return [ending] }
            return [ending, (begun.limit + .milliseconds(Int.random(in: 0...4000, using: &random)), effect)]
        case 11..<14:  // done, and the answer is lost
            return [(delay, effect), (delay + .milliseconds(1), .operationEnds(begun.id, silent))]
        default:
            return [(delay, .operationEnds(begun.id, nil))]
        }
    }

    /// A look takes a while, and may fail.
    static func ending(ofLook generation: UInt64, in docker: DockerModel, _ random: inout SplitMix) -> Ending {
        let delay = Duration.milliseconds(Int.random(in: 0...15, using: &random))
        let fails = !docker.isUp || Int.random(in: 0..<20, using: &random) == 0
        return (delay, .lookEnds(generation, fails ? nil : docker.found()))
    }

    /// How handing memory back ends.
    static func outcome(_ random: inout SplitMix) -> ReclaimOutcome {
        let ends: [ReclaimOutcome.End] = [.done, .done, .halted, .guarded("pressure"), .unavailable("no swap")]
        let end = ends.randomElement(using: &random) ?? .done
        if case .unavailable = end { return ReclaimOutcome(end) }
        return ReclaimOutcome(
            end, before: MemoryReading(residentBytes: 100, swappedBytes: 0),
            after: MemoryReading(residentBytes: Int.random(in: 0...100, using: &random), swappedBytes: 0))
    }
}

extension SleepMachine.Operation.Kind {
    var isReady: Bool { if case .ready = self { true } else { false } }
    var isRecord: Bool { if case .record = self { true } else { false } }
}
