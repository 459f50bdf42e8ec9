/// A text without what is secret in a URL: credentials, and all that follows a question mark or a number sign.
///
/// Works on whatever stands for a URL, in any spelling that some reader might take as one: slashes and backslashes alike,
/// one or none of them after `http:`, several URLs in one text, passwords with slashes in them.
///
/// - Parameter isPath: Whether the text is a URL or a path, and not a sentence that may hold one.
func publicAddress(_ text: String, isPath: Bool = false) -> String {
    guard text.utf8.contains(where: { "@?#".utf8.contains($0) }) else { return text }
    return String(decoding: publicAddress(Array(text.utf8), isPath: isPath), as: UTF8.self)
}

/// The same for a text that is no UTF-8.
func publicAddress(_ text: [UInt8], isPath: Bool = false) -> [UInt8] {
    var shown: [UInt8] = []
    shown.reserveCapacity(text.count)
    var (index, isURL) = (0, isPath)
    var isHost = startsWithCredentials(text)
    while index < text.count {
        if isHost {
            isHost = false
            if let at = lastOfCredentials(in: text, from: index) {
                index = at + 1
                continue
            }
        }
        let byte = text[index]
        if isURL, byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { break }
        shown.append(byte)
        index += 1
        guard index < text.count, !isSlash(text[index]), leadsToHost(shown) else { continue }
        (isHost, isURL) = (true, true)
    }
    return shown
}

/// Whether a host comes next: after two slashes of either kind, or after `http:` with fewer.
private func leadsToHost(_ shown: [UInt8]) -> Bool {
    guard let last = shown.last, isSlash(last) || last == UInt8(ascii: ":") else { return false }
    let head = isSlash(last) ? shown.dropLast() : shown[...]
    if isSlash(last), let before = head.last, isSlash(before) { return true }
    return ["http:", "https:"].contains { scheme in
        head.suffix(scheme.utf8.count).elementsEqual(scheme.utf8) { $0 | 0x20 == $1 | 0x20 }
    }
}

/// Whether a text begins as `user:password@host` does.
private func startsWithCredentials(_ text: [UInt8]) -> Bool {
    guard let at = text.firstIndex(of: UInt8(ascii: "@")), let colon = text.firstIndex(of: UInt8(ascii: ":")) else {
        return false
    }
    return colon < at && !text[..<colon].contains { isSlash($0) || $0 == UInt8(ascii: " ") }
        && !text[(colon + 1)..<at].contains { isSlash($0) || $0 == UInt8(ascii: " ") }
}

/// Where the credentials before a host end.
private func lastOfCredentials(in text: [UInt8], from start: Int) -> Int? {
    let end = text[start...].firstIndex { isSlash($0) || "?#".utf8.contains($0) } ?? text.endIndex
    let authority = text[start..<end]
    if let at = authority.lastIndex(of: UInt8(ascii: "@")) { return at }
    // `user:pa/ss@host` is not valid, but a password all the same: what should be the port is no number.
    guard let colon = authority.lastIndex(of: UInt8(ascii: ":")), authority.last != UInt8(ascii: "]"),
        !authority[(colon + 1)...].allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return text[end...].lastIndex(of: UInt8(ascii: "@"))
}

private func isSlash(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") }
