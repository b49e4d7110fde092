import Foundation
import Logging
import SleepCore
import Testing

@testable import SleepEngine

@Suite("the journal")
struct JournalTests {
    private let path = NSTemporaryDirectory() + "svcd-journal-\(UInt32.random(in: 0 ... .max)).db"
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func remove() {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    private func intent(_ container: String) -> Journal.Intent {
        Journal.Intent(
            container: container, service: "s", depth: .frozen, beganMilliseconds: 1, boot: "b")
    }

    private func record(_ journal: Journal, _ intents: [Journal.Intent]) async -> JournalFault? {
        await withCheckedContinuation { continuation in
            journal.record(intents) { continuation.resume(returning: $0) }
        }
    }

    @Test("keeps intents, leases, pins and settings over a restart, and forgets what it is told to")
    func survives() async throws {
        defer { remove() }
        do {
            let journal = try Journal(path: path, logger: logger)
            #expect(await record(journal, [intent("a"), intent("b")]) == nil)
            journal.write(.forget(["a"]))
            journal.write(.pin(service: "p", expires: nil))
            journal.write(.pin(service: "q", expires: 7))
            journal.write(.unpin(service: "q"))
            journal.write(.setting(key: "mode", value: "off"))
            await journal.flush()
        }
        let snapshot = try await Journal(path: path, logger: logger).load()
        #expect(snapshot.intents == [intent("b")])
        #expect(snapshot.pins.keys.sorted() == ["p"])
        #expect(snapshot.settings == ["mode": "off"])
    }

    @Test("an intent that was recorded is there although the writer never closed")
    func crash() async throws {
        defer { remove() }
        let journal = try Journal(path: path, logger: logger)
        #expect(await record(journal, [intent("a")]) == nil)
        // Another connection sees what a new process would see.
        #expect(try await Journal(path: path, logger: logger).load().intents == [intent("a")])
    }

    @Test("a full disk refuses intents and says so; reading goes on")
    func full() async throws {
        defer { remove() }
        do { _ = try Journal(path: path, logger: logger) }
        let journal = try Journal(path: path, mostPages: 1, logger: logger)
        var fault: JournalFault?
        for number in 0..<2000 where fault == nil {
            fault = await record(journal, [intent(String(repeating: "x", count: 500) + "\(number)")])
        }
        #expect(fault?.message.contains("full") == true)
        _ = try await journal.load()
    }

    @Test("history is pruned, the newest first, and folded for budgets")
    func history() async throws {
        defer { remove() }
        let journal = try Journal(path: path, logger: logger)
        for at in 1...10 {
            journal.write(
                .transition(
                    .init(
                        atMilliseconds: Int64(at), service: at.isMultiple(of: 2) ? "even" : "odd", from: "awake",
                        to: "asleep", depth: "frozen", trigger: "idle", by: nil, elapsedMicroseconds: 5,
                        outcome: "done", error: nil)))
            journal.write(
                .wake(
                    .init(
                        atMilliseconds: Int64(at), service: "s", tier: "browser", depth: "frozen", trigger: "hook",
                        elapsedMicroseconds: Int64(at) * 100_000, queuedMicroseconds: 0, thawMicroseconds: 0,
                        readyMicroseconds: 0, budgetMicroseconds: 500_000)))
        }
        journal.write(.prune(3))
        let rows = try await journal.transitions(of: "even", since: 0, limit: 3)
        #expect(rows.map(\.atMilliseconds) == [10, 8, 6])
        #expect(try await journal.transitions(of: nil, since: 0, limit: 100).count == 8)
        let line = try #require(try await Budgets.read(from: journal, since: 0).services["s"])
        #expect(line.latencies.count == 8 && line.latencies.withinBudget == 3)
        #expect(line.latencies.longest == .seconds(1))
    }
}
