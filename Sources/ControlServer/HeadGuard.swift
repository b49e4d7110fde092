internal import NIOCore
internal import NIOHTTP1

/// Bounds what the head of a request may measure and how long it may take to come.
///
/// A head that is whole when it is first read costs neither a timer nor a count: those begin with the
/// first read that ends inside one.
final class HeadGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let mostBytes = 64 << 10
    private static let limit = TimeAmount.seconds(10)

    private var bytesSinceHead = 0
    /// The last read may have held a whole head and the beginning of another.
    private var endedWithHead = true
    private var timer: Scheduled<Void>?
    private var isOver = false

    /// What has come so far ends where a request ended.
    var isBetweenHeads: Bool { bytesSinceHead == 0 && endedWithHead && !isOver }

    /// The handler behind has seen the end of a head.
    func headEnded() {
        bytesSinceHead = 0
        timer?.cancel()
        timer = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let buffer = unwrapInboundIn(data)
        let length = buffer.readableBytes
        endedWithHead = buffer.withUnsafeReadableBytes { $0.suffix(4).elementsEqual("\r\n\r\n".utf8) }
        bytesSinceHead += length
        guard bytesSinceHead <= Self.mostBytes + length else {
            return refuse(context, Problems.headTooLarge)
        }
        context.fireChannelRead(data)
        guard bytesSinceHead > Self.mostBytes else { return }
        refuse(context, Problems.headTooLarge)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        guard bytesSinceHead > 0, timer == nil, !isOver else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: Self.limit) {
            let (handler, context) = bound.value
            handler.refuse(context, Problems.headTooSlow)
        }
    }

    private func refuse(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus) {
        guard !isOver else { return }
        isOver = true
        let answer = "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer))).whenComplete { _ in
            bound.value.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        context.fireChannelInactive()
    }
}
