import Federation

/// A pattern for names of modules: `socket.*` stands for `socket.http`, not for `socket`.
struct ModulePattern {
    private let glob: Glob

    init(_ text: String) { glob = Glob(Self.path(text)) }

    func matches(_ module: String) -> Bool { glob.matches(Self.path(module)) }

    private static func path(_ name: String) -> String { String(name.map { $0 == "." ? "/" : $0 }) }
}
