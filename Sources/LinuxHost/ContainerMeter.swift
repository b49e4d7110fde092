internal import SleepCore
internal import Synchronization

/// Tells whether a container is in use, from counters that the kernel keeps anyway.
final class ContainerMeter: ActivityMeter {
    /// What reads which signal, in the order in which they are asked: the first that finds use names it. Hooks are
    /// counted where they come in. A new signal is its case, a file like `CPUSensor.swift` and a row here.
    static let table: KeyValuePairs<ActivitySignal, any ActivitySensor.Type> = [
        .network: NetworkSensor.self,
        .cpu: CPUSensor.self,
        .connections: ConnectionSensor.self,
    ]

    private let unreadable: String?
    private let sensors: Mutex<[any ActivitySensor]>

    /// Null: there is no such process.
    init?(_ container: Container, _ settings: Settings, proc: String, cgroupRoot: String) {
        guard let paths = CgroupPaths(of: container, proc: proc) else { return nil }
        let subject = Metered(
            container: container, settings: settings, paths: paths, proc: proc, cgroupRoot: cgroupRoot)
        let sensors = Self.table.filter { settings.activity.contains($0.key) }.map { $0.value.init(subject) }
        var reasons: [String] = []
        for sensor in sensors {
            if let reason = sensor.unreadable, !reasons.contains(reason) { reasons.append(reason) }
        }
        unreadable = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
        self.sensors = Mutex(sensors)
    }

    func read(now: Instant) -> ActivityReading {
        sensors.withLock { sensors in
            var reading = ActivityReading(unreadable: unreadable)
            for index in sensors.indices { sensors[index].read(now, &reading) }
            return reading
        }
    }
}
