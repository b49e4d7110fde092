import ArgumentParser
import Foundation
import LinuxHost
import SleepCore
import TestSupport

/// Waking by packets: what a client notices, and what it costs those who are awake.
struct Traffic: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A client whose service falls asleep again and again; throughput beside a thousand sleepers.")

    @Option(help: "Sleeps under the client's requests.")
    var rounds = 1000

    @Option(help: "Watched sleepers beside an awake container.")
    var sleepers = 1000

    @Option(help: "MiB of each download from it.")
    var mebibytes = 2048

    func run() async throws {
        let docker = try Dockerd()
        try await docker.clear()
        for freezer in ["cgroup", "docker"] { try await keepAsking(docker, freezer) }
        try await download(docker)
        try await docker.clear()
    }

    // MARK: A client that goes on

    private func keepAsking(_ docker: Dockerd, _ freezer: String) async throws {
        try await docker.serve("traffic")
        let daemon = try await TestDaemon(
            docker: docker.socket,
            services: [
                "traffic: {tier: on-demand, activity: [hook], min_awake: 0s, idle_after: 1h, freezer: \(freezer), "
                    + "wake_on: [hook, traffic]}"
            ], isQuiet: true)
        defer { kill(daemon.pid, SIGKILL) }
        try await daemon.wait("traffic", is: "awake")
        let client = Client(try await docker.address("traffic"))
        client.start()
        var (slept, refused) = (0, 0)
        while slept < rounds {
            // Refused where a request has come while it was about to sleep.
            switch try await daemon.send("POST", "/v1/services/traffic/sleep?force=true").status {
            case 200: slept += 1
            case 409: refused += 1
            case let status: throw Overdue(description: "sleep: \(status)")
            }
            do {
                try await eventually("a request wakes it") { try await daemon.state("traffic") == "awake" }
            } catch {
                let why = try await daemon.send("GET", "/v1/services/traffic/why").body
                print(
                    "after \(slept) sleeps: \(String(decoding: why, as: UTF8.self))\n\(client.progress)\n\(daemon.log)")
                throw error
            }
        }
        let spans = try client.stop()
        let late = spans.count { $0 > 1000 }
        print(
            "freezer: \(freezer), \(slept) sleeps (\(refused) refused, for use) under a client: "
                + "\(spans.count) requests, none lost, "
                + "\(late) over 1 s, longest \(Bench.digits(spans.max() ?? 0, 1)) ms")
        try await daemon.stop()
        try await docker.clear()
    }

    /// Requests on one connection, every tenth on a new one, up to 20 ms apart, so that they meet every moment of
    /// a sleep.
    private final class Client: @unchecked Sendable {
        // `spans` and `failure` are the thread's until `done` is signalled; `isOver` is a word that is set once.
        private let address: String
        private let done = DispatchSemaphore(value: 0)
        private var isOver = false
        private var spans: [Double] = []
        private var failure: (any Error)?

        init(_ address: String) { self.address = address }

        func start() { Thread.detachNewThread { self.run() } }

        private func run() {
            defer { done.signal() }
            do {
                var connection = try TCPConnection(host: address, port: 80)
                while !isOver {
                    let began = DispatchTime.now().uptimeNanoseconds
                    if spans.count % 10 == 9 {
                        connection.close()
                        connection = try TCPConnection(host: address, port: 80)
                    }
                    try connection.send("GET / HTTP/1.1\r\n\r\n")
                    guard try connection.receive().hasSuffix("hello") else { throw Overdue(description: "no hello") }
                    defer { usleep(.random(in: 0...20_000)) }
                    spans.append(Double(DispatchTime.now().uptimeNanoseconds - began) / 1e6)
                }
                connection.close()
            } catch {
                failure = error
            }
        }

        /// For whoever has to find out what went wrong.
        var progress: String { "\(spans.count) requests, \(failure.map { "\($0)" } ?? "no failure")" }

        /// Milliseconds of every request; throws if one was lost.
        func stop() throws -> [Double] {
            isOver = true
            done.wait()
            if let failure { throw failure }
            return spans
        }
    }

    // MARK: Who is awake

    private func download(_ docker: Dockerd) async throws {
        try await docker.serve("awake")
        let address = try await docker.address("awake")
        let bridge = try String(contentsOfFile: docker.directory + "/bridge", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let pids = try await Self.networks(sleepers, on: bridge)
        defer { for pid in pids { kill(pid, SIGKILL) } }
        let host = KernelHost()
        var rates: [[Double]] = [[], []]
        var arming: [Double] = []
        for _ in 0..<5 {
            rates[0].append(try Self.rate(address, mebibytes))
            var watches: [AnyObject] = []
            for (index, pid) in pids.enumerated() {
                let began = DispatchTime.now().uptimeNanoseconds
                guard case .watching(let watch) = host.watchTraffic(Self.sleeper(index, pid), ignoring: [], {}) else {
                    throw Overdue(description: "a sleeper can't be watched")
                }
                arming.append(Double(DispatchTime.now().uptimeNanoseconds - began) / 1e6)
                watches.append(watch)
            }
            rates[1].append(try Self.rate(address, mebibytes))
            withExtendedLifetime(watches) {}
        }
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let (without, with) = (median(rates[0]), median(rates[1]))
        print("\n\(mebibytes) MiB from an awake container, medians of 5 in turn")
        print("without sleepers     \(Int(without)) MiB/s")
        print("with \(sleepers) watched  \(Int(with)) MiB/s, ratio \(Bench.digits(with / without, 3))")
        print("beginning to watch one takes \(Bench.digits(median(arming), 3)) ms")
    }

    private static func rate(_ address: String, _ mebibytes: Int) throws -> Double {
        let connection = try TCPConnection(host: address, port: 80)
        defer { connection.close() }
        try connection.send("GET /bulk/\(mebibytes) HTTP/1.1\r\n\r\n")
        let began = DispatchTime.now().uptimeNanoseconds
        var left = mebibytes << 20
        while left > 0 { left -= try connection.discard() }
        return Double(mebibytes) / (Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9)
    }

    private static func sleeper(_ index: Int, _ pid: Int32) -> Container {
        var details = Container.Details()
        details.addresses = ["10.99.\(index / 250).\(index % 250 + 1)"]
        var container = Container(id: "sleeper\(index)", name: "sleeper\(index)", status: .running, pid: Int(pid))
        container.details = details
        return container
    }

    /// Processes that do nothing, each in a network of its own with a link to the bridge, as Docker makes them.
    private static func networks(_ count: Int, on bridge: String) async throws -> [Int32] {
        let script = """
            # Foundation waits until nobody holds the descriptors that it has passed on.
            for fd in /proc/self/fd/*; do
                [ "${fd##*/}" -le 2 ] || eval "exec ${fd##*/}>&-"
            done
            for i in $(seq \(count)); do
                unshare --net --mount sh -c 'mount -t sysfs sysfs /sys; exec sleep 100000' >/dev/null 2>&1 </dev/null &
                echo $!
            done
            i=0
            for pid in $(jobs -p); do
                i=$((i + 1))
                until [ "$(cat /proc/$pid/comm)" = sleep ]; do sleep 0.01; done
                ip link add svcdb$i type veth peer name eth0 netns $pid
                ip link set svcdb$i master \(bridge) up
                nsenter -t $pid -n ip link set eth0 up
            done
            """
        let result = try await Shell.run(["bash", "-c", script])
        guard result.status == 0 else { throw Overdue(description: result.errors) }
        return result.output.split(separator: "\n").compactMap { Int32($0) }
    }
}
