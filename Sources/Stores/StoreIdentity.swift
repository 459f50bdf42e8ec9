/// Whose store it is: one of a host's scripts, of a plugin, or of a tenant's plugin.
package struct StoreIdentity: Sendable, Hashable {
    /// The host's name.
    package let host: String
    /// The tenant's name, for a store of a tenant's plugin.
    package let tenant: String?
    /// The plugin's name, or the one that a script has chosen.
    package let name: String
    /// Whether a script has chosen the name.
    package let isScripts: Bool

    /// The store of a plugin.
    package init(host: String, tenant: String? = nil, plugin: String) {
        (self.host, self.tenant, name, isScripts) = (host, tenant, plugin, false)
    }

    /// A store that a host's script names.
    package init(host: String, script name: String) {
        (self.host, tenant, self.name, isScripts) = (host, nil, name, true)
    }

    /// What the file tells of whom it belongs to.
    var bytes: [UInt8] {
        let parts = [isScripts ? "script" : "plugin", host, tenant ?? "", name]
        // Lengths in front: no name can look like the end of another.
        return parts.flatMap { Array("\($0.utf8.count):\($0)".utf8) }
    }

    /// The name of the host's folder.
    var folderName: String { Self.encoded(host) }

    /// The name of the file.
    var fileName: String {
        let parts = (tenant.map { ["tenant", $0] } ?? [isScripts ? "script" : "plugin"]) + [name]
        return parts.map(Self.encoded).joined(separator: ".") + ".log"
    }

    /// Messages' words for it.
    package var description: String {
        if let tenant { return "plugin `\(tenant)/\(name)`" }
        return isScripts ? "store `\(name)`" : "plugin `\(name)`"
    }

    /// A name of letters, digits, `-` and `=` for any text: two texts have two names also where the file system does not
    /// tell capitals from small letters, and none is `.`, `..` or has a `/`.
    static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += "=" + hexadecimal(UInt64(byte), digits: 2)
            }
        }
        guard encoded.utf8.count > longest else { return encoded.isEmpty ? "=" : encoded }
        // The file says whose it is, so that two names with one hash are noticed.
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return encoded.prefix(longest - 17) + "~" + hexadecimal(hash, digits: 16)
    }

    /// The longest part: three of them and what is between make a name that file systems take.
    private static let longest = 96

    private static func hexadecimal(_ number: UInt64, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }
}
