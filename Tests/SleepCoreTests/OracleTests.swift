import Foundation
import Testing

/// What the machine said when it was last meant to change, and says still.
///
/// `oracle.log` has a line for each of 500 seeds: a digest of all that the machine has said and answered over 2,000
/// events, and before it, per hundred events, the low bits of the digest so far; so a mismatch names the seed and
/// the hundred in which it began. Changes that only move code leave the log alone.
///
///     SVCD_ORACLE_TRAIL=SEED:BLOCK   prints every event and step of that hundred; hold it against the same of before
///     SVCD_ORACLE_RENEW=1            writes the log anew; for a commit of its own that changes what the machine does
@Suite("the machine's oracle")
struct OracleTests {
    private static let seeds = 500
    private static let blocks = 20
    private static let blockLength = 100
    private static let log = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("oracle.log")

    private struct Record {
        var line: String
        var counts: [String: Int]
    }

    @Test("every step and answer of 500 seeds is as it was")
    func replay() async throws {
        let environment = ProcessInfo.processInfo.environment
        if let wanted = environment["SVCD_ORACLE_TRAIL"] { return try Self.printTrail(wanted) }

        let records = await Self.records()
        if environment["SVCD_ORACLE_RENEW"] != nil {
            try Data((records.map(\.line).joined(separator: "\n") + "\n").utf8).write(to: Self.log)
        }
        let kept = try String(contentsOf: Self.log, encoding: .utf8).split(separator: "\n").map(String.init)
        try #require(kept.count == Self.seeds)
        for (seed, (record, line)) in zip(records, kept).enumerated() where record.line != line {
            let difference = zip(record.line.split(separator: " "), line.split(separator: " ")).enumerated()
                .first { $1.0 != $1.1 }
            Issue.record("seed \(seed) differs in block \(difference?.offset ?? Self.blocks - 1)")
        }

        var counts: [String: Int] = [:]
        for record in records { counts.merge(record.counts, uniquingKeysWith: +) }
        #expect(counts.count == 27)

        for (name, count) in counts { #expect(count >= 500, "\(name) hardly comes") }
    }

    private static func records() async -> [Record] {
        var records: [Record] = []
        for seed in 0..<seeds {
            records.append(record(seed))
            // Other tests share these threads, and have deadlines.
            await Task.yield()
        }
        return records
    }

    private static func record(_ seed: Int) -> Record {
        var history = History(seed: UInt64(seed))
        var line = ""
        for _ in 0..<blocks {
            for _ in 0..<blockLength { history.advance() }
            line += hex(history.digest.value, digits: 4) + " "
        }
        return Record(line: line + hex(history.digest.value, digits: 16), counts: history.counts)
    }

    private static func hex(_ value: UInt64, digits: Int) -> String {
        String(String(repeating: "0", count: 16) + String(value, radix: 16)).suffix(digits).description
    }

    private static func printTrail(_ wanted: String) throws {
        let numbers = wanted.split(separator: ":").compactMap { Int($0) }
        try #require(numbers.count == 2)
        var history = History(seed: UInt64(numbers[0]))
        for _ in 0..<numbers[1] * blockLength { history.advance() }
        history.tell = { print($0) }
        for _ in 0..<blockLength { history.advance() }
    }
}
