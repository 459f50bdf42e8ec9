import Diagnostics
import EventLoops
import LuaBridge
import LuaLibrary

/// What a plugin declares about itself and its options, for its documentation.
public struct PluginDescription: Sendable {
    /// The plugin's name.
    public let name: String
    /// Its version, if it has one.
    public let version: String?
    /// What it does, if it says so.
    public let about: String?
    /// The options that it declares.
    public let schema: OptionSchema

    init(_ declaration: PluginDeclaration) {
        (name, version, about) = (declaration.name, declaration.version, declaration.about)
        schema = declaration.schema
    }

    private var title: String { name + (version.map { " \($0)" } ?? "") }

    /// For a terminal.
    public var text: String {
        let head = title + (about.map { ": \($0)" } ?? "")
        return schema.rules.isEmpty ? head + "\n\nIt has no options." : head + "\n\nOptions:\n\n" + schema.table()
    }

    /// For a page.
    public var markdown: String {
        let head = "# \(title)\n\n" + (about.map { "\($0)\n\n" } ?? "")
        return head + (schema.rules.isEmpty ? "It has no options." : schema.markdown())
    }

    /// For forms and validators: JSON Schema.
    ///
    /// - Throws: ``MFError`` with `LUA-007` for a schema that is nested too deeply.
    public func jsonSchema() throws -> String { try schema.jsonSchema(title: name, about: about) }

    /// For editors: classes for the Lua language server. Those of `slack-plugin` begin with `slack.Options`.
    public var stubs: String {
        let short = name.hasSuffix("-plugin") ? String(name.dropLast("-plugin".count)) : name
        let identifier = String(short.map { $0.isLetter || $0.isNumber || $0 == "_" ? $0 : "_" })
        return "---@meta\n\n" + schema.stubs(class: "\(identifier).Options", about: "The options of \(name).")
    }
}

extension Runtime {
    /// Reads what a plugin declares. Nothing of it runs but its file.
    ///
    /// - Parameter plugin: A file, or the module of a plugin that comes with mflua, such as `mf.plugins.retry`.
    /// - Throws: ``MFError`` with `HOOK-006` for a file that declares nothing, `HOOK-007` for one that cannot be run,
    ///   `PLUGIN-002` for a bad declaration.
    public func describe(plugin: String) async throws -> PluginDescription {
        try await loop.perform { [self] in
            if let shipped = ShippedPlugin.all.first(where: { $0.module == plugin }) {
                return PluginDescription(try shipped.declaration(in: state))
            }
            return PluginDescription(try PluginReader(registry, for: nil).declaration(ofFile: plugin))
        }
    }
}
