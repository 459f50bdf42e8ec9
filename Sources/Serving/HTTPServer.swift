import Diagnostics
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Posix

/// An HTTP/1.1 server on one thread of its own; what it answers is a function's business.
///
/// ```swift
/// let server = try await HTTPServer.start { request in
///     request.path == "/hello" ? .text("hello") : .text("not found", status: 404)
/// }
/// print("http://127.0.0.1:\(server.port)/hello")
/// await server.stop()
/// ```
public final class HTTPServer: Sendable {
    /// Answers one request; called on the global pool, requests of different connections at the same time.
    public typealias Handler = @Sendable (ServerRequest) async -> ServerReply

    /// The address the server listens on.
    public let host: String
    /// The port the server listens on: the one chosen by the system when 0 was asked for.
    public let port: Int

    /// A request that was answered with an error before the handler saw it.
    public struct Refusal: Sendable {
        /// The method and the target, where the request came that far.
        public let method: String?, target: String?
        /// The status of the answer.
        public let status: Int
        /// What is wrong with the request.
        public let reason: String
    }

    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let files: NIOThreadPool
    private let service: HTTPService
    private let socket: ListeningSocket?

    private init(
        host: String, port: Int, channel: any Channel, group: MultiThreadedEventLoopGroup, service: HTTPService,
        socket: ListeningSocket? = nil
    ) {
        (self.host, self.port, self.channel, self.group, self.socket) = (host, port, channel, group, socket)
        (self.service, files) = (service, service.files)
    }

    /// Starts to listen.
    ///
    /// - Parameters:
    ///   - host: The address or name to listen on; the loopback address unless told otherwise.
    ///   - port: The port, or 0 for a free one.
    ///   - limits: How long clients are waited for, and how much is taken from them.
    ///   - refuse: Answers a request by its head, before its body is read; the connection ends with that answer. Nil: the
    ///     request goes to `handler`. Called on the server's thread.
    ///   - onRefusal: Is told of what is refused for other reasons. Called on the server's thread.
    ///   - handler: Answers each request.
    /// - Throws: ``MFError`` with `CLI-005` when the address cannot be listened on.
    public static func start(
        host: String = "127.0.0.1", port: Int = 0, limits: ServerLimits = ServerLimits(),
        refuse: @escaping @Sendable (ServerRequest) -> ServerReply? = { _ in nil },
        onRefusal: @escaping @Sendable (Refusal) -> Void = { _ in }, handler: @escaping Handler
    ) async throws -> HTTPServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let files = NIOThreadPool(numberOfThreads: 2)
        files.start()
        let service = HTTPService(handler, refuse: refuse, limits: limits, files: files, log: onRefusal)
        let bootstrap = bootstrap(group, service).serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
        do {
            guard (0...65535).contains(port) else { throw MFError.cannotListen(host: host, port: port, cause: nil) }
            let channel = try await bootstrap.bind(host: host, port: port).get()
            return HTTPServer(
                host: host, port: channel.localAddress?.port ?? port, channel: channel, group: group, service: service)
        } catch {
            try? await group.shutdownGracefully()
            try? await files.shutdownGracefully()
            if let error = error as? MFError { throw error }
            throw MFError.cannotListen(host: host, port: port, cause: error)
        }
    }

    /// Serves those who connect to a socket that listens already.
    ///
    /// - Parameters:
    ///   - socket: The socket, which is closed with the server.
    ///   - limits: How long clients are waited for, and how much is taken from them.
    ///   - onRefusal: Is told of what is refused before the handler sees it. Called on the server's thread.
    ///   - handler: Answers each request.
    /// - Throws: ``MFError`` with `CLI-005` when the system gives no thread or descriptor for it.
    public static func start(
        on socket: ListeningSocket, limits: ServerLimits = ServerLimits(),
        onRefusal: @escaping @Sendable (Refusal) -> Void = { _ in }, handler: @escaping Handler
    ) async throws -> HTTPServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let files = NIOThreadPool(numberOfThreads: 1)
        let service = HTTPService(handler, refuse: { _ in nil }, limits: limits, files: files, log: onRefusal)
        var bootstrap = bootstrap(group, service)
        var (host, port) = ("", 0)
        if case .tcp(let name, let number) = socket.address {
            (host, port) = (name, number)
            bootstrap = bootstrap.childChannelOption(.socketOption(.tcp_nodelay), value: 1)
        }
        do {
            let channel = try await bootstrap.withBoundSocket(socket.descriptor).get()
            return HTTPServer(
                host: host, port: port, channel: channel, group: group, service: service, socket: socket)
        } catch {
            try? await group.shutdownGracefully()
            throw MFError.cannotListen(host: host, port: port, cause: error)
        }
    }

    private static func bootstrap(_ group: MultiThreadedEventLoopGroup, _ service: HTTPService) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.maxMessagesPerRead, value: 256)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ArrivalCounter(service.registry))
                }
            }
            // Who has sent all of a request may close that direction, and is answered in the other.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Self.addHandlers(to: channel, service) }
            }
    }

    private static func addHandlers(to channel: any Channel, _ service: HTTPService) throws {
        let pipeline = channel.pipeline.syncOperations
        let meter = HeadMeter(limit: service.limits.headBytes + service.limits.targetBytes)
        var decoding = NIOHTTPDecoderLimitConfiguration()
        decoding.maxHeaderFieldSize = service.limits.headBytes
        decoding.maxHeaderListSize = service.limits.headBytes
        try pipeline.addHandler(meter)
        try pipeline.configureHTTPServerPipeline(
            withErrorHandling: false, withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
            withDecoderLimitConfiguration: decoding)
        try pipeline.addHandler(ConnectionHandler(service, meter: meter))
    }

    /// Where the server is reached, without a slash at the end: `http://127.0.0.1:3006`.
    public var baseURL: String {
        host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
    }

    /// Stops listening, lets requests that have begun be answered, and closes each connection after that.
    ///
    /// - Parameter limit: How long answers are waited for; then all is closed.
    public func finish(within limit: Duration) async {
        await service.close(channel)
        socket?.removeFile()
        await service.finish(on: channel.eventLoop, within: limit)
        await stop()
    }

    /// Stops listening and closes every connection; returns when all is closed.
    public func stop() async {
        try? await channel.close().get()
        socket?.removeFile()
        try? await group.shutdownGracefully()
        try? await files.shutdownGracefully()
    }
}

extension MFError {
    /// The address is taken, not ours, or not one at all.
    static func cannotListen(host: String, port: Int, cause: (any Error)?) -> MFError {
        let failure = (cause as? IOError)?.errnoCode
        return MFError(
            .cannotListen, "cannot listen on \(host):\(port)",
            context: [("reason", failure.map { Errno($0).description } ?? cause.map { "\($0)" })],
            hint: failure == EADDRNOTAVAIL
                ? "give an address of this machine, such as `--host 127.0.0.1`"
                : "choose a port that is free with `--port`, or 0 to let the system choose")
    }
}
