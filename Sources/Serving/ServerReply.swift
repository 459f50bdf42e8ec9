/// What a handler wants done with a connection: an answer, or one of the ways in which a server can misbehave.
public enum ServerReply: Sendable {
    /// A whole answer, sent after `delay`.
    ///
    /// `Content-Length` is added unless `headers` names one; one that disagrees with `body` is sent as it is and
    /// the connection is closed after the body, as a server does that dies in the middle.
    case response(status: Int, headers: [(String, String)] = [], body: [UInt8] = [], delay: Duration = .zero)
    /// Sends a file, or a part of it, in pieces; `Content-Length` is added.
    ///
    /// The connection is closed in the middle when the file changes while it is sent.
    case file(ServedFile, status: Int = 200, headers: [(String, String)] = [])
    /// Closes the connection without an answer.
    case hangUp(after: Duration = .zero)
    /// Sends these very bytes instead of an HTTP answer, then closes, or leaves the client waiting.
    case raw([UInt8], thenClose: Bool)
    /// Sends the elements of a stream as they come: server-sent events, slow bodies, bodies without an end.
    ///
    /// The next element is asked for once the one before has left, and the stream is cancelled when the client leaves.
    /// Without a `Content-Length` among `headers` the body is chunked.
    case stream(AsyncStream<[UInt8]>, status: Int = 200, headers: [(String, String)] = [])
    /// The same from a function that gives the next element, nil at the end. Where it throws, the connection is closed in
    /// the middle: the client sees that something is missing.
    case pieces(@Sendable () async throws -> [UInt8]?, status: Int = 200, headers: [(String, String)] = [])

    /// A short answer in plain text.
    public static func text(_ text: String, status: Int = 200) -> ServerReply {
        .response(status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }

    /// A JSON answer from its text.
    public static func json(_ text: String, status: Int = 200) -> ServerReply {
        .response(status: status, headers: [("Content-Type", "application/json")], body: Array(text.utf8))
    }
}
