import Fetch

/// A server: the part of a URL before its path.
struct Origin: Hashable {
    /// `http://127.0.0.1:3006`, credentials included.
    let url: String

    /// The server of an http or https URL, and the path on it without the first slash, decoded.
    static func split(_ url: String) -> (Origin, path: String)? {
        guard var parts = URLParts(url), parts.scheme == "http" || parts.scheme == "https", parts.host != nil else {
            return nil
        }
        let path = decoded(parts.path.dropFirst())
        (parts.path, parts.query, parts.fragment) = ("", nil, nil)
        return (Origin(url: parts.description), path)
    }

    private static func decoded(_ path: Substring) -> String {
        guard path.utf8.contains(UInt8(ascii: "%")) else { return String(path) }
        let parts = path.utf8.split(separator: UInt8(ascii: "%"), omittingEmptySubsequences: false)
        var bytes = Array(parts[0])
        for part in parts.dropFirst() {
            let digits = String(decoding: part.prefix(2), as: UTF8.self)
            if digits.utf8.count == 2, let byte = UInt8(digits, radix: 16) {
                bytes.append(byte)
                bytes += part.dropFirst(2)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes += part
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
