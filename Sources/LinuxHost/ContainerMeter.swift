internal import Libc
internal import SleepCore
internal import Synchronization

/// Tells whether a container is in use, from counters that the kernel keeps anyway.
///
/// The files stay open between readings: a reading is two or three reads of some hundred bytes.
final class ContainerMeter: ActivityMeter {
    /// CPU is averaged over so long, or over the idle time where that is shorter: a health check now and then
    /// is a burst, not use.
    private static let longestCPUWindow = Duration.seconds(10)

    private struct State {
        var last: (at: Instant, bytes: Int, packets: Int)?
        /// CPU time by instant, the oldest first, as far back as the window reaches.
        var cpu: [(at: Instant, used: Duration)] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
    }

    private let pid: Int
    private let proc: String
    private let settings: Settings
    private let ignored: [AddressBlock]
    private let cpuWindow: Duration
    /// Null: not asked for.
    private let network: OpenFile?
    private let cpu: (file: OpenFile, isV2: Bool)?
    private let peers: PeerFilter?
    private let unreadable: String?
    private let state = Mutex(State())

    /// Null: there is no such process.
    init?(_ container: Container, _ settings: Settings, proc: String, cgroupRoot: String) {
        guard let paths = CgroupPaths(of: container, proc: proc) else { return nil }
        pid = container.pid
        self.proc = proc
        self.settings = settings
        ignored = settings.ignoreSources
        cpuWindow = min(Self.longestCPUWindow, settings.idleAfter)
        var reasons: [String] = []
        let signals = settings.activity
        let mode = container.details?.network ?? "bridge"
        let hasOwnNetwork = mode != "host" && !mode.hasPrefix("container:")
        if !signals.isDisjoint(with: [.network, .connections]), !hasOwnNetwork {
            reasons.append("it has no network of its own (\(mode)), so its traffic can't be told from others'")
        }
        network = signals.contains(.network) && hasOwnNetwork ? OpenFile("\(proc)/\(pid)/net/dev") : nil
        if signals.contains(.network), hasOwnNetwork, network == nil {
            reasons.append("\(proc)/\(pid)/net/dev can't be read")
        }
        var peers: PeerFilter?
        if network != nil, !ignored.isEmpty {
            peers = PeerFilter(pid: pid, ignoring: ignored, proc: proc)
            if peers == nil {
                reasons.append("ignore_sources needs CAP_SYS_ADMIN and CAP_NET_RAW to tell sources apart")
            }
        }
        self.peers = peers
        if signals.contains(.cpu) {
            let v1 = paths.v1["cpuacct"].flatMap { OpenFile("\(cgroupRoot)/cpuacct\($0)/cpuacct.usage") }
            let v2 = paths.v2.flatMap { OpenFile("\(cgroupRoot)\($0)/cpu.stat") }
            cpu = v1.map { ($0, false) } ?? v2.map { ($0, true) }
            if cpu == nil { reasons.append("its CPU time can't be read") }
        } else {
            cpu = nil
        }
        unreadable = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }

    func read(now: Instant) -> ActivityReading {
        state.withLock { state in
            var reading = ActivityReading(unreadable: unreadable)
            readNetwork(&state, now, &reading)
            readCPU(&state, now, &reading)
            if reading.use == nil, settings.activity.contains(.connections) { readConnections(&reading) }
            return reading
        }
    }

    // MARK: Network

    private func readNetwork(_ state: inout State, _ now: Instant, _ reading: inout ActivityReading) {
        guard let network else { return }
        let length = network.read(into: &state.buffer)
        guard length > 0 else {
            reading.unreadable = reading.unreadable ?? "its network counters are gone"
            return
        }
        let total = Self.sum(devices: state.buffer[..<length])
        let counted = peers?.count()
        defer { state.last = (now, total.bytes, total.packets) }
        guard let last = state.last, total.bytes >= last.bytes else { return }
        var bytes = total.bytes - last.bytes
        if let counted {
            // The share of packets stands for the share of bytes: only packets can be told apart.
            let packets = max(total.packets - last.packets, 1)
            bytes = bytes * min(counted, packets) / packets
        }
        reading.networkBytes = bytes
        let seconds = max((now - last.at).fractionalSeconds, 0.001)
        guard bytes > 0, Double(bytes) >= Double(settings.networkFloorBytesPerSecond) * seconds else { return }
        let rate = Double(bytes) / seconds
        reading.use =
            rate < 1024 * 1024
            ? "\(Int(rate / 1024 * 10) / 10) KiB/s of traffic" : "\(Int(rate) >> 20) MiB/s of traffic"
    }

