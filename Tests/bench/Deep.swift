import ArgumentParser
import ControlTypes
import DockerEngine
import Foundation
import LinuxHost
import NIOPosix
import SleepCore
import TestSupport

/// Sleepers that hand their memory back: what they return, and what their wakes cost, from the hook to the
/// first answered request, which touches a part of the memory.
struct Deep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deep wakes next to frozen ones, from zram and from a swap file, and a house fuller than its memory.")

    @Option(help: "MiB of the service.")
    var memory = 400

    @Option(help: "MiB that the first request touches.")
    var touched = 40

    @Option(help: "Interleaved wakes of each kind.")
    var samples = 30

    @Option(help: "How the swap is called in the output.")
    var medium = "zram"

    @Flag(help: "Only the swap file's part: wakes with and without prefetch.")
    var prefetch = false

    func run() async throws {
        let docker = try Dockerd()
        try await docker.clear()
        if prefetch {
            try await measurePrefetch(docker)
        } else {
            try await measureWakes(docker)
            try await measureFullHouse(docker)
        }
        try await docker.clear()
    }

    private static let settings =
        "{tier: on-demand, activity: [hook], min_awake: 0s, idle_after: 1h, ready: {http: \":80/\"}}"

    // MARK: Wakes

    private func measureWakes(_ docker: Dockerd) async throws {
        try await docker.serve("svc", mebibytes: memory)
        let daemon = try await TestDaemon(docker: docker.socket, services: ["svc: \(Self.settings)"], isQuiet: true)
        defer { kill(daemon.pid, SIGTERM) }
        try await daemon.wait("svc", is: "awake")
        try await eventually("it answers", within: .seconds(30)) { (try? await docker.ask("svc", "/")) == "hello" }
        let client = try await Client(docker, "svc")
        var rows = ["frozen", "reclaimed", "100 ms into a reclaim"].map { Row(name: $0) }
        var shares: [Double] = []
        for _ in 0..<samples {
            try await daemon.sleep("svc")
            try await rows[0].time { try await wakeAndTouch(daemon, client) }
            try await pause()

            shares.append(try await sleepDeep(daemon, "svc"))
            try await Task.sleep(for: .seconds(1))
            try await rows[1].time { try await wakeAndTouch(daemon, client) }
            // What it brought back is learned two seconds later.
            try await Task.sleep(for: .milliseconds(2500))

            try await daemon.sleep("svc")
            async let deep = daemon.send("POST", "/v1/services/s/sleep?depth=reclaimed&force=true")
            try await Task.sleep(for: .milliseconds(100))
            try await rows[2].time { try await hook(daemon) }
            _ = try await deep
            try await client.touch(touched)
            try await pause()
        }
        let frozen = Row(name: "frozen, hook alone")
        var hooks = frozen
        for _ in 0..<samples {
            try await daemon.sleep("svc")
            try await hooks.time { try await hook(daemon) }
            try await pause()
        }
        print(
            "\n\(memory) MiB, of which the first request touches \(touched) MiB; swap is \(medium). "
                + "Hook to first answer, ms:\n"
        )
        Row.print([rows[0], rows[1]])
        print("\nA hook alone, ms:\n")
        Row.print([hooks, rows[2]])
        let sorted = shares.sorted()
        print(
            "\nmemory handed back: \(Bench.digits(sorted[0] * 100, 1)) % at least, "
                + "\(Bench.digits(sorted[sorted.count / 2] * 100, 1)) % half of the time")
        let why = try await daemon.svcctl("why", "svc").output
        print(why.split(separator: "\n").filter { $0.contains("near the budget") }.joined(separator: "\n"))
        try await daemon.stop()
        try await docker.clear()
    }

    private func hook(_ daemon: TestDaemon) async throws {
        let status = try await daemon.hook("svc").status
        guard status == 200 else { throw Overdue(description: "hook: \(status)") }
    }

    private func wakeAndTouch(_ daemon: TestDaemon, _ client: Client) async throws {
        try await hook(daemon)
        try await client.touch(touched)
    }

    /// Lets the machine come to rest between two samples.
    private func pause() async throws { try await Task.sleep(for: .milliseconds(100)) }

    /// The share of its memory that went.
    private func sleepDeep(_ daemon: TestDaemon, _ name: String) async throws -> Double {
        let answer = try await daemon.send("POST", "/v1/services/\(name)/sleep?depth=reclaimed&force=true")
        guard answer.status == 200 else { throw Overdue(description: String(decoding: answer.body, as: UTF8.self)) }
        let resident = try Wire.decode(Service.self, from: answer.body).memory.residentBytes ?? .max
        return 1 - Double(resident) / Double(memory << 20)
    }

    // MARK: More than fits

    private func measureFullHouse(_ docker: Dockerd) async throws {
        let cgroup = "/sys/fs/cgroup/memory/svcd-bench"
        guard mkdir(cgroup, 0o755) == 0 || errno == EEXIST else {
            print("\nno cgroup v1 for memory here: ten services in the memory of three are left out")
            return
        }
        defer { rmdir(cgroup) }
        let size = memory / 4
        let names = (0..<10).map { "h\($0)" }
        func write(_ file: String, _ text: String) throws {
            try text.write(toFile: cgroup + "/" + file, atomically: false, encoding: .utf8)
        }
        try? write("memory.use_hierarchy", "1")
        try write("memory.limit_in_bytes", "\(size * 3 + size / 3)M")
        let daemon = try await TestDaemon(
            docker: docker.socket, services: names.map { "\($0): \(Self.settings)" }, isQuiet: true)
        defer { kill(daemon.pid, SIGTERM) }
        for name in names {
            try await docker.serve(name, mebibytes: size, options: ["--cgroup-parent", "/svcd-bench"])
            try await daemon.wait(name, is: "awake")
            try await eventually("it answers", within: .seconds(30)) { (try? await docker.ask(name, "/")) == "hello" }
            _ = try await daemon.send("POST", "/v1/services/\(name)/sleep?depth=reclaimed&force=true")
        }
        var row = Row(name: "each in turn, three times")
        var wrong = 0
        for _ in 0..<3 {
            for name in names {
                let client = try await Client(docker, name)
                try await row.time {
                    let answer = try await daemon.hook(name)
                    if answer.status != 200 { wrong += 1 }
                    try await client.touch(size / 10)
                }
                if try await docker.ask(name, "/check") != "ok" { wrong += 1 }
                _ = try await daemon.send("POST", "/v1/services/\(name)/sleep?depth=reclaimed&force=true")
            }
        }
        print("\nTen services of \(size) MiB in \(size * 3 + size / 3) MiB, hook to first answer, ms:\n")
        Row.print([row])
        let kills =
            try String(contentsOfFile: cgroup + "/memory.oom_control", encoding: .utf8)
            .split(separator: "\n").first { $0.hasPrefix("oom_kill ") } ?? "oom_kill unknown"
        let pressure = try String(contentsOfFile: "/proc/pressure/memory", encoding: .utf8)
        print(
            "wrong answers or bytes: \(wrong); \(kills); memory pressure of the host: \(pressure.prefix { $0 != "\n" })"
        )
        try await daemon.stop()
        try await docker.clear()
    }

    // MARK: Prefetch

    /// Everything goes to the swap file; what the last wake needed is asked for, or not.
    private func measurePrefetch(_ docker: Dockerd) async throws {
        try await docker.serve("svc", mebibytes: memory)
        try await eventually("it answers", within: .seconds(30)) { (try? await docker.ask("svc", "/")) == "hello" }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let engine = DockerEngine(socketPath: docker.socket, eventLoop: loop)
        try await engine.ping(within: .seconds(5))
        let host = KernelHost()
        let client = try await Client(docker, "svc")
        var rows = ["without prefetch", "with prefetch"].map { Row(name: $0) }
        let limit = Duration.seconds(10)
        for round in 0..<(samples + 1) {
            for index in rows.indices {
                try await engine.pause(id: "svc", within: limit)
                guard let container = try await engine.inspect(id: "svc", within: limit) else { return }
                _ = await host.reclaim(container, share: 1, order: HaltFlag())
                // What is on its way to the disk would be found in memory still.
                try await Task.sleep(for: .seconds(1))
                var row = rows[index]
                try await row.time {
                    if index == 1 { host.prefetch(container) }
                    try await engine.unpause(id: "svc", within: limit)
                    try await client.touch(touched)
                }
                if round > 0 { rows[index] = row }
                await host.learn(container)
            }
        }
        print("\nThaw and first answer from \(medium), \(touched) MiB of \(memory) MiB touched, ms:\n")
        Row.print(rows)
        try await docker.clear()
    }
}

