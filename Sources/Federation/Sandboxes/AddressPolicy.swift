public import Fetch
import LuaBridge

/// Which URLs and addresses may be reached for a tenant.
///
/// There are two ways to be allowed. A host of the tenant's `net` list is reached at public addresses, on any port. The
/// server of an entry that the host's owner wrote for one of the tenant's remotes (scheme, host and port) is reached at
/// public and private ones. Loopback and link-local addresses are reached only where the owner wrote that very address, or
/// `localhost`. Addresses are judged when they are connected to, so that neither DNS nor a redirect nor an odd spelling
/// leads around it.
///
/// ```swift
/// let policy = AddressPolicy(["api.acme.example"], entries: ["http://10.0.0.5:8080/mf-manifest.json"])
/// ```
public struct AddressPolicy: Sendable {
    /// A server that the owner wrote.
    private struct Server: Hashable {
        let scheme: String
        let host: HostKey
        let port: Int
    }

    private let hosts: Set<HostKey>
    private let servers: [Server: Set<String?>]
    private let folders: [String]

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - list: A tenant's `net`: host names, addresses, and `localhost`.
    ///   - entries: The entries that the owner wrote for the tenant's remotes.
    public init(_ list: [String], entries: [String] = []) {
        hosts = Set(list.map { HostKey($0) })
        folders = entries.compactMap { URLParts($0)?.folderOfFile }
        var servers: [Server: Set<String?>] = [:]
        for entry in entries.compactMap({ URLParts($0) }) {
            if let server = Self.server(of: entry) { servers[server, default: []].insert(entry.credentials) }
        }
        self.servers = servers
    }

    /// Whether a text names a host that a policy can allow: a name or an address, nothing around it.
    static func isHost(_ text: String) -> Bool {
        switch HostKey(text) {
        case .address: true
        case .name(let name):
            name.utf8.count <= 253
                && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                    !label.isEmpty && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
                }
        }
    }

    /// Whether a URL may be asked for. One with a user name or password is allowed only where the owner wrote them.
    public func allows(_ url: URLParts) -> Bool {
        guard let server = Self.server(of: url) else { return false }
        if let known = servers[server] { return url.credentials == nil || known.contains(url.credentials) }
        return url.credentials == nil && hosts.contains(server.host)
    }

    /// Whether a connection to an address (4 or 16 bytes) may be made for a URL.
    public func allows(_ url: URLParts, address: [UInt8]) -> Bool {
        guard allows(url), let server = Self.server(of: url) else { return false }
        let address = Self.unmapped(address)
        switch server.host {
        case .address(let written): return written == address
        case .name("localhost") where Self.isLoopback(address): return true
        case .name: return Self.isPublic(address) || (servers[server] != nil && Self.isPrivate(address))
        }
    }

    /// The folder that the file of a `file:` URL must be in; nil when the owner wrote no entry from there.
    func folder(for url: URLParts) -> String? {
        guard let file = url.folderOfFile else { return nil }
        return folders.first { file == $0 || file.hasPrefix($0 == "/" ? "/" : $0 + "/") }
    }

    private static func server(of url: URLParts) -> Server? {
        guard let scheme = url.scheme, scheme == "http" || scheme == "https", let host = url.host, !host.isEmpty else {
            return nil
        }
        return Server(scheme: scheme, host: HostKey(host), port: url.port ?? (scheme == "http" ? 80 : 443))
    }
}

// MARK: - Addresses

extension AddressPolicy {
    /// Whether an address (4 or 16 bytes) is one of the public internet.
    public static func isPublic(_ address: [UInt8]) -> Bool {
        let address = unmapped(address)
        switch address.count {
        case 4: return isPublic(v4: address)
        case 16: return isPublic(v6: address)
        default: return false
        }
    }

    private static func isPublic(v4 a: [UInt8]) -> Bool {
        switch (a[0], a[1], a[2]) {
        case (0, _, _), (10, _, _), (127, _, _): false
        case (100, 64...127, _): false  // carrier-grade NAT
        case (169, 254, _): false  // link-local, metadata services
        case (172, 16...31, _), (192, 168, _): false
        case (192, 0, 0), (192, 0, 2), (198, 51, 100), (203, 0, 113): false  // protocol assignments, documentation
        case (192, 88, 99): false  // 6to4 relays
        case (198, 18...19, _): false  // benchmarks
        case (224..., _, _): false  // multicast, reserved, broadcast
        default: true
        }
    }

    private static func isPublic(v6 a: [UInt8]) -> Bool {
        // Only 2000::/3 is given out. What it embeds or reserves is taken away again.
        guard a[0] & 0xE0 == 0x20 else { return false }
        if a[0] == 0x20, a[1] == 0x01 {
            if a[2] < 0x02 { return false }  // 2001::/23: Teredo and other assignments
            if a[2] == 0x0D, a[3] == 0xB8 { return false }  // documentation
        }
        if a[0] == 0x20, a[1] == 0x02 { return isPublic(v4: Array(a[2..<6])) }  // 6to4 holds an IPv4 address
        if a[0] == 0x3F, a[1] == 0xFF { return false }  // documentation
        return true
    }

    /// Whether an address is one of a private network: neither public, nor this machine's or this link's.
    private static func isPrivate(_ a: [UInt8]) -> Bool {
        guard a.count == 4 else { return a.count == 16 && a[0] & 0xFE == 0xFC }
        switch (a[0], a[1]) {
        case (10, _), (100, 64...127), (172, 16...31), (192, 168): return true
        default: return false
        }
    }

    private static func isLoopback(_ address: [UInt8]) -> Bool {
        address.count == 4 ? address[0] == 127 : address == [UInt8](repeating: 0, count: 15) + [1]
    }

    /// The IPv4 address inside an IPv6 one that is mapped (`::ffff:a.b.c.d`), compatible (`::a.b.c.d`) or translated
    /// (`64:ff9b::a.b.c.d`).
    fileprivate static func unmapped(_ address: [UInt8]) -> [UInt8] {
        guard address.count == 16 else { return address }
        let prefixes: [[UInt8]] = [
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0],
        ]
        if prefixes.contains(Array(address[..<12])) { return Array(address[12...]) }
        if address[..<12].allSatisfy({ $0 == 0 }), address[12] != 0 { return Array(address[12...]) }
        return address
    }
}

/// A host of a URL, in whatever spelling: two spellings of one host are one key.
private enum HostKey: Hashable {
    case name(String)
    case address([UInt8])

    init(_ host: String) {
        var host = HostName.ascii(host) ?? host
        host = host.lowercased()
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        // The dot of a complete name.
        if host.hasSuffix(".") { host.removeLast() }
        self = HostName.address(host).map { .address(AddressPolicy.unmapped($0)) } ?? .name(host)
    }
}

extension OptionType {
    /// A list of hosts.
    static let hosts = list(
        of: OptionType("string", "a host name or an address, without scheme, port or `*`") {
            $0.stringValue.map(AddressPolicy.isHost) ?? false
        }, "a list of hosts")
}
