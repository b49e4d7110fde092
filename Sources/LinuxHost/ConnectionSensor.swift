internal import SleepCore

/// Established connections to ports that the container listens on (proc(5), /proc/PID/net/tcp).
struct ConnectionSensor: ActivitySensor {
    let unreadable: String?
    private let pid: Int
    private let proc: String
    private let ignored: [AddressBlock]

    init(_ subject: Metered) {
        unreadable = subject.networkHindrance
        pid = subject.container.pid
        proc = subject.proc
        ignored = subject.settings.ignoreSources
    }

    /// The table is long where there are many connections, so it is read only where no other use was found.
    func read(_ now: Instant, _ reading: inout ActivityReading) {
        guard reading.use == nil else { return }
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
