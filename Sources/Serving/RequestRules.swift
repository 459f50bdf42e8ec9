import NIOHTTP1

/// What is refused by a request's head alone (RFC 9112).
enum RequestRules {
    /// A refusal: its status, and why.
    struct Refusal {
        let status: Int
        let reason: String
        /// Whether the body that follows can be told from the next request.
        var isFramed = true
    }

    /// - Parameter bodyBytes: How large a body may be.
    static func refusal(of head: HTTPRequestHead, targetBytes: Int, bodyBytes: Int) -> Refusal? {
        let headers = head.headers
        if head.version.major != 1 { return Refusal(status: 505, reason: "only HTTP/1.0 and HTTP/1.1 are supported") }
        if head.uri.utf8.count > targetBytes {
            return Refusal(status: 414, reason: "the target is longer than \(targetBytes) bytes")
        }
        if let reason = hostProblem(head) { return Refusal(status: 400, reason: reason) }

        let encodings = headers[canonicalForm: "Transfer-Encoding"].map { $0.lowercased() }
        let lengths = headers["Content-Length"]
        if !encodings.isEmpty {
            if !lengths.isEmpty {
                return Refusal(status: 400, reason: "both Content-Length and Transfer-Encoding", isFramed: false)
            }
            if head.version.minor == 0 {
                return Refusal(status: 400, reason: "Transfer-Encoding in HTTP/1.0", isFramed: false)
            }
            if encodings != ["chunked"] {
                return Refusal(status: 501, reason: "unknown Transfer-Encoding", isFramed: false)
            }
        }
        if lengths.count > 1 { return Refusal(status: 400, reason: "several Content-Length", isFramed: false) }
        if let text = lengths.first {
            guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(text) else {
                return Refusal(status: 400, reason: "invalid Content-Length", isFramed: false)
            }
            if length > bodyBytes { return bodyTooLarge(bodyBytes) }
        }
        if !encodings.isEmpty, bodyBytes == 0 { return bodyTooLarge(bodyBytes) }
        if let expected = headers.first(name: "Expect"), expected.lowercased() != "100-continue" {
            return Refusal(status: 417, reason: "unknown Expect")
        }
        return nil
    }

    static func bodyTooLarge(_ limit: Int) -> Refusal {
        Refusal(
            status: 413,
            reason: limit == 0 ? "request bodies are not accepted" : "the body is longer than \(limit) bytes")
    }

    private static func hostProblem(_ head: HTTPRequestHead) -> String? {
        let hosts = head.headers["Host"]
        if hosts.count > 1 { return "several Host" }
        guard let host = hosts.first else { return head.version.minor == 0 ? nil : "no Host" }
        return isAuthority(host) ? nil : "invalid Host"
    }

    /// Whether a text can be `host[:port]`; it may be empty, where the target has no authority.
    private static func isAuthority(_ text: String) -> Bool {
        let allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=%:[]".utf8
        guard text.utf8.allSatisfy(allowed.contains) else { return false }
        guard let bracket = text.lastIndex(of: "]") else {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count < 3 && (parts.count == 1 || isPort(parts[1]))
        }
        let rest = text[text.index(after: bracket)...]
        return text.hasPrefix("[") && (rest.isEmpty || rest.first == ":" && isPort(rest.dropFirst()))
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        text.isEmpty || UInt16(text) != nil
    }

    /// The path and query of a target: that of `http://host/path?query`, too (the absolute form, which a server must take).
    /// Nil of what is neither, as the `*` of OPTIONS.
    static func path(ofTarget target: String) -> String? {
        if target.hasPrefix("/") { return target }
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            guard let end = rest.firstIndex(where: { $0 == "/" || $0 == "?" || $0 == "#" }) else {
                return rest.isEmpty ? nil : "/"
            }
            if end == rest.startIndex { return nil }
            return rest[end] == "/" ? String(rest[end...]) : "/" + rest[end...]
        }
        return nil
    }
}
