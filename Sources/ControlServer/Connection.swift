internal import ControlTypes
internal import NIOCore
internal import NIOHTTP1

/// One open connection: whether a request is being answered, and how answers are written. Event loop only.
final class Connection {
    private let channel: any Channel
    /// A request has come, and its answer has not gone yet.
    private(set) var isAnswering = false
    /// The last answer has gone.
    private(set) var isClosing = false
    /// When it was active last, in the turns of `Connections`.
    var lastTurn: UInt64 = 0

    private static let lingerLimit = TimeAmount.seconds(2)

    init(_ channel: any Channel) { self.channel = channel }

    /// No request is being answered, and another may come.
    var isFree: Bool { !isAnswering && !isClosing }

    func requestBegan() { isAnswering = true }

    func close() { channel.close(promise: nil) }

    /// Writes an answer, once per request, and closes the connection where it must not be used again.
    func write(_ answer: Answer, _ keepsAlive: Bool, _ context: ChannelHandlerContext) {
        guard isAnswering, context.channel.isActive else { return }
        isAnswering = false
        var head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers)
        if !keepsAlive { head.headers.add(name: "Connection", value: "close") }
        context.write(Self.part(.head(head)), promise: nil)
        if let body = answer.body { context.write(Self.part(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(Self.part(.end(nil)), promise: nil)
        if !keepsAlive { closeGently(context) }
    }

    /// Begins an answer whose body comes bit by bit.
    func beginStream(_ contentType: String, _ context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Content-Type": contentType, "Cache-Control": "no-store"]
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
        context.writeAndFlush(Self.part(.head(head)), promise: nil)
    }

    func writeStream(_ text: String, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        context.writeAndFlush(Self.part(.body(.byteBuffer(ByteBuffer(string: text)))))
    }

    func endStream(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        context.writeAndFlush(Self.part(.end(nil)), promise: nil)
        context.close(promise: nil)
    }

    private static func part(_ part: HTTPServerResponsePart) -> NIOAny { NIOAny(part) }

    /// Says that no more will come, and lets the caller read the answer before the connection goes: a
    /// close with unread bytes would throw it away.
    private func closeGently(_ context: ChannelHandlerContext) {
        isClosing = true
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.lingerLimit) { bound.value.close(promise: nil) }
    }
}