    /// Bytes and packets of all devices but the loopback one, both ways (proc(5), /proc/net/dev).
    static func sum(devices text: ArraySlice<UInt8>) -> (bytes: Int, packets: Int) {
        var sum = (bytes: 0, packets: 0)
        var position = text.startIndex
        while position < text.endIndex {
            let end = text[position...].firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
            let line = text[position..<end]
            position = end + 1
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = line[..<colon].drop { $0 == UInt8(ascii: " ") }
            if name.elementsEqual("lo".utf8) { continue }
            var column = 0
            var number = 0
            var isInNumber = false
            for byte in line[(colon + 1)...] + [UInt8(ascii: " ")] {
                if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                    number = number &* 10 &+ Int(byte - UInt8(ascii: "0"))
                    isInNumber = true
                } else if isInNumber {
                    switch column {
                    case 0, 8: sum.bytes += number
                    case 1, 9: sum.packets += number
                    default: break
                    }
                    column += 1
                    number = 0
                    isInNumber = false
                }
            }
        }
        return sum
    }

    // MARK: CPU

    private func readCPU(_ state: inout State, _ now: Instant, _ reading: inout ActivityReading) {
        guard let cpu else { return }
        let length = cpu.file.read(into: &state.buffer)
        guard length > 0, let used = Self.cpuTime(state.buffer[..<length], isV2: cpu.isV2) else {
            reading.unreadable = reading.unreadable ?? "its CPU time is gone"
            return
        }
        // The oldest that is kept is the youngest that is at least the window old.
        while state.cpu.count > 1, now - state.cpu[1].at >= cpuWindow { state.cpu.removeFirst() }
        defer { state.cpu.append((now, used)) }
        guard let oldest = state.cpu.first, now - oldest.at >= cpuWindow / 2 else { return }
        let share = (used - oldest.used).fractionalSeconds / (now - oldest.at).fractionalSeconds
        if share > 0, share >= settings.cpuFloor {
            reading.use = reading.use ?? "\(Int((share * 100).rounded())) % of a core"
        }
    }

    static func cpuTime(_ text: ArraySlice<UInt8>, isV2: Bool) -> Duration? {
        // usage_usec is the first line of cpu.stat; cpuacct.usage is one number, in nanoseconds.
        let line = text.prefix { $0 != UInt8(ascii: "\n") }
        let digits = line.drop { $0 < UInt8(ascii: "0") || $0 > UInt8(ascii: "9") }
        var number: Int64 = 0
        guard !digits.isEmpty else { return nil }
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { break }
            number = number &* 10 &+ Int64(digit - UInt8(ascii: "0"))
        }
        return isV2 ? .microseconds(number) : .nanoseconds(number)
    }

    // MARK: Connections

    private func readConnections(_ reading: inout ActivityReading) {
        guard let table = SocketTable(of: pid, proc: proc, files: ["tcp", "tcp6"]) else {
            reading.unreadable = reading.unreadable ?? "its connections can't be read"
            return
        }
        var counts: [IPAddress: Int] = [:]
        for peer in table.inboundPeers where !ignored.contains(where: { $0.contains(peer) }) {
            counts[peer, default: 0] += 1
        }
        guard let most = counts.max(by: { $0.value < $1.value }) else { return }
        let others = counts.values.reduce(0, +) - most.value
        reading.use =
            "\(most.value) connection\(most.value == 1 ? "" : "s") from \(most.key)"
            + (others == 0 ? "" : " and \(others) more")
    }
}

/// A file of the kernel that is read again and again from its beginning.
private final class OpenFile: Sendable {
    private let descriptor: CInt

    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// How many bytes there were, at most the buffer's size; below 1: it can't be read.
    func read(into buffer: inout [UInt8]) -> Int {
        buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    }
}
