import ArgumentParser
import ControlTypes
import DockerEngine
import Foundation
import NIOPosix
import TestSupport
import UnixHTTP

/// Measures svcd next to what it is made of, interleaved in one run.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures svcd next to what it is made of.",
        subcommands: [
            Wakes.self, Deep.self, Metering.self, Storm.self, Traffic.self, Hooks.self, Scale.self,
            Compare.self,
        ],
        defaultSubcommand: Wakes.self)

    static func digits(_ number: Double, _ count: Int) -> String { String(format: "%.\(count)f", number) }
}

/// Wakes side by side, and what svcd itself costs.
struct Wakes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Raw unpause, docker unpause and svcd's ways to wake (the default).")

    @Option(help: "Interleaved samples of each.")
    var samples = 300

    @Option(help: "Seconds to watch svcd idle with ten sleepers; 0: not at all.")
    var idle = 60

    @Option(help: "Awake hooks to send before its memory is read again; 0: none.")
    var hooks = 0

    private static let sleepers = 10

    func run() async throws {
        let docker = try Dockerd()
        try await docker.clear()
        let names = (0..<Self.sleepers).map { "s\($0)" }
        let services = (names + ["warm"]).map {
            "\($0): {tier: on-demand, activity: [hook], min_awake: 0s, idle_after: 1h}"
        }
        let direct = ["direct", "traffic"].map {
            "\($0): {tier: on-demand, activity: [hook], min_awake: 0s, idle_after: 1h, freezer: cgroup, "
                + "wake_on: [hook\($0 == "traffic" ? ", traffic" : "")]}"
        }
        for name in names + ["warm", "raw", "direct"] { try await docker.start(name) }
        for name in ["traffic", "awake"] { try await docker.serve(name) }
        let daemon = try await TestDaemon(docker: docker.socket, services: services + direct, isQuiet: true)
        for name in names + ["warm", "direct", "traffic"] { try await daemon.wait(name, is: "awake") }
        do {
            try await measureWakes(daemon, docker)
            if idle > 0 { try await measureIdle(daemon, names) }
            if hooks > 0 { try await measureHooks(daemon) }
        } catch {
            try await daemon.stop()
            throw error
        }
        try await daemon.stop()
        try await docker.clear()
    }

    // MARK: Wakes

    private func measureWakes(_ daemon: TestDaemon, _ docker: Dockerd) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let engine = DockerEngine(socketPath: docker.socket, eventLoop: loop)
        try await engine.ping(within: .seconds(5))
        let kept = HTTPClient(socketPath: daemon.hookPath, eventLoop: loop)
        let warm = try RawConnection(daemon.hookPath)
        defer { warm.close() }
        let addresses = (awake: try await docker.address("awake"), traffic: try await docker.address("traffic"))
        var rows: [Row] = [
            "raw unpause", "docker unpause", "hook wake", "svcctl wake", "awake hook, kept-alive",
            "awake hook, new connection", "hook wake, freezer: cgroup", "request, awake",
            "request that wakes by traffic",
        ]
        .map { Row(name: $0) }

        for _ in 0..<samples {
            try await engine.pause(id: "raw", within: .seconds(10))
            try await rows[0].time { try await engine.unpause(id: "raw", within: .seconds(10)) }
            try await engine.pause(id: "raw", within: .seconds(10))
            try await rows[1].time { try await docker("unpause", "raw") }

            try await daemon.sleep("s0")
            try await rows[2].time { try await hook("s0", kept) }
            try await daemon.sleep("s0")
            try await rows[3].time { _ = try await daemon.svcctl("wake", "s0") }

            try await daemon.sleep("direct")
            try await rows[6].time { try await hook("direct", kept) }

            try rows[7].timeBlocking { try Self.request(addresses.awake) }
            try await daemon.sleep("traffic")
            try rows[8].timeBlocking { try Self.request(addresses.traffic) }

            for _ in 0..<10 {
                try rows[4].timeBlocking { try Self.warmHook(warm) }
                try rows[5].timeBlocking {
                    let fresh = try RawConnection(daemon.hookPath)
                    defer { fresh.close() }
                    try Self.warmHook(fresh)
                }
            }
        }
        print("\(samples) interleaved samples (10 times as many of awake hooks); milliseconds, and the spread of each")
        print("percentile over five parts of the run. Ratios to raw unpause.\n")
        Row.print(rows)
    }

    private func hook(_ service: String, _ client: HTTPClient) async throws {
        let response = try await client.send(HTTPRequest("GET", "/hook/\(service)"), within: .seconds(30))
        guard response.status == 200 else { throw Overdue(description: "hook \(service): \(response.status)") }
    }

    /// A new connection and its first answer.
    private static func request(_ address: String) throws {
        let connection = try TCPConnection(host: address, port: 80)
        defer { connection.close() }
        try connection.send("GET / HTTP/1.1\r\n\r\n")
        guard try connection.receive().hasPrefix("HTTP/1.1 200") else { throw Overdue(description: "no answer") }
    }

    /// One hook by plain system calls, so that what is measured is the server.
    private static func warmHook(_ connection: RawConnection) throws {
        try connection.send("GET /hook/warm HTTP/1.1\r\nHost: svcd\r\n\r\n")
        guard try connection.receive().hasPrefix("HTTP/1.1 200") else { throw Overdue(description: "hook warm") }
    }

    // MARK: svcd itself

    private func measureIdle(_ daemon: TestDaemon, _ names: [String]) async throws {
        for name in names { try await daemon.sleep(name) }
        try await Task.sleep(for: .seconds(3))
        let before = Usage(daemon.pid)
        try await Task.sleep(for: .seconds(idle))
        let after = Usage(daemon.pid)
        let seconds = Double(idle)
        print("\nsvcd with \(names.count) sleepers, idle for \(idle) s:")
        print("  RSS \(after.residentKiB / 1024) MiB (\(after.anonymousKiB / 1024) MiB anonymous)")
        print("  CPU \(Bench.digits((after.cpuSeconds - before.cpuSeconds) / seconds * 100, 3)) % of a core")
        print(
            "  context switches \(Bench.digits(Double(after.switches(since: before)) / seconds, 2)) a second, "
                + "over all threads"
        )
        for name in names { _ = try await daemon.hook(name) }
    }

    private func measureHooks(_ daemon: TestDaemon) async throws {
        let warm = try RawConnection(daemon.hookPath)
        defer { warm.close() }
        for _ in 0..<10_000 { try Self.warmHook(warm) }
        let before = Usage(daemon.pid)
        for _ in 0..<hooks { try Self.warmHook(warm) }
        let after = Usage(daemon.pid)
        print("\n\(hooks) awake hooks: RSS \(before.residentKiB) KiB before, \(after.residentKiB) KiB after")
    }
}

