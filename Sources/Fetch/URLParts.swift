/// A URL or relative reference, taken apart as RFC 3986 says. Nothing is decoded.
public struct URLParts: Sendable, Hashable, CustomStringConvertible {
    /// `https`; lower case.
    public var scheme: String?
    /// `user:password`.
    public var credentials: String?
    /// `example.org`, `[::1]`; nil when there is no `//`.
    public var host: String?
    /// The port as written; nil when there is none.
    public var port: Int?
    /// `/a/b`; may be empty.
    public var path: String
    /// What follows `?`.
    public var query: String?
    /// What follows `#`.
    public var fragment: String?

    /// Takes a URL or relative reference apart; nil when its port is none, or it contains control characters.
    public init?(_ text: String) {
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return nil }
        // Byte by byte: a combining mark after a delimiter must not hide it.
        var rest = text[...]
        if let hash = rest.utf8.firstIndex(of: UInt8(ascii: "#")) {
            fragment = String(rest[rest.utf8.index(after: hash)...])
            rest = rest[..<hash]
        }
        if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
            query = String(rest[rest.utf8.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")), Self.isScheme(rest[..<colon]) {
            scheme = rest[..<colon].lowercased()
            rest = rest[rest.utf8.index(after: colon)...]
        }
        if rest.utf8.starts(with: "//".utf8) {
            rest = rest[rest.utf8.index(rest.startIndex, offsetBy: 2)...]
            let end = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            var authority = rest[..<end]
            rest = rest[end...]
            if let at = authority.utf8.lastIndex(of: UInt8(ascii: "@")) {
                credentials = String(authority[..<at])
                authority = authority[authority.utf8.index(after: at)...]
            }
            // The colons of an IPv6 address are inside its brackets.
            let afterBrackets = authority.utf8.lastIndex(of: UInt8(ascii: "]")) ?? authority.startIndex
            if let colon = authority[afterBrackets...].utf8.lastIndex(of: UInt8(ascii: ":")) {
                let digits = authority[authority.utf8.index(after: colon)...]
                if !digits.isEmpty {
                    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits) else {
                        return nil
                    }
                    port = Int(number)
                }
                authority = authority[..<colon]
            }
            host = String(authority)
        }
        path = String(rest)
    }

    /// The URL put together again.
    public var description: String {
        var text = ""
        if let scheme { text += scheme + ":" }
        if let host {
            text += "//"
            if let credentials { text += credentials + "@" }
            text += host
            if let port { text += ":\(port)" }
        }
        text += path
        if let query { text += "?" + query }
        if let fragment { text += "#" + fragment }
        return text
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E].contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20)
    }
}
