@testable import SleepCore
@testable import SleepEngine

/// A performer between a Docker and a kernel that write down, in one order, what they are asked to do.
struct Performance {
    let trace = Trace()
    let engine: PlainEngine
    let host: PlainHost
    let performer: Performer
    private let mailbox = Mailbox()

    init(
        _ containers: [Container] = [], commands: [String] = [], host change: (inout PlainHost.State) -> Void = { _ in }
    )
        throws
    {
        engine = PlainEngine(trace, containers, commands: commands)
        host = PlainHost(trace, change)
        performer = Performer(
            world: Surroundings(
                engine: engine, host: host, readiness: ReadyAtOnce(),
                journal: try Journal(path: ":memory:", logger: silentLogger), time: JumpingTime(),
                logger: silentLogger, boot: "now", seed: 1),
            post: mailbox.post)
    }

    func perform(
        _ kind: SleepMachine.Operation.Kind, on sleeper: Sleeper, wake: Performer.Waker = { _, _ in nil }
    ) async -> Outcome {
        let operation = SleepMachine.Operation(id: 7, kind: kind, limit: .seconds(1))
        return await performer.perform(operation, on: sleeper, thawed: { trace.add("thawed \($0)") }, wake: wake)
    }

    /// What was posted until now; nothing can be posted any more.
    func posted() async -> [String] {
        mailbox.post.finish()
        var found: [String] = []
        for await case .event(let key, let event) in mailbox.messages { found.append("\(key) \(event)") }
        return found
    }
}

extension Sleeper {
    /// A service with key 3.
    static func plain(
        _ containers: [Container], places: [String: String] = [:], _ change: (inout Settings) -> Void = { _ in }
    ) -> Sleeper {
        var settings = Settings()
        change(&settings)
        return Sleeper(key: 3, name: "s", settings: settings, containers: containers, places: places)
    }
}
