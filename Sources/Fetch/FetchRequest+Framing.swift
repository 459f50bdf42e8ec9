internal import Diagnostics

/// What of a request belongs to HTTP itself, and not to whoever makes it.
extension FetchRequest {
    /// Headers that frame a message or say which server it is for.
    private static let framingHeaders: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive", "expect",
    ]
    /// Methods that turn a connection into something else, or send the request back.
    private static let framingMethods: Set<String> = ["CONNECT", "TRACE", "TRACK"]
    /// Headers by which a tenant would speak for somebody else, or get an answer that is not decoded.
    private static let headersOfOthers: Set<String> = [
        "cookie", "origin", "referer", "via", "forwarded", "accept-encoding",
    ]
    /// Headers that go along when a redirect leads to another server; whatever else the caller set stays behind.
    static let headersForOthers: Set<String> = ["accept", "accept-language", "content-type", "user-agent"]

    /// Why a method cannot be sent, as the end of a sentence about it; nil when it can.
    public static func reasonAgainst(method: String) -> String? {
        guard isToken(method) else { return "is `\(method.escapedToOneLine)`, which is no method" }
        return framingMethods.contains(method.uppercased()) ? "is `\(method)`, which is not allowed" : nil
    }

    /// Why a header cannot be sent, as the end of a sentence about it; nil when it can.
    public static func reasonAgainst(header name: String, _ value: String) -> String? {
        guard isToken(name) else { return "is not the name of a header" }
        let isOneLine = !value.utf8.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }
        guard isOneLine else { return "has a value that is not one line" }
        let name = name.lowercased()
        if framingHeaders.contains(name) || name.hasPrefix("proxy-") { return "is set by the request itself" }
        return nil
    }

    /// The first header that a tenant may not set.
    public var headerOfOthers: String? {
        headers.lazy.map(\.0).first {
            let name = $0.lowercased()
            return Self.headersOfOthers.contains(name) || name.hasPrefix("x-forwarded-")
        }
    }

    /// Refuses methods and headers that would let a caller write parts of the request that are not the caller's.
    func checkSendable() throws {
        if let reason = Self.reasonAgainst(method: method) {
            throw MFError.unsendable(self, "`method` \(reason)")
        }
        for (name, value) in headers {
            if let reason = Self.reasonAgainst(header: name, value) {
                throw MFError.unsendable(self, "the header `\(name.escapedToOneLine)` \(reason)")
            }
        }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }
}
