internal import SleepCore

/// Bytes that come and go in the container's network namespace (proc(5), /proc/PID/net/dev).
///
/// Device counters know no sources; where some are to be ignored, a packet socket counts the packets of the others.
struct NetworkSensor: ActivitySensor {
    /// Of all devices, both ways.
    struct Total: Equatable {
        var bytes = 0
        var packets = 0
    }

    let unreadable: String?
    private let floorBytesPerSecond: Double
    /// Null: they can't be read.
    private let counters: CounterFile?
    /// Null: every packet counts.
    private let peers: PeerFilter?
    private var last: (at: Instant, total: Total)?
    private var buffer: [UInt8] = []

    init(_ subject: Metered) {
        let ignored = subject.settings.ignoreSources
        let path = subject.process("net/dev")
        let hindrance = subject.networkHindrance
        let counters = hindrance == nil ? CounterFile(path) : nil
        let isFiltered = counters != nil && !ignored.isEmpty
        let peers = isFiltered ? PeerFilter(pid: subject.container.pid, ignoring: ignored, proc: subject.proc) : nil
        if let hindrance {
            unreadable = hindrance
        } else if counters == nil {
            unreadable = "\(path) can't be read"
        } else if isFiltered, peers == nil {
            unreadable = "ignore_sources needs CAP_SYS_ADMIN and CAP_NET_RAW to tell sources apart"
        } else {
            unreadable = nil
        }
        floorBytesPerSecond = Double(subject.settings.networkFloorBytesPerSecond)
        self.counters = counters
        self.peers = peers
        if counters != nil { buffer = [UInt8](repeating: 0, count: 8192) }
    }

    mutating func read(_ now: Instant, _ reading: inout ActivityReading) {
        guard let counters else { return }
        guard let text = counters.read(into: &buffer) else {
            reading.unreadable = reading.unreadable ?? "its network counters are gone"
            return
        }
        let total = Self.sum(devices: text)
        let counted = peers?.count()
        defer { last = (now, total) }
        guard let last, total.bytes >= last.total.bytes else { return }
        var bytes = total.bytes - last.total.bytes
        if let counted {
            // The share of packets stands for the share of bytes: only packets can be told apart.
            let packets = max(total.packets - last.total.packets, 1)
            bytes = packets.dividingFullWidth(bytes.multipliedFullWidth(by: min(counted, packets))).quotient
        }
        reading.networkBytes = bytes
        let seconds = max((now - last.at).fractionalSeconds, 0.001)
        let rate = Double(bytes) / seconds
        guard bytes > 0, Double(bytes) >= floorBytesPerSecond * seconds else { return }
        reading.use = reading.use ?? Self.text(rate)
    }

    private static func text(_ bytesPerSecond: Double) -> String {
        let kibibytes = bytesPerSecond / 1024
        return kibibytes < 1024
            ? "\(Int(kibibytes)) KiB/s of traffic" : "\(Int(kibibytes / 1024)) MiB/s of traffic"
    }

    /// All but the loopback device. A line is `name: bytes packets` and six more, received; then the same, sent.
    static func sum(devices text: ArraySlice<UInt8>) -> Total {
        var sum = Total()
        for line in text.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            if line[..<colon].drop(while: { $0 == UInt8(ascii: " ") }).elementsEqual("lo".utf8) { continue }
            let numbers = line[(colon + 1)...].split(separator: UInt8(ascii: " ")).map(number)
            guard numbers.count >= 10 else { continue }
            sum.bytes = sum.bytes.addingUpToMost(numbers[0]).addingUpToMost(numbers[8])
            sum.packets = sum.packets.addingUpToMost(numbers[1]).addingUpToMost(numbers[9])
        }
        return sum
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int {
        var number = 0
        for digit in digits where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            number.append(digit: digit)
        }
        return number
    }
}
