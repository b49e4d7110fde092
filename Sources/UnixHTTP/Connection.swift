internal import NIOCore
internal import NIOHTTP1

/// One connection; used on its event loop only, except for `close`.
final class Connection: Sendable {
    typealias Stream = AsyncThrowingStream<ByteBuffer, any Error>.Continuation

    private let channel: any Channel
    private let handler: NIOLoopBound<ExchangeHandler>

    /// - Throws: `HTTPFault.closed` where its peer has hung up already; its handlers are gone then.
    init(_ channel: any Channel) throws(HTTPFault) {
        self.channel = channel
        guard let handler = try? channel.pipeline.syncOperations.handler(type: ExchangeHandler.self) else {
            throw .closed
        }
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
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
final class ExchangeHandler: ChannelInboundHandler {
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
            // An answer to no question: this connection can't be trusted.
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
