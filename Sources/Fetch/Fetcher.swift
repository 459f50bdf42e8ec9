package import Diagnostics

/// Gets the bytes of a URL.
///
/// ``CurlFetcher`` asks the network; ``InMemoryFetcher`` answers by itself, for tests and for embedding.
public protocol Fetcher: AnyObject, Sendable {
    /// Fetches a URL. Cancelling the task ends the transfer.
    ///
    /// - Returns: The answer, whole.
    /// - Throws: An `MFError` with a `FETCH` code; for a status other than 2xx that is `FETCH-002`, unless the request
    ///   accepts any status.
    func fetch(_ request: FetchRequest) async throws -> FetchResponse

    /// A fetcher of the same kind that shares no connection with this one: whoever uses it cannot use up the other's,
    /// nor be heard on them. Where there are no connections to share, the fetcher itself.
    func separated(_ limits: FetchLimits) -> any Fetcher

    /// Cancels all transfers and closes all connections; later fetches are refused. From any thread.
    func close()
}

extension Fetcher {
    public func separated(_ limits: FetchLimits) -> any Fetcher { self }

    public func close() {}

    /// Fetches a URL with the default request: `GET`, the default deadlines and limits.
    ///
    /// - Throws: ``MFError`` with a `FETCH` code.
    public func fetch(_ url: String) async throws -> FetchResponse {
        try await fetch(FetchRequest(url: url))
    }
}

/// What to fetch, and how long and how large it may get.
public struct FetchRequest: Sendable {
    /// The URL: `http:`, `https:`, or `file:` where ``allowsFile`` says so.
    public var url: String
    /// The method.
    public var method: String
    /// Headers to send, in order.
    public var headers: [(String, String)]
    /// What is asked about an answer that is known already.
    public var conditions: FetchConditions?
    /// The body to send.
    public var body: [UInt8]?
    /// The deadline for the whole transfer, redirects and waiting for a free connection included. With ``onPart`` it is
    /// one for the answer's header only.
    public var timeout: Duration
    /// The deadline for getting connected: name resolution, TCP and TLS.
    public var connectTimeout: Duration
    /// How large the body may be, compressed and decompressed.
    public var maxBytes: Int
    /// How many redirects are followed.
    public var maxRedirects: Int
    /// Which `file:` URLs may be read; none where nothing is said.
    public var files: FileAccess
    /// Whether a status other than 2xx is an answer and not an error.
    public var acceptsAnyStatus: Bool
    /// Says what may be asked and what may be connected to; everything where there is none. Requests with a policy never
    /// use a proxy.
    public var policy: FetchPolicy?
    /// Gets the body as it comes, in place of the answer: for answers that do not end, such as server-sent events.
    ///
    /// It is called on the fetcher's loop, first with the header and no bytes; `false` ends the transfer, and the fetch
    /// fails with `FETCH-010`. An answer that would be an error is not handed out.
    public var onPart: (@Sendable (_ header: FetchResponse, _ bytes: [UInt8]) -> Bool)?

    /// What messages show in place of a URL that is a secret.
    public var shownURL: String?
    /// The headers whose values are secrets, in lower case: they stay behind when a redirect leads to another server.
    public var secretHeaders: Set<String> = []
    /// Whether the body is a secret: it is not sent to another server that a redirect leads to.
    public var hasSecretBody = false

    /// The URL that was asked for at first, where a redirect has led here.
    var redirectedFrom: String?

    /// The same as it goes out: with its conditions, where it asks for what they are about.
    var conditional: FetchRequest {
        guard let conditions, conditions.url == url else { return self }
        var request = self
        request.headers += conditions.headers
        return request
    }

    /// Whether a part of what lies at the URL (status 206) is an answer: where the caller asks for one.
    var acceptsPart: Bool { acceptsAnyStatus && headers.contains { $0.0.lowercased() == "range" } }

    /// The error of an answer that does not come in time.
    package func timedOut() -> MFError { .timedOut(self) }

    /// Makes a request.
    public init(
        url: String, method: String = "GET", headers: [(String, String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(20), connectTimeout: Duration = .seconds(5), maxBytes: Int = 16 << 20,
        maxRedirects: Int = 5, files: FileAccess = .none, acceptsAnyStatus: Bool = false,
        policy: FetchPolicy? = nil
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.maxBytes = maxBytes
        self.maxRedirects = maxRedirects
        self.files = files
        self.acceptsAnyStatus = acceptsAnyStatus
        self.policy = policy
    }
}

/// The header fields of a conditional request, and the URL that they are about.
///
/// An entity tag is its server's own: it goes to the URL that gave it, also behind a redirect to another server, and to no
/// other URL, which may have the same tag for something else.
///
/// ```swift
/// request.conditions = FetchConditions(url: known.url, headers: [("If-None-Match", tag)])
/// ```
public struct FetchConditions: Sendable {
    /// The URL whose answer is known: after redirects.
    public var url: String
    /// `If-None-Match`, `If-Modified-Since`.
    public var headers: [(String, String)]

    /// Makes conditions.
    public init(url: String, headers: [(String, String)]) { (self.url, self.headers) = (url, headers) }
}

/// A whole answer.
public struct FetchResponse: Sendable {
    /// The status; 200 for a file.
    public var status: Int
    /// Where the body came from, after redirects.
    public var url: String
    /// The headers, in order, as the server wrote their names.
    public var headers: [(String, String)]
    /// The body, decompressed.
    public var body: [UInt8]

    /// Makes an answer.
    public init(status: Int = 200, url: String, headers: [(String, String)] = [], body: [UInt8] = []) {
        self.status = status
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// The first header of a name, upper and lower case being equal.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.0.lowercased() == wanted }?.1
    }

    /// The body as text; what is not UTF-8 is replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// Whether the status is 2xx.
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// Whether it is the file that was asked for: a success that says that it has no content is none.
    var isFile: Bool { isSuccess && status != 204 && status != 205 }
}