/// The samples of one way to wake, in milliseconds.
struct Row {
    var name: String
    var samples: [Double] = []

    init(name: String) { self.name = name }

    mutating func time(_ body: () async throws -> Void) async throws {
        let began = DispatchTime.now().uptimeNanoseconds
        try await body()
        samples.append(Double(DispatchTime.now().uptimeNanoseconds - began) / 1e6)
    }

    mutating func timeBlocking(_ body: () throws -> Void) throws {
        let began = DispatchTime.now().uptimeNanoseconds
        try body()
        samples.append(Double(DispatchTime.now().uptimeNanoseconds - began) / 1e6)
    }

    /// The percentile, and half the span of it over five parts of the run.
    func percentile(_ percent: Double) -> (value: Double, spread: Double) {
        let size = max(1, samples.count / 5)
        let parts = stride(from: 0, to: size * 5, by: size).map { Array(samples[$0..<min($0 + size, samples.count)]) }
        let values = parts.filter { !$0.isEmpty }.map { Self.percentile($0, percent) }
        return (Self.percentile(samples, percent), ((values.max() ?? 0) - (values.min() ?? 0)) / 2)
    }

    private static func percentile(_ samples: [Double], _ percent: Double) -> Double {
        let sorted = samples.sorted()
        return sorted[min(sorted.count - 1, Int((percent / 100 * Double(sorted.count)).rounded(.up)) - 1)]
    }

    static func print(_ rows: [Row]) {
        func pad(_ text: String, _ width: Int) -> String { text.padding(toLength: width, withPad: " ", startingAt: 0) }
        Swift.print(pad("", 28) + ["p50", "p95", "p99"].map { pad($0, 18) }.joined() + "ratio p50  p95")
        for row in rows {
            var line = pad(row.name, 28)
            for percent in [50.0, 95, 99] {
                let (value, spread) = row.percentile(percent)
                line += pad("\(Bench.digits(value, 3)) ±\(Bench.digits(spread, 3))", 18)
            }
            let ratios = [50.0, 95].map { Bench.digits(row.percentile($0).value / rows[0].percentile($0).value, 3) }
            Swift.print(line + pad(ratios[0], 11) + ratios[1])
        }
    }
}

/// What the kernel says of a process (proc(5)).
struct Usage {
    var residentKiB = 0
    var anonymousKiB = 0
    var cpuSeconds = 0.0
    /// Voluntary and involuntary, by thread.
    var switches: [String: Int] = [:]

    /// Over all threads; those that have ended meanwhile are not counted.
    func switches(since earlier: Usage) -> Int {
        switches.reduce(0) { $0 + $1.value - (earlier.switches[$1.key] ?? 0) }
    }

    init(_ pid: Int32) {
        func fields(_ path: String) -> [String: Int] {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").reduce(into: [:]) { fields, line in
                let parts = line.split(separator: ":")
                let words = parts.dropFirst().first?.split(whereSeparator: \.isWhitespace) ?? []
                if parts.count == 2, let number = words.first.flatMap({ Int($0) }) { fields[String(parts[0])] = number }
            }
        }
        let status = fields("/proc/\(pid)/status")
        residentKiB = status["VmRSS"] ?? 0
        anonymousKiB = status["RssAnon"] ?? 0
        let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        let words = stat.split(separator: ")").last?.split(separator: " ") ?? []
        if words.count > 12, let user = Double(words[11]), let system = Double(words[12]) {
            cpuSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
        for thread in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? [] {
            let status = fields("/proc/\(pid)/task/\(thread)/status")
            switches[thread] = (status["voluntary_ctxt_switches"] ?? 0) + (status["nonvoluntary_ctxt_switches"] ?? 0)
        }
    }
}
