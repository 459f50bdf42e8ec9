import Posix

/// The options that plugins of a project declare, as their files spell them.
struct PluginOptionNames {
    private let folder: String

    /// - Parameter folder: The project's.
    init(folder: String) { self.folder = folder }

    /// The names of the options of a plugin's file; nil where the file declares none, or none that can be read off it.
    ///
    /// - Parameter script: The script that names the file, relative to the folder.
    func of(_ file: String, namedBy script: String) -> [String]? {
        let base = script.lastIndex(of: "/").map { String(script[...$0]) } ?? ""
        let path = file.hasPrefix("/") ? file : "\(folder)/\(base)\(file)"
        guard file.hasSuffix(".lua"), let source = try? SourceReader.bytes(at: path, of: file) else {
            return nil
        }
        let tokens = LuaLexer.tokens(of: source).filter { $0.kind != .comment }
        for brace in tokens.indices where tokens[brace].isMark("{") {
            let table = LuaTableText(at: brace, in: tokens)
            guard table["plugin"] != nil, let options = table["options"] else { continue }
            guard tokens.indices.contains(options.value.lowerBound), tokens[options.value.lowerBound].isMark("{") else {
                return nil
            }
            return LuaTableText(at: options.value.lowerBound, in: tokens).fields.compactMap(\.key)
        }
        return nil
    }
}
