import Glibc

/// One hostile file: what it does, and how it may end.
struct AttackCase: Sendable {
    let name: String
    let source: [UInt8]
    /// The endings of its line `-- expect: stopped|refused`.
    let expected: Set<String>

    struct Unreadable: Error, CustomStringConvertible {
        let path: String
        var description: String { "cannot read `\(path)`: \(String(cString: strerror(errno)))" }
    }

    /// The Lua files of a folder, by name.
    static func all(in folder: String) throws -> [AttackCase] {
        guard let directory = opendir(folder) else { throw Unreadable(path: folder) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".lua") { names.append(name) }
        }
        return try names.sorted().map { AttackCase(name: $0, source: try read("\(folder)/\($0)")) }
    }

    init(name: String, source: [UInt8]) {
        (self.name, self.source) = (name, source)
        let lines = String(decoding: source, as: UTF8.self).split(separator: "\n")
        let header = lines.first { $0.hasPrefix("-- expect:") }?.dropFirst("-- expect:".count) ?? ""
        expected = Set(header.split(separator: "|").map { $0.filter { !$0.isWhitespace } })
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw Unreadable(path: path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = fread(&part, 1, part.count, file), count > 0 { bytes.append(contentsOf: part[..<count]) }
        return bytes
    }
}
