import ArgumentParser
import Foundation
import TestSupport

/// The hook server under load, next to nginx.
struct Hooks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hooks for an awake service over 64 keep-alive connections, next to nginx answering return 204.")

    @Option(help: "Turns of each.")
    var turns = 5

    @Option(help: "Seconds of each turn.")
    var seconds = 3.0

    @Option(help: "Hooks in all before memory is read again.")
    var total = 10_000_000

    func run() async throws {
        let stub = try await StubServer { Scale.answer($0, 1) }
        let daemon = try await TestDaemon(
            docker: stub.path, services: ["s0: {tier: on-demand, activity: [hook], idle_after: 1h}"], isQuiet: true)
        defer { kill(daemon.pid, SIGKILL) }
        try await daemon.wait("s0", is: "awake")
        // A server that is woken on the core where the load is made waits for its turn there; both get one.
        _ = try await Shell.run(["taskset", "-a", "-p", "-c", "0", "\(daemon.pid)"])
        _ = try await Shell.run(["taskset", "-a", "-p", "-c", "1", "\(getpid())"])
        let nginx = try await Nginx(daemon.directory)
        defer { nginx.stop() }
        let own = try Load(daemon.hookPath, "/hook/s0")
        let theirs = try Load(nginx.socket, "/hook/s0")

        var (hooks, plain): ([Double], [Double]) = ([], [])
        for _ in 0..<turns {
            plain.append(try theirs.flatOut(seconds))
            hooks.append(try own.flatOut(seconds))
        }
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let (most, mostPlain) = (median(hooks), median(plain))
        print("64 keep-alive connections on a unix socket, one core for the server and one for the load;")
        print("\(turns) turns of \(seconds) s each, medians")
        print("nginx, return 204   \(Int(mostPlain)) a second")
        print("awake hooks         \(Int(most)) a second, ratio \(Bench.digits(most / mostPlain, 2))")

        var rows = [Row(name: "nginx"), Row(name: "awake hooks")]
        var tails: [[Double]] = [[], []]
        // Short turns: a shared host takes a core away for milliseconds several times a second, and what the
        // server does by itself shows in the turns without.
        for _ in 0..<turns * 8 {
            for (index, load) in [theirs, own].enumerated() {
                var turn = Row(name: "")
                turn.samples = try load.paced(most / 2, seconds / 12)
                tails[index].append(turn.percentile(99).value)
                rows[index].samples += turn.samples
            }
        }
        print("\nat \(Int(most / 2)) a second, from when each was due; milliseconds\n")
        Row.print(rows)
        let middle = tails.map { Bench.digits(median($0), 3) }
        print("p99 of the middle one of \(turns * 8) turns: nginx \(middle[0]), awake hooks \(middle[1])")

        let before = Usage(daemon.pid)
        var sent = 0.0
        while sent < Double(total) { sent += try own.flatOut(10) * 10 }
        let after = Usage(daemon.pid)
        print("\n\(Int(sent)) awake hooks: RSS \(before.residentKiB) KiB before, \(after.residentKiB) KiB after")
        try await daemon.stop()
        try await stub.close()
    }
}

/// An nginx with one worker that answers everything with 204.
private final class Nginx {
    let socket: String
    private let process = Process()

    init(_ directory: String) async throws {
        socket = directory + "/nginx.sock"
        let config = """
            daemon off;
            worker_processes 1;
            pid \(directory)/nginx.pid;
            error_log stderr crit;
            events { worker_connections 1024; }
            http {
                access_log off;
                keepalive_requests 1000000000;
                server { listen unix:\(socket); location / { return 204; } }
            }
            """
        let path = directory + "/nginx.conf"
        try config.write(toFile: path, atomically: true, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/taskset")
        process.arguments = ["-c", "0", "nginx", "-c", path]
        try process.run()
        try await eventually("nginx serves") { [socket] in (try? RawConnection(socket)) != nil }
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }
}
