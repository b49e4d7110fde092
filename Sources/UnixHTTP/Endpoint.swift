package import NIOCore
internal import NIOPosix
internal import Synchronization

/// Where a connection goes.
package enum Endpoint: Sendable, CustomStringConvertible {
    /// Looked up anew for every connection, as a host's name is.
    case unix(path: String)
    case tcp(host: String, port: Int)

    package var description: String {
        switch self {
        case .unix(let path): path
        case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }

    /// Opens a connection.
    ///
    /// - Parameter initialize: on the event loop, before anything is read or written.
    /// - Throws: what NIO throws, `ChannelError.connectTimeout` after `limit`. Cancelling the task drops what is being
    ///   opened, at once, and throws `CancellationError`.
    package func connect(
        on loop: any EventLoop, within limit: TimeAmount,
        _ initialize: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) async throws -> any Channel {
        let attempt = Attempt()
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(limit).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try attempt.add(channel)
                try initialize(channel)
            }
        }
        let connecting =
            switch self {
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
            }
        do {
            let channel = try await withTaskCancellationHandler {
                try await connecting.get()
            } onCancel: {
                attempt.cancel()
            }
            // Opened in the same moment, and closed by now.
            if attempt.isCancelled { throw CancellationError() }
            return channel
        } catch {
            throw attempt.isCancelled ? CancellationError() : error
        }
    }

    /// The channels that try to connect: a name may have several addresses.
    private final class Attempt: Sendable {
        private struct State {
            var channels: [any Channel] = []
            var isCancelled = false
        }

        private let state = Mutex(State())

        var isCancelled: Bool { state.withLock(\.isCancelled) }

        func add(_ channel: any Channel) throws {
            try state.withLock { state in
                if state.isCancelled { throw CancellationError() }
                state.channels.append(channel)
            }
        }

        func cancel() {
            let channels = state.withLock { state in
                state.isCancelled = true
                return state.channels
            }
            for channel in channels { channel.close(promise: nil) }
        }
    }
}
