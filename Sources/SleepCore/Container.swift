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
    /// Host PID of its init process; 0 when it has none or wasn't asked for.
    package var pid: Int
    /// Null where only a listing was asked.
    package var details: Details?
    /// svcd's own sleeper by the kernel's freezer, which was paused through Docker as well.
    package var isPausedTwice = false

    /// What only a look at the container itself tells.
    package struct Details: Sendable, Equatable {
        /// Its own addresses, IPv4 first.
        package var addresses: [String] = []
        /// Where a TCP port of it is published on this host.
        package var published: [Int: HostPort] = [:]
        package var network = "bridge"
        /// starting, healthy or unhealthy; null: it has no HEALTHCHECK.
        package var health: String?
        /// Docker removes it as soon as it stops (`--rm`).
        package var isRemovedOnStop = false
        /// Ids of commands that run in it by `exec`.
        package var execs: [String] = []
        /// The command of its HEALTHCHECK, as Docker runs it.
        package var healthCommand: [String] = []

        package init() {}
    }

    package struct HostPort: Sendable, Equatable {
        package var address: String
        package var port: Int
        package init(address: String, port: Int) {
            self.address = address
            self.port = port
        }
    }

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
