/// A host script: a file, read at once, or, as `-`, standard input, read when its turn comes.
struct Script: Sendable {
    private let name: String
    private let file: Result<[UInt8], any Error>?

    init(_ name: String) {
        self.name = name
        file = name == "-" ? nil : Result { try Input.read(file: name) }
    }

    /// What Lua calls the chunk.
    var chunk: String { file == nil ? "=stdin" : "@" + name }

    /// The text, or why there is none.
    func source() throws -> [UInt8] { try file?.get() ?? Input.readStandardInput() }

    /// Whether a file says that it will load remotes: it names the module `mf`.
    var namesTheFederation: Bool {
        guard case .success(let source) = file else { return false }
        return source.indices.contains { index in
            let rest = source[index...]
            return rest.starts(with: "\"mf\"".utf8) || rest.starts(with: "'mf'".utf8)
        }
    }
}
