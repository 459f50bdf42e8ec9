import Diagnostics
import LuaBridge

/// An entry of a list of plugins: `{ "./slack-plugin.lua", options, tenant = "acme" }`.
struct PluginEntry {
    /// What makes the plugin.
    enum Body {
        case file(String)
        case function(LuaFunction)
        /// A table that declares options.
        case declaration(LuaTable)
    }

    let body: Body
    let options: LuaValue
    let tenant: String?
    let settings: PluginSettings

    /// The keys of an entry, which are closed.
    static let keys = OptionTable(
        [
            .init("tenant", .tenant, "The tenant whose sandbox the plugin's code runs in.", takesNull: false)
        ] + PluginSettings.keys,
        positions: [
            OptionType("string|function|mf.PluginDeclaration", "a path, a function or a declaration") {
                value, checker in
                switch value {
                case .string, .function: return
                case .table(let table) where try PluginDeclaration.isOne(table): return
                default: checker.note(MFError.pluginInvalid(found: "list with a \(value.luaTypeName)", source: nil))
                }
            },
            .any,
        ],
        advice: Dictionary(uniqueKeysWithValues: laterKeys.map { ($0, "not available in this version") })
            .merging(["failClosed": "write `fail = \"closed\"`, or `fail = \"open\"` for false"]) { $1 })

    /// Keys that later versions have.
    private static let laterKeys = [
        "grant", "shadow", "remote", "version",
    ]

    /// Reads an entry.
    ///
    /// - Throws: ``MFError`` with `LUA-012` for what is wrong with it, `HOOK-006` where it names no plugin.
    init(_ table: LuaTable) throws {
        let values = try Self.keys.read(.table(table), of: "plugins")
        switch values[1] {
        case .string(let path): body = .file(path)
        case .function(let function): body = .function(function)
        case .table(let declaration): body = .declaration(declaration)
        default: throw MFError.pluginInvalid(found: "table", source: nil)
        }
        (options, tenant) = (values[2], values["tenant"].stringValue)
        settings = try PluginSettings(values)
    }

    /// Notes a `tenant` among a plugin's own options, where it would run unsandboxed in silence.
    fileprivate static func expectNoTenant(in options: LuaValue, _ checker: inout OptionChecker) throws {
        for case .string(let name) in try (options.luaEntries() ?? []).map(\.key) where name.lowercased() == "tenant" {
            try checker.inside(.position(2)) { checker in
                try checker.inside(.name(name)) {
                    $0.note(
                        "is an option of the plugin's own, and names no sandbox",
                        hint: "write `{ \"./plugin.lua\", options, tenant = \"…\" }`")
                }
            }
        }
    }

    /// Whether a table is an entry with a list part, and not a plugin itself.
    static func isList(_ table: LuaTable) throws -> Bool { try !table.rawGet(1).isNil }
}

extension OptionType {
    /// What is written in a list of plugins.
    static let plugin = OptionType("mf.Plugin|string|table", "a plugin") { value, checker in
        switch value {
        case .string, .function: return
        case .object(let object) where object is SwiftPluginView || object is TenantPlugin || object is HostPluginView:
            return
        case .table(let table) where try PluginEntry.isList(table):
            let entry = try PluginEntry.keys.check(value, &checker)
            if entry["tenant"].isNil { try PluginEntry.expectNoTenant(in: entry[2], &checker) }
        case .table(let table):
            // A declaration is checked when it is read.
            guard let hooks = checker.hooks, try !PluginDeclaration.isOne(table) else { return }
            for problem in try LuaPlugin.problems(of: table, hooks: hooks) { checker.note(problem) }
        default: checker.note(MFError.pluginInvalid(found: value.luaTypeName, source: nil))
        }
    }

    /// The list that `mf.init` and `registerPlugins` take.
    static let plugins = list(of: .plugin, "a list of plugins")
}
