internal import ControlTypes
internal import NIOCore
internal import NIOHTTP1
internal import SleepCore
internal import SleepEngine

/// One connection: reads heads, answers hooks on the spot, hands everything else to the server.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// How a connection came in.
    enum Entrance: Sendable {
        case socket(ControlServer.Power)
        case tcp(TCPDoor)
    }

    private let entrance: Entrance
    private let supervisor: Supervisor
    private let connections: Connections
    private let jobs: AsyncStream<ControlServer.Job>.Continuation
    private let headGuard: HeadGuard
    private var peer: Peer?
    private var waiting: (service: String, waiter: UInt64)?
    private var isAnswering = false
    private var isClosing = false
    private var bodyBytes = 0
    private(set) var lastTurn: UInt64 = 0

    private static let mostBodyBytes = 1 << 20
    private static let lingerLimit = TimeAmount.seconds(2)

    var isIdle: Bool { !isAnswering }
    /// No request is being answered, and another may come.
    var isFree: Bool { !isAnswering && !isClosing }

    init(
        _ entrance: Entrance, supervisor: Supervisor, headGuard: HeadGuard, connections: Connections,
        jobs: AsyncStream<ControlServer.Job>.Continuation
    ) {
        self.entrance = entrance
        self.supervisor = supervisor
        self.headGuard = headGuard
        self.connections = connections
        self.jobs = jobs
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            headGuard.headEnded()
            guard !isClosing else { return }
            noteTurn()
            isAnswering = true
            take(head, context)
        case .body(let part):
            // Nobody waits for a body. Few bytes are let by, so that the answer is read before the close.
            headGuard.headEnded()
            bodyBytes += part.readableBytes
            if bodyBytes > Self.mostBodyBytes { context.close(promise: nil) }
        case .end:
            headGuard.headEnded()
        }
    }

    func noteTurn() { lastTurn = connections.nextTurn() }

    private func take(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let power: ControlServer.Power
        switch admit(head, context) {
        case .admitted(let admitted): power = admitted
        case .refused(let refusal):
            return write(Answer(Problems.refused(refusal)), false, context)
        }
        let keepsAlive = head.isKeepAlive && !head.announcesBody && !head.headers.contains(name: "Upgrade")
        switch Route.parse(head.method, parts.first ?? "") {
        case .failure(let failure):
            write(Answer(Problems.route(failure)), keepsAlive, context)
        case .success(let route) where !route.isAllowed(power):
            write(Answer(Problems.forbidden(power)), keepsAlive, context)
        case .success(.hook(let name)) where power == .localCaller && !mayWake(name, context):
            write(
                Answer(Problems.tooManyWakes, ["Retry-After": "1", "X-Svcd-State": ServiceState.asleep.rawValue]),
                keepsAlive, context)
        case .success(.hook(let name)):
            hook(name, keepsAlive, context)
        case .success(let route):
            let peer = peer ?? Peer.read(context.channel)
            self.peer = peer
            let reply = Reply(
                handler: NIOLoopBound(self, eventLoop: context.eventLoop),
                context: NIOLoopBound(context, eventLoop: context.eventLoop), keepsAlive: keepsAlive)
            jobs.yield(
                ControlServer.Job(
                    route: route, query: Query(parts.count == 2 ? parts[1] : nil), power: power, peer: peer,
                    reply: reply))
        }
    }

    private func admit(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) -> TCPDoor.Admission {
        switch entrance {
        case .socket(let power): .admitted(power)
        case .tcp(let door): door.admit(head, from: context.remoteAddress)
        }
    }

    // MARK: The hook

    /// False: it sleeps, and who asks has woken too many.
    private func mayWake(_ name: String, _ context: ChannelHandlerContext) -> Bool {
        guard case .tcp = entrance, supervisor.assumeIsolated({ $0.state(of: name) == .asleep }) else {
            return true
        }
        return connections.wakeLimiter.take(context.remoteAddress?.ipAddress ?? "", now: .now())
    }

    private func hook(_ name: String, _ keepsAlive: Bool, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let trigger = Trigger.hook
        let (known, channel) = (peer, context.channel)
        // The supervisor runs on this event loop: no hop, no task.
        let outcome = supervisor.assumeIsolated { supervisor in
            supervisor.hook(name, trigger: trigger, by: (known ?? Peer.read(channel)).description) { answer in
                let (handler, context) = bound.value
                handler.waiting = nil
                handler.write(Answer(hook: answer), keepsAlive, context)
            }
        }
        switch outcome {
        case .awake: write(.awakeHook, keepsAlive, context)
        case .unknownService: write(.unknownHook, keepsAlive, context)
        case .waiting(let waiter): if isAnswering { waiting = (name, waiter) }
        }
    }

    // MARK: Answers

    /// Writes an answer, once per request, and closes the connection where it must not be used again.
    func write(_ answer: Answer, _ keepsAlive: Bool, _ context: ChannelHandlerContext) {
        guard isAnswering, context.channel.isActive else { return }
        isAnswering = false
        var head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers)
        if !keepsAlive { head.headers.add(name: "Connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body = answer.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if !keepsAlive { closeGently(context) }
    }

    /// Begins an answer whose body comes bit by bit.
    func beginStream(_ contentType: String, _ context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Content-Type": contentType, "Cache-Control": "no-store"]
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
    }

    func writeStream(_ text: String, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))))
    }

    func endStream(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }

    /// Says that no more will come, and lets the caller read the answer before the connection goes: a
    /// close with unread bytes would throw it away.
    private func closeGently(_ context: ChannelHandlerContext) {
        isClosing = true
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.lingerLimit) { bound.value.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            // Half closed: whoever has asked still gets the answer.
            if !isAnswering || isClosing { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.remove(self)
        if let (service, waiter) = waiting {
            waiting = nil
            supervisor.assumeIsolated { $0.abandon(waiter, of: service) }
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isAnswering, !isClosing else {
            context.close(promise: nil)
            return
        }
        isAnswering = true
        write(Answer(Problems.parser(error)), false, context)
    }
}

extension HTTPRequestHead {
    var announcesBody: Bool {
        if headers.contains(name: "Transfer-Encoding") { return true }
        guard let length = headers.first(name: "Content-Length") else { return false }
        return length != "0"
    }
}
