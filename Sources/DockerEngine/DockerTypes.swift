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
    }
    struct ConfigInfo: Decodable {
        var Image: String?
    }
    var Id: String
    var Name: String
    var State: StateInfo
    var Config: ConfigInfo?

    var container: Container {
        let status = State.Status ?? (State.Paused == true ? "paused" : State.Running == true ? "running" : "exited")
        return Container(
            id: Id, name: String(Name.drop { $0 == "/" }), image: Config?.Image ?? "",
            status: Container.Status(docker: status), dockerStatus: status, pid: State.Pid ?? 0)
    }
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
