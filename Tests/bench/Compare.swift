import ArgumentParser
import Foundation
import NIOPosix
import TestSupport
import UnixHTTP

/// Two builds of svcd, side by side: what one of them takes longer for, and whether it is larger.
struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Latencies and memory of two builds of svcd, in alternating rounds on the same containers.")

    @Argument(help: "The svcd to compare with.", transform: { URL(fileURLWithPath: $0).path })
    var old: String

    @Argument(help: "The svcd to judge.", transform: { URL(fileURLWithPath: $0).path })
    var new: String

    @Option(help: "Rounds; each measures both, and the next one in the other order.")
    var rounds = 12

    @Option(help: "Wakes of each freezer a round.")
    var wakes = 60

    @Option(help: "Awake hooks a round.")
    var hooks = 20_000

    @Option(help: "How often the memory of each is read.")
    var readings = 5

    private static let services = ["warm", "docker", "cgroup"]

    func run() async throws {
        let docker = try Dockerd()
        try await docker.clear()
        for name in Self.services { try await docker.start(name) }
        var ratios = ["awake hook", "wake, freezer: docker", "wake, freezer: cgroup"].map { Ratios(name: $0) }
        for round in 0..<rounds {
            var rows: [Build: [Row]] = [:]
            for build in Build.inTurn(round) { rows[build] = try await measure(program(build), docker) }
            for (index, (before, after)) in zip(rows[.old] ?? [], rows[.new] ?? []).enumerated() {
                ratios[index].add(before, after)
            }
        }
        print("new/old of each round, the middle one of \(rounds) rounds (the lowest … the highest)\n")
        for ratio in ratios { ratio.print() }
        try await compareMemory(docker)
        try await docker.clear()
    }

    private func program(_ build: Build) -> String { build == .old ? old : new }

    private func measure(_ program: String, _ docker: Dockerd) async throws -> [Row] {
        let settings = "tier: on-demand, activity: [hook], wake_on: [hook], min_awake: 0s, idle_after: 1h"
        let daemon = try await TestDaemon(
            docker: docker.socket,
            services: Self.services.map { "\($0): {\(settings), freezer: \($0 == "cgroup" ? "cgroup" : "docker")}" },
            isQuiet: true, program: program)
        defer { kill(daemon.pid, SIGKILL) }
        for name in Self.services { try await daemon.wait(name, is: "awake") }
        let connection = try RawConnection(daemon.hookPath)
        defer { connection.close() }
        func hook(_ service: String) throws {
            try connection.send("GET /hook/\(service) HTTP/1.1\r\nHost: svcd\r\n\r\n")
            guard try connection.receive().hasPrefix("HTTP/1.1 200") else {
                throw Overdue(description: "hook \(service)")
            }
        }
        var rows = Self.services.map { Row(name: $0) }
        for _ in 0..<hooks / 5 { try hook("warm") }
        for _ in 0..<hooks { try rows[0].timeBlocking { try hook("warm") } }
        for _ in 0..<wakes {
            for (index, name) in Self.services.enumerated().dropFirst() {
                try await daemon.sleep(name)
                try rows[index].timeBlocking { try hook(name) }
            }
        }
        try await daemon.stop()
        return rows
    }

    private func compareMemory(_ docker: Dockerd) async throws {
        let names = (0..<10).map { "s\($0)" }
        for name in names { try await docker.start(name) }
        var readings: [Build: [Int]] = [:]
        for round in 0..<self.readings {
            for build in Build.inTurn(round) {
                let daemon = try await TestDaemon(
                    docker: docker.socket, services: names.map { "\($0): {tier: on-demand, idle_after: 1h}" },
                    isQuiet: true, program: program(build))
                defer { kill(daemon.pid, SIGKILL) }
                for name in names { try await daemon.wait(name, is: "awake") }
                for name in names { try await daemon.sleep(name) }
                for name in names { _ = try await daemon.hook(name) }
                try await Task.sleep(for: .seconds(3))
                readings[build, default: []].append(Usage(daemon.pid).residentKiB)
                try await daemon.stop()
            }
        }
        func middle(_ build: Build) -> Int { (readings[build] ?? []).sorted()[self.readings / 2] }
        print("\nRSS with ten services, the middle one of \(self.readings): \(middle(.old)) KiB, \(middle(.new)) KiB,")
        print("\(Bench.digits(Double(middle(.new) - middle(.old)) / 1024, 2)) MiB more")
    }
}

private enum Build {
    case old, new

    /// The second one finds a warmer machine, so they take turns at that.
    static func inTurn(_ round: Int) -> [Build] { round.isMultiple(of: 2) ? [.old, .new] : [.new, .old] }
}

/// How two builds compare in each round.
private struct Ratios {
    var name: String
    private var percentiles: [Double: [Double]] = [:]

    init(name: String) { self.name = name }

    mutating func add(_ before: Row, _ after: Row) {
        for percent in [50.0, 95] {
            let ratio = after.percentile(percent).value / before.percentile(percent).value
            percentiles[percent, default: []].append(ratio)
        }
    }

    func print() {
        var line = name.padding(toLength: 24, withPad: " ", startingAt: 0)
        for (percent, ratios) in percentiles.sorted(by: { $0.key < $1.key }) {
            let sorted = ratios.sorted()
            let middle = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
            let ends = [sorted.first, sorted.last].map { Bench.digits($0 ?? 0, 3) }.joined(separator: " … ")
            line += "p\(Int(percent)) \(Bench.digits(middle, 3)) (\(ends))   "
        }
        Swift.print(line)
    }
}
