internal import CCurl

/// What a host in a URL stands for.
public enum HostName {
    /// The bytes of an address in text, 4 or 16 of them; nil for anything else.
    ///
    /// IPv4 addresses are read in every spelling that resolvers take: `127.0.0.1`, `127.1`, `2130706433`, `0x7f.0.0.1`,
    /// `017700000001`.
    public static func address(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = bytes.withUnsafeMutableBufferPointer { mf_read_address(text, $0.baseAddress) }
        return count == 0 ? nil : Array(bytes[..<Int(count)])
    }

    /// A host's name as it is looked up: `bücher.example` → `xn--bcher-kva.example` (IDNA 2008). Names of plain letters stay
    /// what they are; nil when a name cannot be written so, or libidn2 is not there to do it.
    public static func ascii(_ host: String) -> String? {
        guard host.utf8.contains(where: { $0 >= 0x80 }) else { return host }
        guard let library = try? CurlLibrary.shared.get() else { return nil }
        return library.asciiName(host)
    }
}
