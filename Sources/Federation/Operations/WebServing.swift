/// What a web server is to do. Federation knows no server of its own: the program that runs scripts brings one along.
package struct WebServerPlan: Sendable {
    /// Where it listens: `127.0.0.1:8080`, port 0 for a free one, or `unix:/run/agent.sock`.
    package var address: String
    /// Whether a server of this runtime listens there still, which this one succeeds.
    package var isSuccessor = false
    /// How large a request's body may be, in bytes.
    package var maxBody = 1 << 20
    /// For a request's head, for its body, for the next request, and for a client to take a part of an answer.
    package var head: Duration?, body: Duration?, idle: Duration?, write: Duration?
    /// Answers each request, on any thread.
    package var handler: @Sendable (WebRequest) async -> WebReply
}

/// A request as it arrived.
package struct WebRequest: Sendable {
    package var method: String
    /// Path and query, percent-encoded.
    package var target: String
    package var headers: [(String, String)]
    package var body: [UInt8]
    package var remoteAddress: String?

    package init(method: String, target: String, headers: [(String, String)], body: [UInt8], remoteAddress: String?) {
        (self.method, self.target, self.headers) = (method, target, headers)
        (self.body, self.remoteAddress) = (body, remoteAddress)
    }
}

/// An answer.
package struct WebReply: Sendable {
    /// The body of an answer.
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Parts as they come, nil at the end. Where it throws, the connection is closed in the middle.
        case parts(@Sendable () async throws -> [UInt8]?)
    }

    package var status = 200
    package var headers: [(String, String)] = []
    package var body = Body.bytes([])

    static func text(_ text: String, status: Int, headers: [(String, String)] = []) -> WebReply {
        WebReply(
            status: status, headers: headers + [("Content-Type", "text/plain; charset=utf-8")],
            body: .bytes(Array((text + "\n").utf8)))
    }
}

/// A server that listens.
package protocol WebServer: Sendable {
    /// Where it is reached, without a slash at the end.
    var url: String { get }
    /// The port; nil for a Unix socket.
    var port: Int? { get }
    /// Takes no new connections, lets requests be answered, and closes all after that.
    func finish(within limit: Duration) async
}

/// Starts servers: each listens when this returns.
package typealias WebServing = @Sendable (WebServerPlan) throws -> any WebServer
