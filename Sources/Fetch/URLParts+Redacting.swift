extension URLParts {
    /// A URL fit for messages: without user name, password, and the values of query keys that carry secrets.
    ///
    /// Works on whatever was given as a URL, be it valid or not.
    public static func redacted(_ url: String) -> String {
        var text = url
        if let authority = rangeOfAuthority(in: text),
            let at = text[authority].utf8.lastIndex(of: UInt8(ascii: "@"))
        {
            text.removeSubrange(authority.lowerBound..<text.utf8.index(after: at))
        }
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else { return text }
        let end = text[mark...].utf8.firstIndex(of: UInt8(ascii: "#")) ?? text.endIndex
        let query = text[text.utf8.index(after: mark)..<end]
        let shown = query.split(separator: "&", omittingEmptySubsequences: false).map { pair -> Substring in
            guard let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")), isSecret(pair[..<equals]) else {
                return pair
            }
            return pair[..<equals] + "=***"
        }
        return text[..<mark] + "?" + shown.joined(separator: "&") + text[end...]
    }
}

private func isSecret(_ key: Substring) -> Bool {
    let key = key.lowercased()
    return ["token", "password", "passwd", "secret", "signature", "credential", "apikey", "api_key", "api-key"]
        .contains { key.contains($0) } || key == "sig" || key == "key"
}

/// What is between `//` and the path, with whatever may be credentials.
private func rangeOfAuthority(in text: String) -> Range<String.Index>? {
    guard
        let start = text.utf8.indices.dropLast().first(where: { index in
            text.utf8[index] == UInt8(ascii: "/") && text.utf8[text.utf8.index(after: index)] == UInt8(ascii: "/")
        }).map({ text.utf8.index($0, offsetBy: 2) })
    else { return nil }
    let end = text[start...].utf8.firstIndex { "/?#".utf8.contains($0) } ?? text.endIndex
    let authority = text[start..<end].utf8
    // `user:pa/ss@host` is not valid, but a password all the same: what should be the port is no number.
    if !authority.contains(UInt8(ascii: "@")), let colon = authority.lastIndex(of: UInt8(ascii: ":")),
        authority.last != UInt8(ascii: "]"),
        !authority[authority.index(after: colon)...].allSatisfy({ (0x30...0x39).contains($0) }),
        let at = text[end...].utf8.lastIndex(of: UInt8(ascii: "@"))
    {
        return start..<text.utf8.index(after: at)
    }
    return start..<end
}
