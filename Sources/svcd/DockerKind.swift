internal import ControlTypes
internal import DockerEngine

extension EngineKind {
    /// Docker by its unix socket, and what offers Docker's API on one.
    static let docker = EngineKind(scheme: "unix", example: "a unix socket like \(DefaultPaths.docker)") {
        DockerEngine(socketPath: $0, eventLoop: $1)
    }
}
