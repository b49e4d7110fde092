@testable import SleepCore

/// One event of a world, and what the machine made of it.
struct Mark: CustomStringConvertible {
    var number: Int
    var elapsed: Duration
    var event: SleepMachine.Event
    var state: ServiceState
    var truth: Container.Status?
    var intents: [String: Depth]
    var step: SleepMachine.Step

    var description: String {
        var line = "\(number) +\(elapsed) \(event) -> \(state), truth \(Self.text(truth))"
        line += ", intents \(intents.keys.sorted())"
        if let operation = step.operation { line += ", begins \(operation.kind)" }
        if step.look != nil { line += ", looks" }
        if !step.forget.isEmpty { line += ", forgets \(step.forget)" }
        return line
    }

    static func text(_ truth: Container.Status?) -> String { truth.map { "\($0)" } ?? "gone" }
}
