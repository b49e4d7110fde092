import Foundation

/// Keeps one core busy, as a compiler would.
final class Burner {
    private let process = Process()

    init() throws {
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "while :; do :; done"]
        try process.run()
    }

    func stop() { process.terminate() }
}
