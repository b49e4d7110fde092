internal import Logging
internal import SleepCore

/// Keeps the connection to one engine: listens to its events, notices that it is gone, lists everything when it is
/// back and now and then. What it finds it reports; it holds nothing.
struct EngineMinder: Sendable {
    enum Report: Sendable {
        /// It has heard something, or is about to try again.
        case turned
        /// From now on it hears what is said here.
        case listening(AsyncStream<EngineCall>.Continuation)
        case answered
        case listed([ListedContainer])
        case event(ContainerEvent)
        /// The stream broke or the engine fell silent, and why.
        case lost(String)
    }

    typealias Reporter = @Sendable (Report) async -> Void

    let engine: any ContainerEngine
    let time: any TimeSource
    let logger: Logger
    let seed: UInt64

    static let pingLimit = Duration.seconds(1)
    private static let listLimit = Duration.seconds(5)
    /// How often everything is listed anew although no event said so.
    private static let listEvery = Duration.seconds(300)
    private static let firstListingRetry = Duration.milliseconds(100)
    private static let longestListingRetry = Duration.seconds(5)
    /// The longest wait between two attempts to reach a lost engine, in seconds: it is back within 5 s.
    private static let longestBackoff = 2.0

    private struct StreamEnded: Error, CustomStringConvertible {
        var description: String { "Docker closed the event stream" }
    }

    /// Keeps the event stream open for as long as the task lives.
    func run(_ report: @escaping Reporter) async {
        var failures = 0
        var random = SplitMix(state: seed)
        while !Task.isCancelled {
            await report(.turned)
            do {
                try await engine.ping(within: Self.pingLimit)
                await report(.answered)
                try await listen(report) { failures = 0 }
            } catch {
                if Task.isCancelled { return }
                await report(.lost("\(error)"))
            }
            if Task.isCancelled { return }
            failures += 1
            let wait = min(Self.longestBackoff, 0.05 * Double(1 << min(failures, 10)))
            let jittered = wait * Double.random(in: 0.75...1, using: &random)
            try? await time.sleep(until: time.now + .seconds(jittered))
        }
    }

    /// Returns never; throws when the stream has broken or the engine has fallen silent.
    private func listen(_ report: @escaping Reporter, _ isListening: () -> Void) async throws {
        // Anew each time: a stream whose reader was cancelled has ended for good.
        let (heard, calls) = AsyncStream.makeStream(of: EngineCall.self, bufferingPolicy: .bufferingNewest(8))
        await report(.listening(calls))
        // Whoever asked before now could not be heard.
        await report(.turned)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await engine.events(ready: { await listAtLast(report, calls) }) { event in
                    await report(.event(event))
                }
                throw StreamEnded()
            }
            group.addTask { try await follow(heard, report) }
            group.addTask { try await listNowAndThen(report) }
            defer { group.cancelAll() }
            isListening()
            try await group.next()
        }
    }

    private func follow(_ heard: AsyncStream<EngineCall>, _ report: Reporter) async throws {
        for await call in heard {
            await report(.turned)
            guard call == .doubt else { continue }
            try await engine.ping(within: Self.pingLimit)
            await report(.answered)
        }
    }

    private func listNowAndThen(_ report: Reporter) async throws {
        while true {
            try await time.sleep(until: time.now + Self.listEvery)
            try await list(report)
        }
    }

    private func list(_ report: Reporter) async throws {
        await report(.listed(try await engine.list(within: Self.listLimit)))
    }

    /// Lists until that has worked: before, nothing that the engine has is known.
    private func listAtLast(_ report: Reporter, _ calls: AsyncStream<EngineCall>.Continuation) async {
        var wait = Self.firstListingRetry
        while !Task.isCancelled {
            do {
                return try await list(report)
            } catch {
                logger.debug("a listing failed", metadata: ["error": "\(error)"])
                calls.yield(.doubt)
            }
            do { try await time.sleep(until: time.now + wait) } catch { return }
            wait = min(wait * 2, Self.longestListingRetry)
        }
    }
}
