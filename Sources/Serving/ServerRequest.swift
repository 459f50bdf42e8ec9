/// One request as it arrived: read whole, names and values untouched.
public struct ServerRequest: Sendable {
    /// The method in capitals, such as `GET`.
    public let method: String
    /// The target as sent: path and query, still percent-encoded.
    public let path: String
    /// The header fields in the order they were sent.
    public let headers: [(name: String, value: String)]
    /// The whole body; empty when there was none.
    public let body: [UInt8]
    /// The address of the client; nil for one of this machine that uses a Unix socket.
    public let remoteAddress: String?

    /// Makes a request by hand, for handlers that are tested without a socket.
    public init(
        method: String = "GET", path: String, headers: [(String, String)] = [], body: [UInt8] = [],
        remoteAddress: String? = nil
    ) {
        self.remoteAddress = remoteAddress
        self.method = method
        self.path = path
        self.headers = headers.map { (name: $0.0, value: $0.1) }
        self.body = body
    }

    /// The first value of a header field, its name compared without case; nil when absent.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// The path without query or fragment, still percent-encoded.
    public var pathWithoutQuery: Substring {
        path.prefix { $0 != "?" && $0 != "#" }
    }
}
