import NIOCore
import NIOHTTP1
import NIOPosix

extension ConnectionHandler {
    /// Sends a reply.
    ///
    /// - Parameter isLast: Whether the connection ends with it.
    func send(_ reply: ServerReply, to request: HTTPRequestHead, isLast: Bool = false) {
        guard let channel, channel.isActive else { return }
        switch reply {
        case .response(let status, let headers, let body, let delay):
            after(delay) { $0.respond(status, headers, body, to: request, isLast: isLast) }
        case .file(let file, let status, let headers):
            send(file, status, headers, to: request, isLast: isLast)
        case .hangUp(let delay): after(delay) { $0.abort() }
        case .raw(let bytes, let thenClose): sendRaw(bytes, thenClose: thenClose)
        case .stream(let stream, let status, let headers):
            send(status, headers, to: request) { send in for await bytes in stream { try await send(bytes) } }
        case .pieces(let next, let status, let headers):
            send(status, headers, to: request) { send in while let bytes = try await next() { try await send(bytes) } }
        }
    }

    private func after(_ delay: Duration, _ action: @escaping (ConnectionHandler) -> Void) {
        if delay <= .zero { return action(self) }
        guard let loop = channel?.eventLoop else { return }
        let bound = NIOLoopBound((self, action), eventLoop: loop)
        loop.scheduleTask(in: TimeAmount(delay)) {
            let (connection, action) = bound.value
            if connection.channel?.isActive == true { action(connection) }
        }
    }

    private func respond(
        _ status: Int, _ headers: [(String, String)], _ body: [UInt8], to request: HTTPRequestHead, isLast: Bool
    ) {
        enter(.sending)
        var fields = HTTPHeaders(headers)
        let declared = fields.first(name: "Content-Length")
        let hasBody = status >= 200 && status != 204 && status != 304
        if declared == nil, hasBody { fields.add(name: "Content-Length", value: String(body.count)) }
        let isWhole = declared == nil || declared == String(body.count) || !hasBody || request.method == .HEAD
        let keepsAlive = request.isKeepAlive && isWhole && !isLast && !service.registry.isFinishing
        writeHead(status, fields, keepsAlive: keepsAlive, to: request)
        if hasBody, request.method != .HEAD, !body.isEmpty, let channel {
            write(.body(.byteBuffer(channel.allocator.buffer(bytes: body))))
        }
        finish(keepsAlive: keepsAlive, isLast: isLast)
    }

