internal import SleepCore

// What is read of Docker's answers; the names are Docker's.

struct ListEntry: Decodable {
    var Id: String
    var Names: [String]?
    var Image: String?
    var State: String?
    var Labels: [String: String]?
    struct HostInfo: Decodable {
        var NetworkMode: String?
    }
    var HostConfig: HostInfo?

    var container: ListedContainer {
        // Links add names of the form /other/alias; the container's own has one slash.
        let name = Names?.first { $0.dropFirst().contains("/") == false } ?? Names?.first ?? ""
        let status = State ?? ""
        return ListedContainer(
            container: Container(
                id: Id, name: String(name.drop { $0 == "/" }), image: Image ?? "",
                status: Container.Status(docker: status), dockerStatus: status),
            labels: Labels ?? [:], network: HostConfig?.NetworkMode ?? "bridge")
    }
}

struct Inspected: Decodable {
    struct StateInfo: Decodable {
        var Status: String?
        var Running: Bool?
        var Paused: Bool?
        var Restarting: Bool?
        var Pid: Int?
        struct HealthInfo: Decodable {
            var Status: String?
        }
        var Health: HealthInfo?
    }
    struct ConfigInfo: Decodable {
        var Image: String?
        struct Check: Decodable {
            var Test: [String]?
        }
        var Healthcheck: Check?
        var Shell: [String]?
    }
    struct HostInfo: Decodable {
        var NetworkMode: String?
        var AutoRemove: Bool?
    }
    struct NetworkInfo: Decodable {
        struct Network: Decodable {
            var IPAddress: String?
            var GlobalIPv6Address: String?
        }
        struct Port: Decodable {
            var HostIp: String?
            var HostPort: String?
        }
        var Networks: [String: Network]?
        var Ports: [String: [Port]?]?
    }
    var Id: String
    var Name: String
    var State: StateInfo
    var Config: ConfigInfo?
    var HostConfig: HostInfo?
    var NetworkSettings: NetworkInfo?
    var ExecIDs: [String]?

    private var details: Container.Details {
        var details = Container.Details()
        let networks = (NetworkSettings?.Networks ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        details.addresses = (networks.map(\.IPAddress) + networks.map(\.GlobalIPv6Address)).compactMap(\.self)
            .filter { !$0.isEmpty }
        for (name, ports) in NetworkSettings?.Ports ?? [:] where name.hasSuffix("/tcp") {
            guard let inside = Int(name.dropLast(4)), let port = ports?.first,
                let outside = port.HostPort.flatMap({ Int($0) })
            else { continue }
            let isAnywhere = ["", "0.0.0.0", "::"].contains(port.HostIp ?? "")
            details.published[inside] = .init(address: isAnywhere ? "127.0.0.1" : port.HostIp ?? "", port: outside)
        }
        details.network = HostConfig?.NetworkMode ?? "bridge"
        details.isRemovedOnStop = HostConfig?.AutoRemove ?? false
        // Docker says "none" where there is no check.
        details.health = State.Health?.Status.flatMap { $0 == "none" ? nil : $0 }
        details.execs = ExecIDs ?? []
        let test = Config?.Healthcheck?.Test ?? []
        switch test.first {
        case "CMD"?: details.healthCommand = Array(test.dropFirst())
        case "CMD-SHELL"?: details.healthCommand = (Config?.Shell ?? ["/bin/sh", "-c"]) + test.dropFirst()
        default: break
        }
        return details
    }

    var container: Container {
        let status = State.Status ?? (State.Paused == true ? "paused" : State.Running == true ? "running" : "exited")
        var container = Container(
            id: Id, name: String(Name.drop { $0 == "/" }), image: Config?.Image ?? "",
            status: Container.Status(docker: status), dockerStatus: status, pid: State.Pid ?? 0)
        container.details = details
        return container
    }
}

/// A command that runs, or ran, in a container.
struct InspectedExec: Decodable {
    struct Process: Decodable {
        var entrypoint: String?
        var arguments: [String]?
    }
    var Running: Bool?
    var ProcessConfig: Process?

    var command: [String] { [ProcessConfig?.entrypoint ?? ""] + (ProcessConfig?.arguments ?? []) }
}

struct RawEvent: Decodable {
    struct ActorInfo: Decodable {
        var ID: String
        var Attributes: [String: String]?
    }
    var `Type`: String?
    var Action: String?
    var Actor: ActorInfo?
}

extension Container.Status {
    /// From Docker's word; `restarting` is down: between two lives there is no process.
    init(docker status: String) {
        switch status {
        case "running": self = .running
        case "paused": self = .paused
        default: self = .down
        }
    }
}
