extension StaticFile {
    /// The answer to a request for the file: all of it, a part, or that the client's copy is still good (RFC 9110, 13.2.2).
    func reply(to request: ServerRequest, type: String) -> ServerReply {
        let validators = [
            ("ETag", entityTag), ("Last-Modified", HTTPDate.format(modified)), ("Cache-Control", "no-cache"),
        ]
        if !isWhatIsWanted(by: request) {
            discard()
            return .response(status: 412, headers: validators)
        }
        if isCurrent(for: request) {
            discard()
            return .response(status: 304, headers: validators)
        }
        let headers = [("Content-Type", type), ("Accept-Ranges", "bytes")] + validators
        switch range(for: request) {
        case .whole: return send(0..<size, status: 200, headers: headers)
        case .part(let range):
            let place = ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)")
            return send(range, status: 206, headers: headers + [place])
        case .unsatisfiable:
            discard()
            return .response(status: 416, headers: validators + [("Content-Range", "bytes */\(size)")])
        }
    }

    private func send(_ range: Range<Int>, status: Int, headers: [(String, String)]) -> ServerReply {
        switch content {
        case .bytes(let bytes):
            .response(status: status, headers: headers, body: range.count == size ? bytes : Array(bytes[range]))
        case .open(let descriptor, let version):
            .file(ServedFile(descriptor, range, version), status: status, headers: headers)
        }
    }

    /// Closes what is not sent.
    private func discard() {
        if case .open(let descriptor, let version) = content { _ = ServedFile(descriptor, 0..<0, version) }
    }

    /// `If-Match`, else `If-Unmodified-Since`.
    private func isWhatIsWanted(by request: ServerRequest) -> Bool {
        if let wanted = request.header("If-Match") { return names(wanted, weakly: false) }
        guard let date = request.header("If-Unmodified-Since").flatMap(HTTPDate.parse) else { return true }
        return modified <= date
    }

    /// Whether the client's copy is still good: by tag when it sent one, else by date.
    private func isCurrent(for request: ServerRequest) -> Bool {
        if let known = request.header("If-None-Match") { return names(known, weakly: true) }
        guard let date = request.header("If-Modified-Since").flatMap(HTTPDate.parse) else { return false }
        return modified <= date
    }

    /// What `Range` asks for, unless `If-Range` names another version: then the whole file is due.
    private func range(for request: ServerRequest) -> ByteRange {
        guard request.method == "GET", let field = request.header("Range") else { return .whole }
        if let known = request.header("If-Range") {
            let isThis = known.hasPrefix("\"") ? known == entityTag : HTTPDate.parse(known) == modified
            if !isThis { return .whole }
        }
        return ByteRange(field, of: size)
    }

    /// Whether a list of tags has this file's, or is `*`.
    private func names(_ list: String, weakly: Bool) -> Bool {
        list.split(separator: ",").contains { candidate in
            let tag = candidate.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
            return tag == "*" || (weakly && tag.hasPrefix("W/") ? tag.dropFirst(2) : tag) == entityTag
        }
    }
}
