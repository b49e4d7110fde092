import Foundation

/// Keeps one core busy, as a compiler would; ends with this process.
final class Burner {
    private let process = Process()

    init() throws {
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "while kill -0 $PPID; do n=0; while [ $n -lt 100000 ]; do n=$((n+1)); done; done",
        ]
        // A test's own output stays open for as long as anybody holds it.
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// By SIGKILL: what a test's thread starts inherits its mask, in which SIGTERM is blocked.
    func stop() { kill(process.processIdentifier, SIGKILL) }
}
