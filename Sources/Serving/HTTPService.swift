import NIOCore
import NIOPosix

/// What the connections of a server share. On its event loop only, but for the functions it is made with.
final class HTTPService: @unchecked Sendable {
    // Constants; `registry` is used on the one event loop that serves, which NIO checks for its channels.
    let handler: HTTPServer.Handler
    let refuse: @Sendable (ServerRequest) -> ServerReply?
    let limits: ServerLimits
    let registry: ConnectionRegistry
    /// The threads that read files.
    let files: NIOThreadPool
    private let log: @Sendable (HTTPServer.Refusal) -> Void

    init(
        _ handler: @escaping HTTPServer.Handler, refuse: @escaping @Sendable (ServerRequest) -> ServerReply?,
        limits: ServerLimits, files: NIOThreadPool, log: @escaping @Sendable (HTTPServer.Refusal) -> Void
    ) {
        (self.handler, self.refuse, self.limits, self.files, self.log) = (handler, refuse, limits, files, log)
        registry = ConnectionRegistry(limits)
    }

    /// How long connections are waited for that were just made, and for requests that are on their way.
    private static let quiet = TimeAmount.milliseconds(100)

    /// Stops listening, at a moment when no connection is being set up: it would be lost.
    func close(_ channel: any Channel) async {
        let done = channel.eventLoop.makePromise(of: Void.self)
        closeSoon(channel, done, in: .milliseconds(10), tries: 100)
        try? await done.futureResult.get()
    }

    private func closeSoon(
        _ channel: any Channel, _ done: EventLoopPromise<Void>, in time: TimeAmount, tries: Int
    ) {
        // After looks for connections: those that wait at the socket are accepted then.
        channel.eventLoop.scheduleTask(in: time) { [self] in
            if registry.arriving > 0, tries > 0 {
                return closeSoon(channel, done, in: .milliseconds(1), tries: tries - 1)
            }
            channel.close(promise: done)
        }
    }

    /// Has connections end with the answers that are under way, and returns when all have, or when the time is up.
    func finish(on eventLoop: any EventLoop, within limit: Duration) async {
        let done = eventLoop.makePromise(of: Void.self)
        eventLoop.execute { [self] in
            let late = eventLoop.scheduleTask(in: TimeAmount(limit)) { done.succeed() }
            registry.beginFinishing()
            eventLoop.scheduleTask(in: Self.quiet) { [self] in
                registry.whenEmpty {
                    late.cancel()
                    done.succeed()
                }
                registry.closeIdle()
            }
        }
        try? await done.futureResult.get()
    }

    /// Tells of a request that was refused before the handler saw it.
    func onRefusal(method: String?, target: String?, _ status: Int, _ reason: String) {
        log(HTTPServer.Refusal(method: method, target: target, status: status, reason: reason))
    }
}