/// Asks a service on its own address, on a connection that stays open.
private struct Client {
    private let connection: TCPConnection

    init(_ docker: Dockerd, _ name: String) async throws {
        connection = try TCPConnection(host: try await docker.address(name), port: 80)
    }

    func touch(_ mebibytes: Int) async throws {
        try connection.send("GET /touch/\(mebibytes) HTTP/1.1\r\n\r\n")
        guard try connection.receive().hasPrefix("HTTP/1.1 200") else { throw Overdue(description: "no answer") }
    }
}

/// What reading the meters of running containers costs.
struct Metering: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "svcd's own CPU with a hundred awake services whose network and CPU are read.")

    @Option(help: "Awake services.")
    var services = 100

    @Option(help: "Seconds to watch.")
    var seconds = 30

    func run() async throws {
        let docker = try Dockerd()
        try await docker.clear()
        let names = (0..<services).map { "s\($0)" }
        for name in names { try await docker.start(name) }
        let daemon = try await TestDaemon(
            docker: docker.socket, services: names.map { "\($0): {tier: on-demand, idle_after: 1h}" }, isQuiet: true)
        defer { kill(daemon.pid, SIGTERM) }
        for name in names { try await daemon.wait(name, is: "awake") }
        try await Task.sleep(for: .seconds(3))
        let before = Usage(daemon.pid)
        try await Task.sleep(for: .seconds(seconds))
        let after = Usage(daemon.pid)
        let share = (after.cpuSeconds - before.cpuSeconds) / Double(seconds) * 100
        print(
            "\(services) awake services, network and CPU read: \(Bench.digits(share, 3)) % of a core, "
                + "RSS \(after.residentKiB / 1024) MiB")
        try await daemon.stop()
        try await docker.clear()
    }
}
