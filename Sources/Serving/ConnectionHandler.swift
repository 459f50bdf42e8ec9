import NIOCore
import NIOHTTP1

/// One connection: gathers a request, asks the handler, carries the reply out.
///
/// The pipelining handler in front of it lets a request through only when the answer before it is complete.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Larger request bodies are answered with 413.
    private static let maxBody = 16 << 20

    private let handler: HTTPServer.Handler
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var work: Task<Void, Never>?
    private var delayed: Scheduled<Void>?

    init(_ handler: @escaping HTTPServer.Handler) {
        self.handler = handler
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
            isTooLarge = false
        case .body(let buffer):
            if body.count + buffer.readableBytes > Self.maxBody {
                isTooLarge = true
            } else {
                body.append(contentsOf: buffer.readableBytesView)
            }
        case .end:
            if let head { answer(head, context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        work?.cancel()
        delayed?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if isTooLarge { return send(.text("request body too large\n", status: 413), to: head, context) }
        let request = ServerRequest(
            method: head.method.rawValue, path: head.uri, headers: head.headers.map { ($0.name, $0.value) },
            body: body)
        body = []
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        work = Task { [handler] in
            let reply = await handler(request)
            eventLoop.execute {
                let (connection, context) = bound.value
                connection.send(reply, to: head, context)
            }
        }
    }

    private func send(_ reply: ServerReply, to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        switch reply {
        case .response(let status, let headers, let body, let delay):
            after(delay, context) { $0.respond(status, headers, body, to: request, $1) }
        case .hangUp(let delay):
            after(delay, context) { $1.close(promise: nil) }
        case .raw(let bytes, let thenClose):
            sendRaw(bytes, thenClose: thenClose, context)
        case .stream(let stream, let status, let headers):
            send(stream, status, headers, to: request, context)
        }
    }

    private func after(
        _ delay: Duration, _ context: ChannelHandlerContext,
        _ action: @escaping (ConnectionHandler, ChannelHandlerContext) -> Void
    ) {
        if delay <= .zero { return action(self, context) }
        let bound = NIOLoopBound((self, context, action), eventLoop: context.eventLoop)
        delayed = context.eventLoop.scheduleTask(in: TimeAmount(delay)) {
            let (connection, context, action) = bound.value
            if context.channel.isActive { action(connection, context) }
        }
    }

    private func respond(
        _ status: Int, _ headers: [(String, String)], _ body: [UInt8], to request: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        var fields = HTTPHeaders(headers)
        let declared = fields.first(name: "Content-Length")
        let hasBody = status >= 200 && status != 204 && status != 304
        if declared == nil, hasBody { fields.add(name: "Content-Length", value: String(body.count)) }
        let isWhole = declared == nil || declared == String(body.count) || !hasBody || request.method == .HEAD
        let keepsAlive = request.isKeepAlive && isWhole
        write(status, fields, keepsAlive: keepsAlive, to: request, context)
        if hasBody, request.method != .HEAD, !body.isEmpty {
            let buffer = context.channel.allocator.buffer(bytes: body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        finish(keepsAlive: keepsAlive, context)
    }

    private func write(
        _ status: Int, _ headers: HTTPHeaders, keepsAlive: Bool, to request: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        var fields = headers
        if !keepsAlive {
            fields.replaceOrAdd(name: "Connection", value: "close")
        } else if request.version.minor == 0 {
            fields.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
        let head = HTTPResponseHead(version: request.version, status: .init(statusCode: status), headers: fields)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func finish(keepsAlive: Bool, _ context: ChannelHandlerContext) {
        if keepsAlive {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            return
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
    }

    /// Past the encoder: what is sent need not be HTTP.
    private func sendRaw(_ bytes: [UInt8], thenClose: Bool, _ context: ChannelHandlerContext) {
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        guard let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self) else {
            return context.close(promise: nil)
        }
        let sent = encoder.writeAndFlush(NIOAny(buffer))
        if thenClose {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            sent.whenComplete { _ in bound.value.close(promise: nil) }
        }
    }

    private func send(
        _ stream: AsyncStream<[UInt8]>, _ status: Int, _ headers: [(String, String)], to request: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        let channel = context.channel
        let isChunked = request.version.minor > 0 && !headers.contains { $0.0.lowercased() == "content-length" }
        let keepsAlive = request.isKeepAlive && isChunked
        write(status, HTTPHeaders(headers), keepsAlive: keepsAlive, to: request, context)
        context.flush()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let isHead = request.method == .HEAD
        work = Task {
            if !isHead {
                for await bytes in stream {
                    let part = HTTPServerResponsePart.body(.byteBuffer(channel.allocator.buffer(bytes: bytes)))
                    do { try await channel.writeAndFlush(part) } catch { return }
                }
            }
            if Task.isCancelled { return }
            channel.eventLoop.execute {
                let (connection, context) = bound.value
                if context.channel.isActive { connection.finish(keepsAlive: keepsAlive, context) }
            }
        }
    }
}
