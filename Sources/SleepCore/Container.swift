/// What a container is, as Docker and, where it can be asked, the kernel say.
package struct Container: Sendable, Equatable {
    package enum Status: Sendable, Equatable {
        case running
        case paused
        /// Created, exited or dead.
        case down
    }

    /// The full id: ownership goes by it, never by the name.
    package var id: String
    package var name: String
    package var image: String
    package var status: Status
    /// Docker's own word: running, paused, exited, created, dead, restarting, removing.
    package var dockerStatus: String
    /// Host PID of its init process; 0 when it has none or nobody asked.
    package var pid: Int

    package init(
        id: String, name: String, image: String = "", status: Status, dockerStatus: String? = nil, pid: Int = 0
    ) {
        self.id = id
        self.name = name
        self.image = image
        self.status = status
        self.dockerStatus = dockerStatus ?? (status == .running ? "running" : status == .paused ? "paused" : "exited")
        self.pid = pid
    }
}

/// How far asleep a service is.
package enum Depth: String, Sendable, CaseIterable, Codable { case frozen, reclaimed, stopped }

/// What caused a transition.
package enum Trigger: String, Sendable, CaseIterable, Codable {
    case hook, traffic, `operator`, lease, idle, pressure, dependency, external, recovery
}

/// The state that people see.
package enum ServiceState: String, Sendable, CaseIterable, Codable {
    case awake
    case fallingAsleep = "falling-asleep"
    case asleep, waking, held, down, absent, ambiguous, failed, unknown
}
