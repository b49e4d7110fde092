import SleepCore
import Testing

@testable import SleepEngine

@Suite("minding an engine", .timeLimit(.minutes(1)))
struct EngineMinderTests {
    private let engine = PlainEngine(Trace(), [Container(id: "1", name: "s", status: .running)])
    private let time = JumpingTime()

    /// What the minder reports, in words.
    private final class Reports {
        private var iterator: AsyncStream<EngineMinder.Report>.Iterator
        private(set) var calls: AsyncStream<EngineCall>.Continuation?

        init(_ stream: AsyncStream<EngineMinder.Report>) { iterator = stream.makeAsyncIterator() }

        func next() async -> String? {
            switch await iterator.next(isolation: #isolation) {
            case .turned?: return "turned"
            case .listening(let calls)?:
                self.calls = calls
                return "listening"
            case .answered?: return "answered"
            case .listed(let listed)?: return "listed \(listed.map(\.container.id).joined(separator: ","))"
            case .event(let event)?: return "\(event.action) \(event.name)"
            case .lost(let why)?: return "lost: \(why)"
            case nil: return nil
            }
        }

        func next(_ count: Int) async -> [String] {
            var found: [String] = []
            for _ in 0..<count { if let report = await next() { found.append(report) } }
            return found
        }
    }

    /// Runs a minder for as long as the body does; what it reports after that.
    @discardableResult
    private func mind(_ body: (Reports) async -> Void) async -> [String] {
        let minder = EngineMinder(engine: engine, time: time, logger: silentLogger, seed: 1)
        let (stream, continuation) = AsyncStream.makeStream(of: EngineMinder.Report.self)
        let task = Task {
            await minder.run { continuation.yield($0) }
            continuation.finish()
        }
        let reports = Reports(stream)
        await body(reports)
        task.cancel()
        await task.value
        var left: [String] = []
        while let report = await reports.next() { left.append(report) }
        return left
    }

    private let begins = ["turned", "answered", "listening", "turned", "listed 1"]

    @Test("an engine that answers is listened to, listed, and its events passed on; the end is no loss")
    func listens() async {
        let left = await mind { reports in
            #expect(await reports.next(5) == begins)
            engine.emit(ContainerEvent(id: "1", action: "pause", name: "s"))
            engine.emit(ContainerEvent(id: "1", action: "unpause", name: "s"))
            #expect(await reports.next(2) == ["pause s", "unpause s"])
        }
        #expect(left.isEmpty, "\(left)")
    }

    @Test("a stream that ends is a loss; a moment later everything begins anew, with a listing")
    func streamEnds() async {
        await mind { reports in
            _ = await reports.next(5)
            engine.endStream()
            #expect(await reports.next() == "lost: Docker closed the event stream")
            #expect(await reports.next(5) == begins)
            #expect(time.waits.count == 1 && time.waits.allSatisfy { $0 <= .milliseconds(100) })
        }
    }

    @Test("a sign of life is given without asking the engine")
    func pulse() async {
        await mind { reports in
            _ = await reports.next(5)
            let before = engine.script.trace.all
            reports.calls?.yield(.pulse)
            #expect(await reports.next() == "turned")
            engine.emit(ContainerEvent(id: "1", action: "pause", name: "s"))
            #expect(await reports.next() == "pause s")
            #expect(engine.script.trace.all == before)
        }
    }

    @Test("a doubt asks it; where it doesn't answer it is lost")
    func doubt() async {
        await mind { reports in
            _ = await reports.next(5)
            reports.calls?.yield(.doubt)
            #expect(await reports.next(2) == ["turned", "answered"])
            engine.script["ping"] = .unanswered("silence")
            reports.calls?.yield(.doubt)
            #expect(await reports.next(2) == ["turned", "lost: Docker did not answer: silence"])
        }
    }

    @Test("a listing that fails asks it whether it is there, and is tried again until it works")
    func listingFails() async {
        let script = engine.script
        script["list"] = .garbled("?")
        script.when("list") { script["list"] = nil }
        await mind { reports in
            var seen: [String?] = []
            while seen.count < 7 { seen.append(await reports.next()) }
            #expect(seen.contains("listed 1"))
            #expect(script.trace.all.count { $0 == "list" } == 2 && script.trace.all.count { $0 == "ping" } == 2)
        }
    }

    @Test("the waits between attempts double from a tenth of a second to two, less at most a quarter")
    func backoff() async {
        engine.script["ping"] = .unreachable("down")
        await mind { reports in
            for _ in 0..<8 {
                #expect(await reports.next(2) == ["turned", "lost: Docker can't be reached: down"])
            }
            let waits = time.waits.prefix(7)
            for (wait, longest) in zip(waits, [0.1, 0.2, 0.4, 0.8, 1.6, 2, 2]) {
                #expect(wait <= .seconds(longest) && wait >= .seconds(longest * 0.749), "\(waits)")
            }
            #expect(waits.count == 7)
        }
    }
}
