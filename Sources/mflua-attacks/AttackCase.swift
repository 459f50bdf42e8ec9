import Posix

/// One hostile file: what it does, and how it may end.
struct AttackCase: Sendable {
    /// What a file is, by its header `-- runs as:`, or by its name for a manifest.
    enum Kind: Sendable {
        /// Code of a tenant that is run by itself.
        case chunk
        /// A tenant's plugin, attached to a host that loads remotes of its own and of two tenants.
        case plugin
        /// The manifest of a tenant's remote.
        case manifest
    }

    let kind: Kind
    let name: String
    let path: String
    let source: [UInt8]
    /// The endings of its line `-- expect: stopped|refused`.
    let expected: Set<String>

    /// The Lua and JSON files of a folder, by name.
    static func all(in folder: String) throws -> [AttackCase] {
        let names = try Folder.names(in: folder, endingIn: ".lua") + Folder.names(in: folder, endingIn: ".json")
        return try names.map { name in
            AttackCase(name: name, path: "\(folder)/\(name)", source: try File.read("\(folder)/\(name)"))
        }
    }

    init(name: String, path: String, source: [UInt8]) {
        (self.name, self.path, self.source) = (name, path, source)
        let lines = String(decoding: source, as: UTF8.self).split(separator: "\n")
        if name.hasSuffix(".json") {
            // JSON has no room for a header: what it names is not fetched, and the rest of it loads or does not.
            (kind, expected) = (.manifest, ["contained", "refused", "stopped"])
            return
        }
        kind = lines.contains("-- runs as: plugin") ? .plugin : .chunk
        let header = lines.first { $0.hasPrefix("-- expect:") }?.dropFirst("-- expect:".count) ?? ""
        expected = Set(header.split(separator: "|").map { $0.filter { !$0.isWhitespace } })
    }
}
