import Posix

/// One hostile file: what it does, and how it may end.
struct AttackCase: Sendable {
    let name: String
    let source: [UInt8]
    /// The endings of its line `-- expect: stopped|refused`.
    let expected: Set<String>

    /// The Lua files of a folder, by name.
    static func all(in folder: String) throws -> [AttackCase] {
        try Folder.names(in: folder, endingIn: ".lua").map {
            AttackCase(name: $0, source: try File.read("\(folder)/\($0)"))
        }
    }

    init(name: String, source: [UInt8]) {
        (self.name, self.source) = (name, source)
        let lines = String(decoding: source, as: UTF8.self).split(separator: "\n")
        let header = lines.first { $0.hasPrefix("-- expect:") }?.dropFirst("-- expect:".count) ?? ""
        expected = Set(header.split(separator: "|").map { $0.filter { !$0.isWhitespace } })
    }
}
