internal import ArgumentParser
internal import NIOCore
internal import SleepCore

/// A kind of container engine: how its hosts are written, and what speaks with it.
///
/// A new kind is a file like `DockerKind.swift` and a row in `all`.
struct EngineKind: Sendable {
    /// What a host begins with, before `://`.
    var scheme: String
    /// What a host looks like, for people.
    var example: String
    /// - Parameter address: what follows `://`, never empty.
    var make: @Sendable (_ address: String, _ loop: any EventLoop) -> any ContainerEngine

    static let all = [docker]
}

/// The engine that the flags and the environment name.
struct EngineHost: Sendable {
    private let kind: EngineKind
    /// Without the scheme.
    let address: String

    /// - Throws: `ValidationError` for a host of no known kind.
    init(_ host: String) throws {
        for kind in EngineKind.all where host.hasPrefix(kind.scheme + "://") && host.count > kind.scheme.count + 3 {
            self.kind = kind
            address = String(host.dropFirst(kind.scheme.count + 3))
            return
        }
        let examples = EngineKind.all.map(\.example).joined(separator: ", or ")
        throw ValidationError("Docker host '\(host)', expected \(examples)")
    }

    /// Connects to nothing yet.
    func engine(on loop: any EventLoop) -> any ContainerEngine { kind.make(address, loop) }
}
