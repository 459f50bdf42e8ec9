import NIOCore
import NIOHTTP1

/// One connection: gathers a request, asks the handler, carries the reply out; gives each of these its time.
///
/// The pipelining handler in front of it lets a request through only when the answer before it is complete.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What the connection is doing.
    enum Phase {
        /// Waits for a request.
        case idle
        /// Reads a request's head, or its body.
        case head, body
        /// Waits for the handler's answer.
        case answering
        /// Sends it.
        case sending
        /// Sends what has no end of its own, until the client leaves.
        case streaming
        /// Has answered for the last time and throws away what still comes.
        case lingering
    }

    let service: HTTPService
    private let meter: HeadMeter
    private(set) var phase = Phase.idle
    private(set) var request: HTTPRequestHead?
    private var body: [UInt8] = []
    /// Ends or fails what is under way when the client leaves.
    private var work: Task<Void, Never>?
    private var deadline: Scheduled<Void>?
    /// Whether the client sends nothing more.
    private var isInputClosed = false
    /// Since when it has done nothing that would be missed; nil while it does.
    private(set) var idleSince: NIODeadline? = .now()
    /// Since when its client has not taken the piece of an answer that waits for it; nil while none waits.
    private(set) var stalledSince: NIODeadline?
    /// What is sent once the client has taken what was sent before.
    private var whenWritable: (() -> Void)?
    private var context: ChannelHandlerContext?

    init(_ service: HTTPService, meter: HeadMeter) {
        (self.service, self.meter) = (service, meter)
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        meter.onFirstByte = { [unowned self] in enter(.head) }
        enter(.idle)
    }

    func channelActive(context: ChannelHandlerContext) {
        service.registry.arriving -= 1
        if !service.registry.add(self) { refuseForLackOfRoom() }
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { forget() }

    func channelInactive(context: ChannelHandlerContext) {
        forget()
        context.fireChannelInactive()
    }

    private func forget() {
        work?.cancel()
        deadline?.cancel()
        (work, deadline, whenWritable, context) = (nil, nil, nil, nil)
        service.registry.remove(self)
    }

    /// Closes a connection whose client does nothing, to make room for another.
    func closeIdle() { context?.close(promise: nil) }

    /// Closes the connection in the middle of what it does: the client sees that something is missing.
    func abort() { context?.close(promise: nil) }

    /// Answers a connection that there is no place for.
    func refuseForLackOfRoom() {
        service.onRefusal(method: nil, target: nil, 503, "too many connections")
        guard let context, let encoder = rawContext() else { return abort() }
        // Closed at once: whoever is kept here takes a descriptor.
        let text = RefusalText.response(503, "too many connections")
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        encoder.writeAndFlush(NIOAny(context.channel.allocator.buffer(string: text))).whenComplete { _ in
            bound.value.abort()
        }
    }

    // MARK: Time

    func enter(_ phase: Phase) {
        let limits = service.limits
        self.phase = phase
        stalledSince = nil
        deadline?.cancel()
        deadline = nil
        switch phase {
        case .idle:
            if isInputClosed || service.registry.isFinishing && request != nil { return abort() }
            idleSince = .now()
            request = nil
            meter.isInHead = true
            setDeadline(limits.idle) { $0.closeIdle() }
        case .head: setDeadline(limits.head) { $0.refuse(408, "the request's head took too long") }
        case .body:
            idleSince = nil
            setDeadline(limits.body) { $0.refuse(408, "the request's body took too long") }
        case .answering, .streaming: idleSince = nil
        case .sending: extendSending()
        case .lingering:
            // Whoever does not leave is closed first when descriptors run out.
            idleSince = .now()
            setDeadline(limits.linger) { $0.abort() }
        }
    }

    /// Gives the client time for the next piece.
    func extendSending() {
        deadline?.cancel()
        stalledSince = .now()
        setDeadline(service.limits.write) { $0.abort() }
    }

    private func setDeadline(_ time: Duration, _ action: @escaping (ConnectionHandler) -> Void) {
        guard let loop = context?.eventLoop else { return }
        let bound = NIOLoopBound((self, action), eventLoop: loop)
        deadline = loop.scheduleTask(in: TimeAmount(time)) {
            let (connection, action) = bound.value
            action(connection)
        }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .lingering else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): take(head)
        case .body(let buffer):
            guard phase == .body else { return }
            if body.count + buffer.readableBytes > service.limits.bodyBytes {
                let refusal = RequestRules.bodyTooLarge(service.limits.bodyBytes)
                return refuse(refusal.status, refusal.reason)
            }
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard phase == .body, let request else { return }
            answer(request)
        }
    }

    private func take(_ head: HTTPRequestHead) {
        meter.isInHead = false
        (request, body) = (head, [])
        enter(.body)
        let limits = service.limits
        // Before anything is read of a body: what is refused is not kept.
        let asked = ServerRequest(
            method: head.method.rawValue, path: head.uri, headers: head.headers.map { ($0.name, $0.value) })
        if let reply = service.refuse(asked) { return sendLast(reply) }
        let refusal = RequestRules.refusal(
            of: head, targetBytes: limits.targetBytes, bodyBytes: limits.bodyBytes)
        if let refusal { return refuse(refusal.status, refusal.reason) }
        if head.headers.contains(name: "Expect"), head.version.minor > 0 {
            let go = HTTPResponseHead(version: head.version, status: .continue)
            context?.writeAndFlush(wrapOutboundOut(.head(go)), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is HeadMeter.Overflow, HTTPParserError.headerOverflow:
            if meter.hasLine {
                refuse(431, "the head is longer than \(service.limits.headBytes) bytes")
            } else {
                refuse(414, "the target is longer than \(service.limits.targetBytes) bytes")
            }
        case HTTPParserError.invalidMethod: refuse(501, "unknown method")
        case HTTPParserError.invalidVersion: refuse(505, "only HTTP/1.0 and HTTP/1.1 are supported")
        case is HTTPParserError: refuse(400, "the request is not HTTP/1.1")
        default: context.close(promise: nil)
        }
    }

    private func answer(_ head: HTTPRequestHead) {
        guard let context else { return }
        guard let path = RequestRules.path(ofTarget: head.uri) else { return refuse(400, "the target is not a path") }
        enter(.answering)
        let request = ServerRequest(
            method: head.method.rawValue, path: path, headers: head.headers.map { ($0.name, $0.value) }, body: body,
            remoteAddress: context.remoteAddress?.ipAddress)
        body = []
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        work = Task { [handler = service.handler] in
            let reply = await handler(request)
            eventLoop.execute {
                let connection = bound.value
                connection.whenReady { connection.send(reply, to: head) }
            }
        }
    }

    // MARK: Refusing

    /// Answers with an error, and closes the connection once the client has had time to see that.
    func refuse(_ status: Int, _ reason: String) {
        guard phase != .lingering, let context else { return }
        guard phase != .sending, phase != .answering, phase != .streaming else { return abort() }
        service.onRefusal(method: request?.method.rawValue, target: request?.uri, status, reason)
        if request == nil {
            // No head was taken: the encoder and the pipelining handler know of no request to answer.
            guard let encoder = rawContext() else { return abort() }
            let text = RefusalText.response(status, reason)
            encoder.writeAndFlush(NIOAny(context.channel.allocator.buffer(string: text)), promise: nil)
            return linger()
        }
        sendLast(.text("\(reason)\n", status: status))
    }

    private func sendLast(_ reply: ServerReply) {
        guard let request else { return }
        body = []
        send(reply, to: request, isLast: true)
    }

    /// Sends nothing more, and reads on for a while: a connection that is closed with unread bytes in it is reset, and
    /// the client might never see the answer.
    func linger() {
        guard let context else { return }
        enter(.lingering)
        context.close(mode: .output, promise: nil)
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            isInputClosed = true
            // What it asked for is still answered. Of a stream, this is the only sign that nobody listens any more.
            if phase != .answering, phase != .sending { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: Back-pressure

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, let action = whenWritable {
            whenWritable = nil
            action()
        }
        context.fireChannelWritabilityChanged()
    }

    /// Goes on when the client has taken the answers before: one that sends requests and reads nothing costs one answer.
    private func whenReady(_ action: @escaping () -> Void) {
        guard let context, context.channel.isActive else { return }
        if context.channel.isWritable { return action() }
        enter(.sending)
        whenWritable = action
    }

    /// Runs a task for the connection, that ends with it.
    func start(_ body: @escaping @Sendable () async -> Void) { work = Task { await body() } }

    /// The connection's channel while it is open.
    var channel: (any Channel)? { context?.channel }

    func write(_ part: HTTPServerResponsePart) { context?.write(wrapOutboundOut(part), promise: nil) }

    func writeAndFlush(_ part: HTTPServerResponsePart) -> EventLoopFuture<Void>? {
        context?.writeAndFlush(wrapOutboundOut(part))
    }

    func rawContext() -> ChannelHandlerContext? {
        try? context?.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
    }
}
