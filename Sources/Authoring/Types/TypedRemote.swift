import Federation
import Posix

/// A remote whose types a host wants.
package struct TypedRemote: Sendable, Hashable {
    /// What its modules are asked for by.
    package let name: String
    /// The URL of its manifest.
    package let manifest: String

    package init(name: String, manifest: String) { (self.name, self.manifest) = (name, manifest) }

    /// The remotes that a folder names: those of its configuration, and those that its scripts give to `mf.init` as texts.
    ///
    /// - Throws: ``MFError`` with `BUILD-002` for a configuration that is wrong.
    package static func all(in folder: String) throws -> [TypedRemote] {
        var found: [TypedRemote] = []
        if File.exists("\(folder)/\(ProjectConfig.fileName)") {
            found += try Project(folder: folder).config.remotes.map { TypedRemote(name: $0.alias, manifest: $0.entry) }
        }
        for path in try Folder.files(below: folder, skipping: ["dist", "spec", "test"]) where path.hasSuffix(".lua") {
            guard path != ProjectConfig.fileName, let source = try? File.read("\(folder)/\(path)") else { continue }
            for remote in remotes(in: source) where !found.contains(where: { $0.name == remote.name }) {
                found.append(remote)
            }
        }
        return found.filter { Remote.isManifest(entry: $0.manifest) }
    }

    private static func remotes(in source: [UInt8]) -> [TypedRemote] {
        let tokens = LuaLexer.tokens(of: source).filter { $0.kind != .comment }
        func text(_ field: LuaTableText.Field?) -> String? {
            guard let field, field.value.count == 1, tokens[field.value.lowerBound].kind == .string else { return nil }
            return tokens[field.value.lowerBound].text
        }
        return tokens.indices.filter { tokens[$0].isMark("{") }.flatMap { brace -> [TypedRemote] in
            guard let remotes = LuaTableText(at: brace, in: tokens)["remotes"],
                tokens.indices.contains(remotes.value.lowerBound), tokens[remotes.value.lowerBound].isMark("{")
            else { return [] }
            return LuaTableText(at: remotes.value.lowerBound, in: tokens).fields.flatMap { entry -> [TypedRemote] in
                guard entry.key == nil, tokens.indices.contains(entry.value.lowerBound),
                    tokens[entry.value.lowerBound].isMark("{")
                else { return [] }
                let remote = LuaTableText(at: entry.value.lowerBound, in: tokens)
                guard let manifest = text(remote["entry"]) ?? text(remote["version"]) else { return [] }
                return [text(remote["name"]), text(remote["alias"])].compactMap { $0 }.map {
                    TypedRemote(name: $0, manifest: manifest)
                }
            }
        }
    }
}
