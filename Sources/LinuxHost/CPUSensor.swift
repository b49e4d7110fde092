internal import SleepCore

/// CPU time of the container's cgroup: `cpuacct.usage` of version 1, `cpu.stat` of version 2.
struct CPUSensor: ActivitySensor {
    /// CPU is averaged over so long, or over the idle time where that is shorter: a health check now and then
    /// is a burst, not use.
    private static let longestWindow = Duration.seconds(10)
    /// Of either file only the first line is read.
    private static let lineBytes = 128

    private let counter: CounterFile?
    private let isV2: Bool
    private let window: Duration
    /// Share of one core.
    private let floor: Double
    /// CPU time by instant, the oldest first, as far back as the window reaches.
    private var samples: [(at: Instant, used: Duration)] = []
    private var buffer = [UInt8](repeating: 0, count: lineBytes)

    init(_ subject: Metered) {
        let v1 = subject.paths.v1["cpuacct"].flatMap {
            CounterFile("\(subject.cgroupRoot)/cpuacct\($0)/cpuacct.usage")
        }
        isV2 = v1 == nil
        counter = v1 ?? subject.paths.v2.flatMap { CounterFile("\(subject.cgroupRoot)\($0)/cpu.stat") }
        window = min(Self.longestWindow, subject.settings.idleAfter)
        floor = subject.settings.cpuFloor
    }

    var unreadable: String? { counter == nil ? "its CPU time can't be read" : nil }

    mutating func read(_ now: Instant, _ reading: inout ActivityReading) {
        guard let counter else { return }
        guard let used = counter.read(into: &buffer).flatMap({ [isV2] in Self.time($0, isV2: isV2) }) else {
            reading.unreadable = reading.unreadable ?? "its CPU time is gone"
            return
        }
        // The oldest that is kept is the youngest that is at least the window old.
        while samples.count > 1, now - samples[1].at >= window { samples.removeFirst() }
        defer { samples.append((now, used)) }
        guard let oldest = samples.first, now > oldest.at, now - oldest.at >= window / 2 else { return }
        let share = (used - oldest.used).fractionalSeconds / (now - oldest.at).fractionalSeconds
        guard share > 0, share >= floor else { return }
        reading.use = reading.use ?? "\(Int((share * 100).rounded())) % of a core"
    }

    /// `usage_usec` is the first line of `cpu.stat`; `cpuacct.usage` is one number, in nanoseconds.
    static func time(_ text: ArraySlice<UInt8>, isV2: Bool) -> Duration? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let line = text.prefix { $0 != UInt8(ascii: "\n") }
        let number = line.drop { !digits.contains($0) }.prefix { digits.contains($0) }
        guard !number.isEmpty else { return nil }
        var value = 0
        for digit in number { value.append(digit: digit) }
        return isV2 ? .microseconds(value) : .nanoseconds(value)
    }
}
