import Diagnostics
import LuaBridge

/// A plugin that declares its options: a table with a function `plugin`, whose keys are closed.
///
/// ```lua
/// return {
///   name = "slack-plugin",
///   options = { url = { type = "url", required = true, secret = true } },
///   plugin = function(options) return { onLoad = function(args) … end } end,
/// }
/// ```
struct PluginDeclaration: Sendable {
    let name: String
    let version: String?
    let about: String?
    /// What it says of the plugin's place, as it is written.
    let placement: [(key: String, value: LuaValue)]
    /// What it says of its store, as it was given.
    let store: LuaValue
    let schema: OptionSchema
    /// What the author checks beside the schema.
    let check: LuaFunction?
    /// Makes the plugin of its options; nil where that is a tenant's function.
    let make: LuaFunction?

    /// Whether a table declares a plugin; one without a function `plugin` is Module Federation's form.
    static func isOne(_ table: LuaTable) throws -> Bool {
        if case .function = try table.rawGet("plugin") { true } else { false }
    }

    private static let keys =
        ["name", "version", "about", "options", "check", "plugin", "order", "store"] + PluginPlacement.keys.map(\.name)
    /// Keys that later versions have.
    private static let laterKeys: Set<String> = [
        "observe", "needs", "provides", "events",
        "experimental",
    ]

    /// Reads a declaration.
    ///
    /// - Parameters:
    ///   - text: What it is written in, for the lines in messages.
    ///   - hooks: The hooks that there are.
    ///   - source: What it was read from.
    ///   - entry: What the owner says of its place; nil: what the source says.
    /// - Throws: ``MFError`` with `PLUGIN-002` that names everything wrong with it, with `PLUGIN-022` where it needs
    ///   another version of mflua.
    init(
        _ table: LuaTable, writtenIn text: SourceText?, hooks: [String], source: PluginSource? = nil,
        entry: PluginPlacement? = nil
    ) throws {
        try self.init(try table.pairs(), writtenIn: text, hooks: hooks, source: source, entry: entry)
    }

    /// Reads a declaration from the entries of its table.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-002` that names everything wrong with it.
    init(
        _ entries: [(LuaValue, LuaValue)], writtenIn text: SourceText?, hooks: [String], source: PluginSource? = nil,
        entry: PluginPlacement? = nil
    ) throws {
        let named = Dictionary(entries.compactMap { entry in entry.0.stringValue.map { ($0, entry.1) } }) { $1 }
        try LuaPlugin.expectVersion(named, source: source, entry: entry ?? source?.settings.placement)
        var faults: [SchemaFault] = []
        var given: [String: LuaValue] = [:]
        for (key, value) in entries {
            if case .string(let name) = key, Self.keys.contains(name) {
                given[name] = value
            } else {
                faults.append(Self.unknown(key, value, hooks))
            }
        }
        faults.sort { $0.text < $1.text }
        func string(_ key: String) -> String? {
            guard let value = given[key] else { return nil }
            if value.stringValue == nil {
                faults.append(SchemaFault(keys: [key], text: "`\(key)` is a string, got \(value.shownOption)"))
            }
            return value.stringValue
        }
        name = string("name") ?? ""
        if given["name"] == nil || given["name"]?.stringValue == "" {
            faults.append(SchemaFault(keys: [], text: "`name` is missing"))
        } else if !Plugin.isName(name) {
            faults.append(SchemaFault(keys: ["name"], text: "`name` is \"\(name)\": it has neither `/` nor `,`"))
        }
        (version, about) = (string("version"), string("about"))
        placement = (["order"] + PluginPlacement.keys.map(\.name)).compactMap { key in given[key].map { (key, $0) } }
        if let value = given["order"], value.stringValue != "pre", value.stringValue != "post" {
            faults.append(
                SchemaFault(keys: ["order"], text: "`order` is \"pre\" or \"post\", got \(value.shownOption)"))
        }
        faults += try PluginPlacement.problems { given[$0] }.map { SchemaFault(keys: [$0], text: $1.text) }
        store = given["store"] ?? .nil
        if !store.isNil {
            faults += try StoreDeclaration.problems(with: store).map { SchemaFault(keys: ["store"], text: $0.text) }
        }
        check = given["check"]?.functionValue
        if let value = given["check"], !value.isCallable {
            faults.append(SchemaFault(keys: ["check"], text: "`check` is a function, got \(value.shownOption)"))
        }
        schema = try given["options"].map { try OptionSchema.read($0, &faults) } ?? [:]
        make = given["plugin"]?.functionValue
        if !faults.isEmpty { throw MFError.badDeclaration(faults, plugin: name, text) }
    }

    /// Gives the table that `plugin` has returned what the declaration says of the plugin.
    ///
    /// - Throws: ``MFError`` with `HOOK-006` where the table says otherwise.
    func complete(_ table: LuaTable, source: String?) throws {
        for (key, declared) in [("name", .string(name)), ("version", .optional(version))] + placement + [
            ("store", store)
        ] {
            let own = try table.rawGet(key)
            if own.isNil {
                if !declared.isNil { try table.rawSet(key, declared) }
            } else if !declared.isNil, own != declared {
                throw MFError.contradictsDeclaration(key, own, declared, plugin: name, source: source)
            }
        }
    }

    private static func unknown(_ key: LuaValue, _ value: LuaValue, _ hooks: [String]) -> SchemaFault {
        guard case .string(let name) = key else {
            return SchemaFault(keys: [], text: "the key \(key.shownOption) means nothing in a declaration")
        }
        if laterKeys.contains(name) {
            return SchemaFault(keys: [name], text: "`\(name)` is not available in this version")
        }
        if hooks.contains(name) || LuaPlugin.functionsBesideHooks.contains(name) || name == "filter" {
            return SchemaFault(keys: [name], text: "`\(name)` belongs into the table that `plugin` returns")
        }
        let meant = name.closestMatch(in: keys).map { "did you mean `\($0)`?" }
        let rest = meant ?? "there are \(keys.map { "`\($0)`" }.joined(separator: ", "))"
        return SchemaFault(keys: [name], text: "`\(name)` is not a key of a declaration (\(rest))")
    }
}

extension MFError {
    /// PLUGIN-002: a declaration that contradicts itself, at the author's lines.
    static func badDeclaration(_ faults: [SchemaFault], plugin: String, _ text: SourceText?) -> MFError {
        let texts = faults.map { fault in
            (text.map { "\($0.place(of: fault.keys)): " } ?? "") + fault.text
        }
        return MFError(
            .pluginDeclaration, texts.joined(separator: "; "),
            context: [("plugin", plugin.isEmpty ? nil : plugin), ("file", text?.name)],
            hint: "this is for the plugin's author to correct; `mflua explain PLUGIN-002` shows the form")
    }
}

extension MFError {
    /// A plugin's table that says something else than its declaration.
    fileprivate static func contradictsDeclaration(
        _ key: String, _ own: LuaValue, _ declared: LuaValue, plugin: String, source: String?
    ) -> MFError {
        MFError(
            .pluginInvalid,
            "`plugin` of \(plugin) returned a table with `\(key)` \(own.shownOption); its declaration has \(declared.shownOption)",
            context: [("plugin", plugin), ("file", source)], hint: "leave `\(key)` out of the table")
    }
}
