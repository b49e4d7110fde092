import ArgumentParser
import ControlTypes
import DockerEngine
import Foundation
import NIOPosix
import SleepCore
import TestSupport

/// svcd's own memory and CPU as the number of services grows. Docker is a stub on a real socket.
struct Scale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "svcd's own RSS and CPU with 10, 100, 1,000 and 10,000 services, and the growth per service.")

    @Option(help: "Seconds to watch each.")
    var seconds = 20

    @Option(help: "How many services.")
    var counts = [10, 100, 1000, 10_000]

    func run() async throws {
        var rows: [(count: Int, residentKiB: Int)] = []
        print("services   RSS MiB (anonymous)   idle CPU % of a core   context switches a second   awake hook p50, ms")
        for count in counts {
            let stub = try await StubServer { Self.answer($0, count) }
            let services = (0..<count).map { "s\($0): {tier: on-demand, activity: [hook]}" }
            let daemon = try await TestDaemon(docker: stub.path, services: services, isQuiet: true)
            defer { kill(daemon.pid, SIGKILL) }
            try await eventually("all are known", within: .seconds(120)) {
                try await daemon.state("s\(count - 1)") == "awake"
            }
            // The looks after the listing, too.
            try await Task.sleep(for: .seconds(5 + count / 500))
            let before = Usage(daemon.pid)
            try await Task.sleep(for: .seconds(seconds))
            let after = Usage(daemon.pid)
            let share = (after.cpuSeconds - before.cpuSeconds) / Double(seconds) * 100
            let switches = Double(after.switches(since: before)) / Double(seconds)
            func mebibytes(_ kibibytes: Int) -> String { Bench.digits(Double(kibibytes) / 1024, 1) }
            print(
                "\(count)\t   \(mebibytes(after.residentKiB)) (\(mebibytes(after.anonymousKiB)))\t\t"
                    + "\(Bench.digits(share, 3))\t\t       \(Bench.digits(switches, 2))\t\t\t  "
                    + Bench.digits(try Self.hookLatency(daemon, count), 4))
            rows.append((count, after.residentKiB))
            try await daemon.stop(SIGKILL)
            try await stub.close()
        }
        if let first = rows.first, let last = rows.last {
            let growth = Double(last.residentKiB - first.residentKiB) / Double(last.count - first.count)
            print("growth: \(Bench.digits(growth, 2)) KiB per service")
        }
    }

    /// Of hooks for services picked at random, over one connection.
    private static func hookLatency(_ daemon: TestDaemon, _ count: Int) throws -> Double {
        let connection = try RawConnection(daemon.hookPath)
        defer { connection.close() }
        var row = Row(name: "")
        for _ in 0..<20_000 {
            try row.timeBlocking {
                try connection.send("GET /hook/s\(Int.random(in: 0..<count)) HTTP/1.1\r\nHost: svcd\r\n\r\n")
                guard try connection.receive().hasPrefix("HTTP/1.1 200") else { throw Overdue(description: "no 200") }
            }
        }
        return row.percentile(50).value
    }

    /// What an engine says of that many running containers.
    static func answer(_ request: String, _ count: Int) -> StubServer.Answer {
        if request.hasPrefix("GET /_ping") { return .json(200, "OK", ["Api-Version": "1.41"]) }
        if request.contains("/events?") { return .stream([]) }
        if request.contains("/containers/json") {
            let entries = (0..<count).map {
                #"{"Id":"\#(id($0))","Names":["/s\#($0)"],"Image":"image","State":"running","Labels":{}}"#
            }
            return .json(200, "[" + entries.joined(separator: ",") + "]")
        }
        let name = request.split(separator: "/").dropFirst(3).first.map(String.init) ?? ""
        guard let number = Int(name.drop { $0 == "s" }) ?? numbers(name) else { return .json(404, "{}") }
        return .json(
            200,
            #"{"Id":"\#(id(number))","Name":"/s\#(number)","State":{"Status":"running","Pid":0},"#
                + #""Config":{"Image":"image"}}"#
        )
    }

    private static func id(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: 64 - text.count) + text
    }

    private static func numbers(_ id: String) -> Int? { id.count == 64 ? Int(id) : nil }
}

/// Fifty sleepers that are needed at once.
struct Storm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fifty hooks at once for fifty sleepers, by each freezer, next to fifty raw unpauses at once.")

    @Option(help: "Sleepers.")
    var sleepers = 50

    @Option(help: "Storms of each kind.")
    var rounds = 10

    func run() async throws {
        let docker = try Dockerd()
        try await docker.clear()
        let names = (0..<sleepers).map { "s\($0)" }
        for name in names { try await docker.start(name) }
        let engine = DockerEngine(
            socketPath: docker.socket, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        try await engine.ping(within: .seconds(5))
        var rows: [Row] = []
        for freezer in ["docker", "cgroup"] {
            let services = names.map {
                "\($0): {tier: on-demand, activity: [hook], min_awake: 0s, idle_after: 1h, freezer: \(freezer)}"
            }
            let daemon = try await TestDaemon(
                docker: docker.socket, services: services, top: "max_concurrent_wakes: 16", isQuiet: true)
            defer { kill(daemon.pid, SIGKILL) }
            for name in names { try await daemon.wait(name, is: "awake") }
            var raw = Row(name: "raw unpauses, the last")
            var (first, last) = (Row(name: "\(freezer): first"), Row(name: "\(freezer): last"))
            var failed = 0
            for _ in 0..<rounds {
                if freezer == "docker" { raw.samples.append(try await Self.unpauseAll(names, engine, daemon)) }
                for name in names { try await daemon.sleep(name) }
                let spans = try await withThrowingTaskGroup(of: (Int, Double).self) { group in
                    for name in names {
                        group.addTask {
                            let answer = try await daemon.hook(name)
                            return (answer.status, answer.elapsed.fractionalSeconds * 1000)
                        }
                    }
                    var spans: [Double] = []
                    for try await (status, span) in group {
                        if status != 200 { failed += 1 }
                        spans.append(span)
                    }
                    return spans.sorted()
                }
                first.samples.append(spans[0])
                last.samples.append(spans[spans.count - 1])
            }
            print("freezer: \(freezer): \(rounds) storms of \(sleepers) hooks, \(failed) failed")
            rows += freezer == "docker" ? [raw, first, last] : [first, last]
            try await daemon.stop()
        }
        print("\nmilliseconds; ratios to raw unpauses\n")
        Row.print(rows)
        try await docker.clear()
    }

    /// Milliseconds until the last of them runs, without svcd.
    private static func unpauseAll(
        _ names: [String], _ engine: DockerEngine, _ daemon: TestDaemon
    ) async throws -> Double {
        // Somebody else's pauses and unpauses, as far as this svcd is concerned.
        for name in names { try await engine.pause(id: name, within: .seconds(10)) }
        var row = Row(name: "")
        try await row.time {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names { group.addTask { try await engine.unpause(id: name, within: .seconds(30)) } }
                try await group.waitForAll()
            }
        }
        for name in names { try await daemon.wait(name, is: "awake") }
        return row.samples[0]
    }
}
