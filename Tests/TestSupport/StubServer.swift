import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// An HTTP server on a real unix socket that says what a test tells it to.
package final class StubServer: Sendable {
    package enum Answer: Sendable {
        case json(Int, String, [String: String] = [:])
        /// Chunks of a body that never ends.
        case stream([String])
        /// Chunks of a body, and then the connection breaks.
        case brokenStream([String])
        /// Says nothing.
        case silence
        /// Closes the connection.
        case hangUp
    }

    package let path: String
    private let channel: any Channel
    private let box: Box

    private final class Box: Sendable {
        let requests = NIOLockedValueBox<[String]>([])
        let connections = NIOLockedValueBox(0)
        let handler: @Sendable (String) -> Answer
        init(_ handler: @escaping @Sendable (String) -> Answer) { self.handler = handler }
    }

    /// - Parameter handler: gets `METHOD /path?query`.
    package init(path: String? = nil, _ handler: @escaping @Sendable (String) -> Answer) async throws {
        let path = path ?? "/tmp/svcd-stub-\(UInt32.random(in: 0 ... .max)).sock"
        let box = Box(handler)
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    box.connections.withLockedValue { $0 += 1 }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(box))
                }
            }
            .bind(unixDomainSocketPath: path).get()
        self.path = path
        self.box = box
    }

    /// What was asked so far.
    package var requests: [String] { box.requests.withLockedValue { $0 } }
    package var connections: Int { box.connections.withLockedValue { $0 } }

    package func close() async throws {
        try await channel.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        let box: Box
        init(_ box: Box) { self.box = box }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            let request = "\(head.method) \(head.uri)"
            box.requests.withLockedValue { $0.append(request) }
            switch box.handler(request) {
            case .silence: break
            case .hangUp: context.close(promise: nil)
            case .json(let status, let text, let more):
                var headers: HTTPHeaders = ["Content-Length": "\(text.utf8.count)"]
                for (name, value) in more { headers.add(name: name, value: value) }
                write(.init(statusCode: status), headers, [text], ends: true, context)
            case .stream(let chunks):
                write(.ok, ["Transfer-Encoding": "chunked"], chunks, ends: false, context)
            case .brokenStream(let chunks):
                write(.ok, ["Transfer-Encoding": "chunked"], chunks, ends: false, context)
                // Behind everything that is being written.
                let channel = context.channel
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))).whenComplete { _ in
                    channel.close(promise: nil)
                }
            }
        }

        private func write(
            _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ chunks: [String], ends: Bool,
            _ context: ChannelHandlerContext
        ) {
            context.write(
                wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
            for chunk in chunks {
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: chunk)))), promise: nil)
            }
            if ends { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) } else { context.flush() }
        }
    }
}
