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
    private let connection: Connection
    private let connections: Connections
    private let jobs: AsyncStream<ControlServer.Job>.Continuation
    private let headGuard: HeadGuard
    private var peer: Peer?
    private var waiting: (service: String, waiter: UInt64)?
    private var bodyBytes = 0

    private static let mostBodyBytes = 1 << 20

    init(
        _ entrance: Entrance, supervisor: Supervisor, headGuard: HeadGuard, connection: Connection,
        connections: Connections,
        jobs: AsyncStream<ControlServer.Job>.Continuation
    ) {
        self.entrance = entrance
        self.supervisor = supervisor
        self.headGuard = headGuard
        self.connection = connection
        self.connections = connections
        self.jobs = jobs
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            headGuard.headEnded()
            guard !connection.isClosing else { return }
            connections.note(connection)
            connection.requestBegan()
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
                connection: NIOLoopBound(connection, eventLoop: context.eventLoop),
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
        case .waiting(let waiter): if connection.isAnswering { waiting = (name, waiter) }
        }
    }

    private func write(_ answer: Answer, _ keepsAlive: Bool, _ context: ChannelHandlerContext) {
        connection.write(answer, keepsAlive, context)
    }

    // MARK: The end

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            // Half closed: whoever has asked still gets the answer.
            if !connection.isAnswering || connection.isClosing { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.remove(connection)
        if let (service, waiter) = waiting {
            waiting = nil
            supervisor.assumeIsolated { $0.abandon(waiter, of: service) }
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, connection.isFree else {
            context.close(promise: nil)
            return
        }
        connection.requestBegan()
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
