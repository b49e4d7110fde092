internal import Libc
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// HTTP/1.1 over a unix socket, or plain TCP: a request in, an answer out, within a deadline.
///
/// Connections are kept alive and reused, at most `mostIdle` of them. Everything runs on one event loop,
/// which is also the actor's executor. A caller on the same loop changes no thread.
package actor HTTPClient {
    private enum Address {
        case unix(path: String)
        case tcp(host: String, port: Int)
    }

    private let address: Address
    /// For faults: the socket's path, or host and port.
    private let path: String
    private let eventLoop: any EventLoop
    private var idle: [Connection] = []
    private var isClosed = false

    private static let mostIdle = 4

    package nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    /// - Parameter path: of the socket; looked up anew for every connection.
    package init(socketPath path: String, eventLoop: any EventLoop) {
        address = .unix(path: path)
        self.path = path
        self.eventLoop = eventLoop
    }

    /// - Parameter host: a name or an address; looked up anew for every connection.
    package init(host: String, port: Int, eventLoop: any EventLoop) {
        address = .tcp(host: host, port: port)
        path = "\(host):\(port)"
        self.eventLoop = eventLoop
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
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(left)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()), ExchangeHandler(),
                    ])
                }
            }
        do {
            let connecting =
                switch address {
                case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
                case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
                }
            let channel = try await connecting.get()
            return try Connection(channel)
        } catch {
            throw fault(error)
        }
    }

    private func fault(_ error: any Error) -> HTTPFault {
        guard let error = error as? IOError else { return .unreachable(path: path, why: "\(error)") }
        switch error.errnoCode {
        case EACCES, EPERM: return .notPermitted(path: path)
        case ENOENT: return .unreachable(path: path, why: "no such socket")
        case ECONNREFUSED: return .unreachable(path: path, why: "nobody listens there")
        default: return .unreachable(path: path, why: error.description)
        }
    }
}

/// One connection; used on its event loop only, except for `close`.
private final class Connection: Sendable {
    typealias Stream = AsyncThrowingStream<ByteBuffer, any Error>.Continuation

    private let channel: any Channel
    private let handler: NIOLoopBound<ExchangeHandler>

    init(_ channel: any Channel) throws {
        self.channel = channel
        handler = NIOLoopBound(
            try channel.pipeline.syncOperations.handler(type: ExchangeHandler.self), eventLoop: channel.eventLoop)
    }

    var isReusable: Bool { channel.isActive && handler.value.isReusable }

    func close() { channel.close(promise: nil) }

    func begin(
        _ request: HTTPRequest, _ deadline: NIODeadline, mostBytes: Int, stream: Stream?,
        _ continuation: CheckedContinuation<HTTPResponse, any Error>
    ) {
        handler.value.begin(request, deadline, mostBytes: mostBytes, stream: stream, on: channel, continuation)
    }

    /// Ends what is under way; from any thread.
    func cancel() {
        channel.eventLoop.execute { [handler] in handler.value.finish(.failure(.cancelled)) }
    }
}

/// Carries one exchange after the other.
private final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private struct Exchange {
        var continuation: CheckedContinuation<HTTPResponse, any Error>?
        var stream: Connection.Stream?
        var timer: Scheduled<Void>
        var mostBytes: Int
        var response: HTTPResponse?
    }

    private var exchange: Exchange?
    private weak var channel: (any Channel)?
    private var isKeptAlive = true

    var isReusable: Bool { exchange == nil && isKeptAlive }

    func begin(
        _ request: HTTPRequest, _ deadline: NIODeadline, mostBytes: Int, stream: Connection.Stream?,
        on channel: any Channel,
        _ continuation: CheckedContinuation<HTTPResponse, any Error>
    ) {
        self.channel = channel
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let timer = channel.eventLoop.scheduleTask(deadline: deadline) {
            bound.value.finish(.failure(.deadlineExceeded))
        }
        exchange = Exchange(continuation: continuation, stream: stream, timer: timer, mostBytes: mostBytes)
        var head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: request.target)
        if !request.headers.contains(where: { $0.name == "Host" }) {
            head.headers.add(name: "Host", value: "localhost")
        }
        if request.body != nil || request.method == "POST" || request.method == "PUT" {
            head.headers.add(name: "Content-Length", value: "\(request.body?.count ?? 0)")
        }
        for (name, value) in request.headers { head.headers.add(name: name, value: value) }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if let body = request.body {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    /// Ends the exchange, once. Anything but success closes the connection.
    func finish(_ result: Result<HTTPResponse, HTTPFault>) {
        guard let exchange else { return }
        self.exchange = nil
        exchange.timer.cancel()
        switch result {
        case .success(let response):
            exchange.continuation?.resume(returning: response)
            exchange.stream?.finish()
        case .failure(let fault):
            exchange.continuation?.resume(throwing: fault)
            exchange.stream?.finish(throwing: fault)
            channel?.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard exchange != nil else {
            // An answer nobody asked for: this connection can't be trusted.
            context.close(promise: nil)
            return
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            isKeptAlive = head.isKeepAlive
            let response = HTTPResponse(
                status: Int(head.status.code), headers: head.headers.map { ($0.name, $0.value) }, body: ByteBuffer())
            exchange?.response = response
            guard exchange?.stream != nil else { return }
            // A stream's head is its answer; from now on there is no deadline.
            exchange?.timer.cancel()
            exchange?.continuation?.resume(returning: response)
            exchange?.continuation = nil
        case .body(var part):
            if let stream = exchange?.stream {
                stream.yield(part)
                return
            }
            exchange?.response?.body.writeBuffer(&part)
            if let exchange, exchange.response?.body.readableBytes ?? 0 > exchange.mostBytes {
                finish(.failure(.tooLarge))
            }
        case .end:
            if let response = exchange?.response { finish(.success(response)) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(.closed))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let fault: HTTPFault = error is HTTPParserError ? .garbled("\(error)") : .closed
        finish(.failure(fault))
        context.close(promise: nil)
    }
}
