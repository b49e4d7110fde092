import Foundation

/// Keeps one core busy, as a compiler would; ends with this process.
final class Burner {
    private let process = Process()

    init() throws {
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "while kill -0 $PPID; do n=0; while [ $n -lt 100000 ]; do n=$((n+1)); done; done",
        ]
        try process.run()
    }

    func stop() { process.terminate() }
}
