/// Which addresses a tenant's fetches may reach.
///
/// A host must be listed; the address it resolves to must be a public one, unless the address itself is listed. The check
/// is made on the address that is connected to, so that neither DNS nor a redirect nor an odd spelling leads around it.
public struct AddressPolicy: Sendable {
    private let hosts: Set<String>
    private let addresses: [[UInt8]]
    private let allowsLoopback: Bool

    /// Makes a policy of a tenant's `net` list: host names, addresses, and `localhost`.
    public init(_ list: [String]) {
        var hosts: Set<String> = []
        var addresses: [[UInt8]] = []
        for entry in list {
            let entry = Self.normalized(entry)
            hosts.insert(entry)
            if let address = Self.address(entry) { addresses.append(address) }
        }
        self.hosts = hosts
        self.addresses = addresses
        allowsLoopback = hosts.contains("localhost")
    }

    /// Whether a host may be asked for at all.
    public func allows(host: String) -> Bool { hosts.contains(Self.normalized(host)) }

    /// Whether a connection to an address (4 or 16 bytes) may be made for a host.
    public func allows(host: String, address: [UInt8]) -> Bool {
        guard allows(host: host) else { return false }
        let address = Self.unmapped(address)
        if addresses.contains(where: { Self.unmapped($0) == address }) { return true }
        if allowsLoopback, Self.normalized(host) == "localhost", Self.isLoopback(address) { return true }
        return Self.isPublic(address)
    }

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

    private static func isLoopback(_ address: [UInt8]) -> Bool {
        address.count == 4 ? address[0] == 127 : address == [UInt8](repeating: 0, count: 15) + [1]
    }

    /// The IPv4 address inside an IPv6 one that is mapped (`::ffff:a.b.c.d`), compatible (`::a.b.c.d`) or translated
    /// (`64:ff9b::a.b.c.d`).
    private static func unmapped(_ address: [UInt8]) -> [UInt8] {
        guard address.count == 16 else { return address }
        let prefixes: [[UInt8]] = [
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0],
        ]
        if prefixes.contains(Array(address[..<12])) { return Array(address[12...]) }
        if address[..<12].allSatisfy({ $0 == 0 }), address[12] != 0 { return Array(address[12...]) }
        return address
    }

    /// Lower case, without the brackets of an IPv6 address and the dot of a complete name.
    private static func normalized(_ host: String) -> String {
        var host = host.lowercased()
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host.hasSuffix(".") { host.removeLast() }
        return host
    }

    /// The bytes of an address as it is usually written; nil for anything else.
    static func address(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4 {
            let bytes = parts.compactMap { $0.allSatisfy(\.isNumber) ? UInt8($0) : nil }
            return bytes.count == 4 ? bytes : nil
        }
        guard text.contains(":") else { return nil }
        let halves = text.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false).map { half in
            half.isEmpty
                ? [] : half.split(separator: ":", omittingEmptySubsequences: false).map { UInt16($0, radix: 16) }
        }
        guard halves.allSatisfy({ $0.allSatisfy { $0 != nil } }) else { return nil }
        let groups = halves.map { $0.compactMap { $0 } }
        let count = groups.reduce(0) { $0 + $1.count }
        guard groups.count == 2 ? count < 8 : count == 8 else { return nil }
        let middle = [UInt16](repeating: 0, count: groups.count == 2 ? 8 - count : 0)
        let all = groups[0] + middle + (groups.count == 2 ? groups[1] : [])
        return all.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }
}
