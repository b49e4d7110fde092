import Foundation

/// Runs a program and collects what it prints.
package enum Shell {
    package struct Result: Sendable {
        package var status: Int32
        package var output: String
        package var errors: String
    }

    /// Blocks a thread of its own, not the pool's.
    package static func run(_ command: [String], environment: [String: String] = [:]) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Swift.Result { try runBlocking(command, environment) }) }
        }
    }

    private static func runBlocking(_ command: [String], _ environment: [String: String]) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        let output = Pipe()
        let errors = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: errors) }
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        return Result(
            status: status, output: String(decoding: printed, as: UTF8.self),
            errors: (try? String(contentsOf: errors, encoding: .utf8)) ?? "")
    }
}

/// What a test waits for did not come.
package struct Overdue: Error, CustomStringConvertible {
    package var description: String
    package init(description: String) { self.description = description }
}

/// Returns when `condition` holds; throws when it doesn't within `limit`.
///
/// For what happens outside this process and tells nobody. What can be awaited, is.
package func eventually(
    _ what: String, within limit: Duration = .seconds(10), every pause: Duration = .milliseconds(5),
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while true {
        if try await condition() { return }
        if clock.now > deadline { throw Overdue(description: "not within \(limit): \(what)") }
        try await clock.sleep(for: pause)
    }
}