    private func writeHead(_ status: Int, _ headers: HTTPHeaders, keepsAlive: Bool, to request: HTTPRequestHead) {
        var fields = headers
        if !keepsAlive {
            fields.replaceOrAdd(name: "Connection", value: "close")
        } else if request.version.minor == 0 {
            fields.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
        let version = request.version.major == 1 ? request.version : .http1_1
        write(.head(HTTPResponseHead(version: version, status: .init(statusCode: status), headers: fields)))
    }

    /// Ends an answer: the connection waits for the next request, or is closed once the client has the answer.
    private func finish(keepsAlive: Bool, isLast: Bool = false) {
        guard let channel, let sent = writeAndFlush(.end(nil)) else { return }
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        sent.whenComplete { result in
            let connection = bound.value
            guard connection.phase == .sending else { return }
            guard case .success = result else { return connection.abort() }
            if isLast {
                connection.linger()
            } else if keepsAlive {
                connection.enter(.idle)
            } else {
                connection.abort()
            }
        }
    }

    /// Past the encoder: what is sent need not be HTTP.
    private func sendRaw(_ bytes: [UInt8], thenClose: Bool) {
        guard let encoder = rawContext() else { return abort() }
        let sent = encoder.writeAndFlush(NIOAny(encoder.channel.allocator.buffer(bytes: bytes)))
        guard thenClose else { return }
        let bound = NIOLoopBound(self, eventLoop: encoder.eventLoop)
        sent.whenComplete { _ in bound.value.abort() }
    }

    // MARK: Pieces

    private static let pieceBytes = 64 << 10

    /// Sends a file piece by piece: each is read when the client has taken the one before.
    ///
    /// The connection is closed in the middle when the file changes while it is sent: the client sees that it has less than
    /// `Content-Length`, and never gets half of one version and half of another.
    private func send(
        _ file: ServedFile, _ status: Int, _ headers: [(String, String)], to request: HTTPRequestHead, isLast: Bool
    ) {
        enter(.sending)
        let keepsAlive = request.isKeepAlive && !isLast
        writeHead(
            status, HTTPHeaders(headers + [("Content-Length", String(file.count))]), keepsAlive: keepsAlive, to: request
        )
        guard request.method != .HEAD else { return finish(keepsAlive: keepsAlive, isLast: isLast) }
        sendPiece(of: file, from: 0) { $0.finish(keepsAlive: keepsAlive, isLast: isLast) }
    }

    private func sendPiece(of file: ServedFile, from offset: Int, then end: @escaping (ConnectionHandler) -> Void) {
        guard let channel else { return }
        if offset == file.count { return end(self) }
        let count = min(Self.pieceBytes, file.count - offset)
        let bound = NIOLoopBound((self, end), eventLoop: channel.eventLoop)
        let piece = service.files.runIfActive(eventLoop: channel.eventLoop) { file.read(at: offset, count: count) }
        piece.whenComplete { result in
            let connection = bound.value.0
            guard case .success(let bytes?) = result, let channel = connection.channel,
                let sent = connection.writeAndFlush(.body(.byteBuffer(channel.allocator.buffer(bytes: bytes))))
            else { return connection.abort() }
            connection.extendSending()
            sent.whenSuccess {
                let (connection, end) = bound.value
                connection.sendPiece(of: file, from: offset + count, then: end)
            }
        }
    }

    /// Sends pieces as they come.
    ///
    /// - Parameter pieces: Passes each piece to its argument, which waits until it has left.
    private func send(
        _ status: Int, _ headers: [(String, String)], to request: HTTPRequestHead,
        _ pieces: @escaping @Sendable (_ send: @Sendable ([UInt8]) async throws -> Void) async throws -> Void
    ) {
        guard let channel else { return }
        // Its elements come when they come: only the client's taking them has a limit.
        enter(.streaming)
        let isChunked = request.version.minor > 0 && !headers.contains { $0.0.lowercased() == "content-length" }
        let keepsAlive = request.isKeepAlive && isChunked && !service.registry.isFinishing
        writeHead(status, HTTPHeaders(headers), keepsAlive: keepsAlive, to: request)
        channel.flush()
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let isHead = request.method == .HEAD
        let limit = service.limits.write
        start {
            if !isHead {
                do {
                    try await pieces { bytes in
                        let part = HTTPServerResponsePart.body(.byteBuffer(channel.allocator.buffer(bytes: bytes)))
                        let late = channel.eventLoop.scheduleTask(in: TimeAmount(limit)) { bound.value.abort() }
                        defer { late.cancel() }
                        try await channel.writeAndFlush(part)
                    }
                } catch {
                    // Closed in the middle: the client sees that something is missing.
                    return channel.eventLoop.execute { bound.value.abort() }
                }
            }
            if Task.isCancelled { return }
            channel.eventLoop.execute {
                let connection = bound.value
                guard connection.channel?.isActive == true else { return }
                connection.enter(.sending)
                connection.finish(keepsAlive: keepsAlive)
            }
        }
    }
}

/// An answer as text, for requests that were no request.
enum RefusalText {
    static func response(_ status: Int, _ reason: String) -> String {
        """
        HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r
        Content-Type: text/plain; charset=utf-8\r
        Content-Length: \(reason.utf8.count + 1)\r
        Connection: close\r
        \r
        \(reason)

        """
    }
}
