import Glibc
public import Logging
import Posix

/// Serves the regular files of a folder, and of nothing else.
///
/// Every answer carries a strong `ETag`, and `Last-Modified`; a request that names what it has (`If-None-Match`,
/// `If-Modified-Since`) is answered with 304 when that is still current, one for a `Range` with that part. A path that
/// leaves the folder, by dots, by encoded dots or slashes, or through a symbolic link, does not exist; nor does what is
/// hidden: whose name, or a folder's on its way, begins with a dot.
///
/// ```swift
/// let files = StaticFiles(root: "Fixtures/remotes")
/// let server = try await HTTPServer.start(
///     port: 3006, limits: StaticFiles.limits, refuse: { files.refusal(of: $0) }
/// ) { files.reply(to: $0) }
/// ```
public struct StaticFiles: Sendable {
    /// The folder that is served.
    public let root: String
    /// Whether what is hidden is served, too.
    public let showsHidden: Bool
    private let logger: Logger

    /// The limits of a server that serves nothing else: requests have no bodies.
    public static var limits: ServerLimits {
        var limits = ServerLimits()
        limits.bodyBytes = 0
        return limits
    }

    /// - Parameters:
    ///   - root: The folder to serve. Resolved at each request, so a link to it may be swapped under a running server.
    ///   - showsHidden: Whether what is hidden is served, too.
    ///   - logger: Gets one line a request, at `info`.
    public init(root: String, showsHidden: Bool = false, logger: Logger = Logger(label: "mflua.serve")) {
        self.root = root
        self.showsHidden = showsHidden
        self.logger = logger
    }

    /// Answers a request, and logs it.
    public func reply(to request: ServerRequest) -> ServerReply {
        let start = ContinuousClock.now
        let reply = refusedMethod(of: request) ?? makeReply(to: request)
        log(request, reply, since: start)
        return reply
    }

    /// Answers a request by its head, and logs that, if no body could make it one that is served. For ``HTTPServer``'s
    /// `refuse`.
    public func refusal(of request: ServerRequest) -> ServerReply? {
        guard let reply = refusedMethod(of: request) else { return nil }
        log(request, reply, since: .now)
        return reply
    }

    /// Whether a path below the root is hidden.
    public static func isHidden(_ path: String) -> Bool { StaticFile.isHidden(path) }

    /// The path below the root that a request asks for; nothing when it cannot lead to a file.
    public static func path(of request: ServerRequest) -> String? { decodedPath(request.pathWithoutQuery) }

    private func log(_ request: ServerRequest, _ reply: ServerReply, since start: ContinuousClock.Instant) {
        let (status, count): (Int, Int)
        switch reply {
        case .response(let code, _, let body, _): (status, count) = (code, body.count)
        case .file(let file, let code, _): (status, count) = (code, file.count)
        default: return
        }
        let time = start.duration(to: .now)
        let size = request.method == "HEAD" ? 0 : count
        logger.info("\(request.method) \(request.path) \(status) \(size) B \(time.inMilliseconds) ms")
    }

    private static let otherMethods: Set<String> = [
        "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
    ]

    /// 405 for methods that files do not have, 501 for those that nobody has.
    private func refusedMethod(of request: ServerRequest) -> ServerReply? {
        if request.method == "GET" || request.method == "HEAD" { return nil }
        let isKnown = Self.otherMethods.contains(request.method)
        return .response(
            status: isKnown ? 405 : 501,
            headers: [("Allow", "GET, HEAD"), ("Content-Type", "text/plain; charset=utf-8")],
            body: Array("method \(request.method) not \(isKnown ? "allowed" : "implemented")\n".utf8))
    }

    private func makeReply(to request: ServerRequest) -> ServerReply {
        guard let path = Self.decodedPath(request.pathWithoutQuery), showsHidden || !StaticFile.isHidden(path) else {
            return Self.missing(request)
        }
        let file: StaticFile
        do { file = try StaticFile(path, inside: root, showsHidden: showsHidden) } catch {
            guard case .unavailable(let reason) = error else { return Self.missing(request) }
            return .response(
                status: 503, headers: [("Retry-After", "1"), ("Content-Type", "text/plain; charset=utf-8")],
                body: Array("cannot read \(request.pathWithoutQuery) now: \(reason)\n".utf8))
        }
        return file.reply(to: request, type: ContentType.of(path))
    }

    private static func missing(_ request: ServerRequest) -> ServerReply {
        .text("not found: \(request.pathWithoutQuery)\n", status: 404)
    }

    /// A request's path as path inside the root, or nil when it tries to be anything else.
    ///
    /// Segments are split before they are decoded, so an encoded slash never makes a new one.
    static func decodedPath(_ path: Substring) -> String? {
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.last != UInt8(ascii: "/") else { return nil }
        var segments: [String] = []
        for segment in path.utf8.split(separator: UInt8(ascii: "/")) {
            guard let bytes = segment.percentDecoded(strictly: true),
                let text = String(validating: bytes, as: UTF8.self),
                text != ".", text != "..", !bytes.contains(0), !bytes.contains(UInt8(ascii: "/"))
            else { return nil }
            segments.append(text)
        }
        return segments.isEmpty ? nil : segments.joined(separator: "/")
    }
}

extension Duration {
    /// For log lines: `1.27`.
    var inMilliseconds: String {
        let micros = components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
        let rest = micros % 1000 / 10
        return "\(micros / 1000).\(rest < 10 ? "0" : "")\(rest)"
    }
}
