internal import NIOCore

/// The way back to a connection, for a job. Silent once the caller has gone.
struct Reply: Sendable {
    let connection: NIOLoopBound<Connection>
    let context: NIOLoopBound<ChannelHandlerContext>
    let keepsAlive: Bool

    /// On the event loop only.
    func send(_ answer: Answer) { connection.value.write(answer, keepsAlive, context.value) }

    func beginStream(_ contentType: String) { connection.value.beginStream(contentType, context.value) }

    /// Throws when the caller has gone.
    func stream(_ text: String) async throws { try await connection.value.writeStream(text, context.value).get() }

    func endStream() { connection.value.endStream(context.value) }

    /// Runs when the connection closes.
    func whenClosed(_ body: @escaping @Sendable () -> Void) {
        context.value.channel.closeFuture.whenComplete { _ in body() }
    }
}
