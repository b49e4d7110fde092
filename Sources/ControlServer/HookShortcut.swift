internal import NIOCore
internal import SleepEngine

/// Answers a plain hook for an awake service from the bytes as they were read.
///
/// Such a hook is what svcd does most, and going through the parser, its headers and the encoder is more than
/// half of what it costs. Whatever isn't exactly one request of the plainest form, or whose service doesn't
/// run, goes on to the parser untouched.
final class HookShortcut: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let supervisor: Supervisor
    private let headGuard: HeadGuard
    private let connection: Connection
    private let connections: Connections
    /// Something of this turn has gone on to the parser.
    private var hasPassedOn = false

    /// The bytes of `Answer.awakeHook`.
    private static let awake = ByteBuffer(
        string: "HTTP/1.1 200 OK\r\n"
            + Answer.awakeHook.headers.map { "\($0.name): \($0.value)\r\n" }.joined() + "\r\n")

    init(supervisor: Supervisor, headGuard: HeadGuard, connection: Connection, connections: Connections) {
        self.supervisor = supervisor
        self.headGuard = headGuard
        self.connection = connection
        self.connections = connections
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard headGuard.isBetweenHeads, connection.isFree,
            let name = buffer.withUnsafeReadableBytes({
                PlainHook.service(Span(_unsafeElements: $0.bindMemory(to: UInt8.self)))
            }),
            supervisor.assumeIsolated({ $0.touch(name) })
        else {
            hasPassedOn = true
            return context.fireChannelRead(data)
        }
        connections.note(connection)
        context.writeAndFlush(wrapOutboundOut(Self.awake), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard hasPassedOn else { return }
        hasPassedOn = false
        context.fireChannelReadComplete()
    }
}
