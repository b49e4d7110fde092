internal import SleepCore

/// What tells whether the containers of one service are in use; none are open while nobody reads them.
struct Meters {
    /// A meter and the process it was opened for: PIDs change when a container restarts.
    private struct Metered {
        var pid: Int
        /// Null: nothing can be read, and there is no use in trying again with this process.
        var meter: (any ActivityMeter)?
    }

    private var open: [String: Metered] = [:]

    var isEmpty: Bool { open.isEmpty }

    mutating func close() { open = [:] }

    struct Sample: Equatable {
        var reading = ActivityReading()
        /// Listings don't tell PIDs: a look must.
        var lacksPID = false
    }

    /// Reads those of the containers that run, opening what isn't open.
    mutating func sample(
        _ containers: [Container], _ settings: Settings, _ host: any ActivityHost, _ now: Instant
    ) -> Sample {
        var sample = Sample()
        if !open.keys.allSatisfy({ id in containers.contains { $0.id == id } }) {
            open = open.filter { id, _ in containers.contains { $0.id == id } }
        }
        for container in containers where container.status == .running {
            guard container.pid > 0 else {
                sample.reading.unreadable = "its process is not known yet"
                sample.lacksPID = true
                continue
            }
            if open[container.id]?.pid != container.pid {
                open[container.id] = Metered(pid: container.pid, meter: host.meter(container, settings))
            }
            guard let meter = open[container.id]?.meter else {
                sample.reading.unreadable = "its processes can't be seen from here"
                continue
            }
            let reading = meter.read(now: now)
            sample.reading.use = sample.reading.use ?? reading.use
            sample.reading.unreadable = sample.reading.unreadable ?? reading.unreadable
        }
        return sample
    }

    /// Reads what is open once more; the bytes are those of all together since the last reading.
    func read(_ now: Instant) -> ActivityReading {
        var sum = ActivityReading()
        for metered in open.values {
            guard let reading = metered.meter?.read(now: now) else { continue }
            sum.use = sum.use ?? reading.use
            sum.networkBytes += reading.networkBytes
        }
        return sum
    }
}
