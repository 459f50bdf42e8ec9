import Glibc
public import Logging

/// Serves the regular files of a folder, and of nothing else.
///
/// Every answer carries a strong `ETag` made of the content, and `Last-Modified`; a request that names what it has
/// (`If-None-Match`, `If-Modified-Since`) is answered with 304 when that is still current. A path that leaves the
/// folder, by dots, by encoded dots or slashes, or through a symbolic link, does not exist.
///
/// ```swift
/// let files = StaticFiles(root: "Fixtures/remotes")
/// let server = try await HTTPServer.start(port: 3006) { files.reply(to: $0) }
/// ```
public struct StaticFiles: Sendable {
    /// The folder that is served.
    public let root: String
    private let logger: Logger

    /// - Parameters:
    ///   - root: The folder to serve. Resolved at each request, so a link to it may be swapped under a running server.
    ///   - logger: Gets one line a request, at `info`.
    public init(root: String, logger: Logger = Logger(label: "mflua.serve")) {
        self.root = root
        self.logger = logger
    }

    /// Answers a request, and logs it.
    public func reply(to request: ServerRequest) -> ServerReply {
        let start = ContinuousClock.now
        let reply = makeReply(to: request)
        if case .response(let status, _, let body, _) = reply {
            let time = start.duration(to: .now)
            let size = request.method == "HEAD" ? 0 : body.count
            logger.info("\(request.method) \(request.path) \(status) \(size) B \(time.inMilliseconds) ms")
        }
        return reply
    }

    /// The path below the root that a request asks for; nothing when it cannot lead to a file.
    public static func path(of request: ServerRequest) -> String? { decodedPath(request.pathWithoutQuery) }

    private func makeReply(to request: ServerRequest) -> ServerReply {
        guard request.method == "GET" || request.method == "HEAD" else {
            return .response(
                status: 405, headers: [("Allow", "GET, HEAD"), ("Content-Type", "text/plain; charset=utf-8")],
                body: Array("method \(request.method) not allowed\n".utf8))
        }
        guard let path = Self.decodedPath(request.pathWithoutQuery),
            let file = StaticFile(path, inside: root)
        else {
            return .text("not found: \(request.pathWithoutQuery)\n", status: 404)
        }
        let headers = [
            ("ETag", file.entityTag), ("Last-Modified", HTTPDate.format(file.modified)), ("Cache-Control", "no-cache"),
        ]
        if isCurrent(file, for: request) { return .response(status: 304, headers: headers) }
        return .response(
            status: 200, headers: [("Content-Type", ContentType.of(path))] + headers, body: file.bytes)
    }

    /// Whether the client's copy is still good: by tag when it sent one, else by date.
    private func isCurrent(_ file: StaticFile, for request: ServerRequest) -> Bool {
        if let known = request.header("If-None-Match") {
            return known.split(separator: ",").contains { candidate in
                let tag = candidate.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
                return tag == "*" || (tag.hasPrefix("W/") ? tag.dropFirst(2) : tag) == file.entityTag
            }
        }
        if let since = request.header("If-Modified-Since").flatMap(HTTPDate.parse) { return file.modified <= since }
        return false
    }

    /// A request's path as path inside the root, or nil when it tries to be anything else.
    ///
    /// Segments are split before they are decoded, so an encoded slash never makes a new one.
    static func decodedPath(_ path: Substring) -> String? {
        guard path.utf8.first == UInt8(ascii: "/") else { return nil }
        var segments: [String] = []
        for segment in path.utf8.split(separator: UInt8(ascii: "/")) {
            guard let bytes = percentDecoded(segment), let text = String(validating: bytes, as: UTF8.self),
                text != ".", text != "..", !bytes.contains(0), !bytes.contains(UInt8(ascii: "/"))
            else { return nil }
            segments.append(text)
        }
        return segments.isEmpty ? nil : segments.joined(separator: "/")
    }

    private static func percentDecoded(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(hexDigit), let low = iterator.next().flatMap(hexDigit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
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
