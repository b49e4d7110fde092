/// Speaking HTTP/1.1 as a client: to Docker and to svcd over unix sockets, to a woken service over plain TCP.
///
/// `HTTPClient` keeps connections alive and sends requests on them, `Endpoint` opens them, `Connection` carries one
/// exchange after the other. Every wait has a deadline, ends with its task, and bounds what it reads.
///
/// There is no TLS, no proxy and no redirect here, and nothing knows what the requests are about. A fault says where
/// the connection went and why there is no answer; what that means is for the caller to decide.
internal import Libc
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// HTTP/1.1 over a unix socket, or plain TCP: a request in, an answer out, within a deadline.
///
/// Connections are kept alive and reused, at most `mostIdle` of them. Everything runs on one event loop,
/// which is also the actor's executor. A caller on the same loop changes no thread.
package actor HTTPClient {
    private let endpoint: Endpoint
    private let eventLoop: any EventLoop
    private var idle: [Connection] = []
    private var isClosed = false

    private static let mostIdle = 4

    package nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    package init(_ endpoint: Endpoint, eventLoop: any EventLoop) {
        self.endpoint = endpoint
        self.eventLoop = eventLoop
    }

    package init(socketPath path: String, eventLoop: any EventLoop) {
        self.init(.unix(path: path), eventLoop: eventLoop)
    }

    package init(host: String, port: Int, eventLoop: any EventLoop) {
        self.init(.tcp(host: host, port: port), eventLoop: eventLoop)
    }

    /// Sends a request and collects the answer.
    ///
    /// A GET whose kept-alive connection turns out dead is sent once more on a new one; anything else is
    /// not, since it may have been done.
    ///
    /// - Parameter limit: from the call to the last byte of the answer.
    /// - Parameter mostBytes: what the body may measure.
    /// - Throws: `HTTPFault`. Cancelling the task closes the connection and throws `cancelled`.
    package func send(
        _ request: HTTPRequest, within limit: Duration, mostBytes: Int = 16 << 20
    ) async throws -> HTTPResponse {
        let deadline = NIODeadline.now() + TimeAmount(limit)
        while let connection = takeIdle() {
            do {
                return try await exchange(request, on: connection, deadline, mostBytes)
            } catch HTTPFault.closed where request.method == "GET" {
                continue
            }
        }
        return try await exchange(request, on: connect(deadline), deadline, mostBytes)
    }

    /// Sends a request on a connection of its own and passes the body on, line by line, as it comes.
    ///
    /// - Parameter limit: to the head of the answer; the body may take for ever.
    /// - Parameter longest: bytes; a longer line is dropped.
    /// - Parameter begin: gets the head before the first line.
    /// - Throws: `HTTPFault` when the connection breaks, and what `begin` or `receive` throw.
    package func lines(
        _ request: HTTPRequest, within limit: Duration, longest: Int,
        begin: @Sendable (HTTPResponse) async throws -> Void, receive: @Sendable (ByteBuffer) async throws -> Void
    ) async throws {
        let deadline = NIODeadline.now() + TimeAmount(limit)
        let connection = try await connect(deadline)
        defer { connection.close() }
        let (chunks, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        let head = try await perform(request, on: connection, deadline, mostBytes: longest, stream: continuation)
        try await begin(head)
        try await withTaskCancellationHandler {
            var splitter = LineSplitter(longest: longest)
            for try await chunk in chunks {
                for line in splitter.add(chunk) { try await receive(line) }
            }
        } onCancel: {
            connection.close()
        }
        if Task.isCancelled { throw HTTPFault.cancelled }
    }

    /// Closes idle connections; calls under way go on.
    package func close() {
        isClosed = true
        for connection in idle { connection.close() }
        idle = []
    }

    private func exchange(
        _ request: HTTPRequest, on connection: Connection, _ deadline: NIODeadline, _ mostBytes: Int
    ) async throws -> HTTPResponse {
        let response = try await perform(request, on: connection, deadline, mostBytes: mostBytes, stream: nil)
        if connection.isReusable, !isClosed, idle.count < Self.mostIdle {
            idle.append(connection)
        } else {
            connection.close()
        }
        return response
    }

    /// One exchange on one connection.
    ///
    /// The closures use `self`, which keeps them on the event loop: those of a function that is not an
    /// actor's own would run on the global executor, at the price of two changes of thread.
    private func perform(
        _ request: HTTPRequest, on connection: Connection, _ deadline: NIODeadline, mostBytes: Int,
        stream: Connection.Stream?
    ) async throws -> HTTPResponse {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                self.eventLoop.assertInEventLoop()
                if Task.isCancelled {
                    continuation.resume(throwing: HTTPFault.cancelled)
                } else {
                    connection.begin(request, deadline, mostBytes: mostBytes, stream: stream, continuation)
                }
            }
        } onCancel: {
            connection.cancel()
        }
    }

    private func takeIdle() -> Connection? {
        while let connection = idle.popLast() {
            if connection.isReusable { return connection }
        }
        return nil
    }

    private func connect(_ deadline: NIODeadline) async throws -> Connection {
        let left = deadline - .now()
        guard left > .zero else { throw HTTPFault.deadlineExceeded }
        do {
            let channel = try await endpoint.connect(on: eventLoop, within: left) { channel in
                try channel.pipeline.syncOperations.addHandlers([
                    HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()), ExchangeHandler(),
                ])
            }
            return try Connection(channel)
        } catch {
            throw fault(error)
        }
    }

    private func fault(_ error: any Error) -> HTTPFault {
        let path = endpoint.description
        if error is CancellationError { return .cancelled }
        if let fault = error as? HTTPFault { return fault }
        guard let error = error as? IOError else { return .unreachable(path: path, why: "\(error)") }
        switch error.errnoCode {
        case EACCES, EPERM: return .notPermitted(path: path)
        case ENOENT: return .unreachable(path: path, why: "no such socket")
        case ECONNREFUSED: return .unreachable(path: path, why: "no process listens there")
        default: return .unreachable(path: path, why: error.description)
        }
    }
}
