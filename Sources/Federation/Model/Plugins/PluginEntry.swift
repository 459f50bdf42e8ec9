import Diagnostics
import LuaBridge

/// What stands in a list of plugins: a plugin's table, a path, a function of options, or `{ path, options, tenant = … }`.
enum PluginEntry {
    /// The keys of `{ path, options, … }`.
    static let options = OptionTable(
        [
            .init("tenant", .tenant, "The tenant whose sandbox the plugin's code runs in.", takesNull: false),
            .init(
                "fail", .word("closed", "open"),
                "`closed` makes every failure of a tenant's plugin fail the step; otherwise only failures in what the tenant may change do."
            ),
        ],
        positions: [
            OptionType("string|function", "a path or a function") { value, checker in
                if value.stringValue != nil || value.functionValue != nil { return }
                checker.note(MFError.pluginInvalid(found: "list with a \(value.luaTypeName)", source: nil))
            },
            .any,
        ])

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
            let entry = try PluginEntry.options.check(value, &checker)
            if entry["tenant"].isNil { try PluginEntry.expectNoTenant(in: entry[2], &checker) }
        case .table(let table):
            guard let hooks = checker.hooks else { return }
            for problem in try LuaPlugin.problems(of: table, hooks: hooks) { checker.note(problem) }
        default: checker.note(MFError.pluginInvalid(found: value.luaTypeName, source: nil))
        }
    }

    /// The list that `mf.init` and `registerPlugins` take.
    static let plugins = list(of: .plugin, "a list of plugins")
}
