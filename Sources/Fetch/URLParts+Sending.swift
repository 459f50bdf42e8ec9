extension URLParts {
    /// The URL as it goes over the wire: without fragment, and with everything escaped that may not stand in a path.
    var encodedForSending: String {
        var parts = self
        parts.fragment = nil
        parts.path = Self.escaped(path)
        parts.query = query.map(Self.escaped)
        return parts.description
    }

    private static func escaped(_ text: String) -> String {
        func isPlain(_ byte: UInt8) -> Bool {
            byte > 0x20 && byte < 0x7F && !"\"<>\\^`{|}".utf8.contains(byte)
        }
        guard !text.utf8.allSatisfy(isPlain) else { return text }
        var result: [UInt8] = []
        for byte in text.utf8 {
            if isPlain(byte) {
                result.append(byte)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += Array("%".utf8) + Array((digits.count < 2 ? "0" + digits : digits).utf8)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
