import Diagnostics
import LuaBridge

/// A plugin as a host has attached it: its name, its listeners and where it came from.
struct RegisteredPlugin: Sendable {
    /// What the plugin is made of.
    enum Body: Sendable {
        case lua(LuaPlugin)
        case swift(Plugin)
        case tenant(TenantPlugin)
    }

    var id: PluginID
    let body: Body
    /// What `options.plugins` shows.
    let value: LuaValue

    var name: String {
        switch body {
        case .lua(let plugin): plugin.name
        case .swift(let plugin): plugin.name
        case .tenant(let plugin): plugin.qualifiedName
        }
    }

    /// The version it names, if it does.
    var version: LuaValue {
        switch body {
        case .lua(let plugin): (try? plugin.table.get("version")) ?? .nil
        case .tenant(let plugin): .optional(plugin.version)
        case .swift(let plugin): .optional(plugin.version)
        }
    }

    /// The file it was read from, if it was.
    var source: PluginSource? {
        switch body {
        case .lua(let plugin): plugin.source
        case .tenant(let plugin): plugin.source
        case .swift: nil
        }
    }
}

/// The file, or the text from memory, that a plugin was read from, and the options it was made with: what a reload needs.
struct PluginSource: Sendable {
    let path: String
    let options: LuaValue
    let tenant: String?
    /// What `fail` of the plugin's entry says of a tenant's plugin; where it says nothing, the tenant's `failClosed` does.
    var failsClosed: Bool?
    /// The version that was read.
    var generation = PluginGeneration()
    /// The text, of a plugin that was given from memory.
    var text: [UInt8]?

    /// The same file, to be read once more.
    func next(_ generation: PluginGeneration) -> PluginSource {
        var copy = self
        copy.generation = generation
        return copy
    }
}

/// A Lua table with a `name` and functions under the names of hooks.
struct LuaPlugin: Sendable {
    let name: String
    let table: LuaTable
    let hooks: [(name: String, function: LuaFunction)]
    let apply: LuaFunction?
    let source: PluginSource?

    /// Reads a plugin's table and checks it against the declared hooks.
    ///
    /// - Throws: ``MFError`` with `HOOK-001` for a function under a name that is no hook, `HOOK-005` without a name,
    ///   `HOOK-006` for anything else that is no plugin.
    ///   Several problems are told together, as `HOOK-006` where they differ.
    init(_ table: LuaTable, source: PluginSource? = nil) throws {
        let entries = Dictionary(
            try table.pairs().compactMap { entry in entry.0.stringValue.map { ($0, entry.1) } }) { $1 }
        if let error = MFError.together(Self.problems(of: entries, path: source?.path), source: source?.path) {
            throw error
        }
        name = entries["name"]?.stringValue ?? ""
        self.table = table
        apply = entries["apply"]?.functionValue
        self.source = source
        // In the order of the declarations: a table has none.
        hooks = Lifecycle.all.compactMap { hook in entries[hook.name]?.functionValue.map { (hook.name, $0) } }
    }

    /// Whether a plugin may be called so: `/` parts a tenant from its plugin, `,` one name from the next.
    static func isName(_ name: String) -> Bool { !name.contains { $0 == "/" || $0 == "," } }

    /// Everything that is wrong with a plugin's table: its name, then its hooks in the order of their declarations, then
    /// what it has besides, sorted.
    static func problems(of table: LuaTable) throws -> [MFError] {
        problems(
            of: Dictionary(
                try table.pairs().compactMap { entry in entry.0.stringValue.map { ($0, entry.1) } }) { $1 }, path: nil)
    }

    private static func problems(of entries: [String: LuaValue], path: String?) -> [MFError] {
        var problems: [MFError] = []
        let sorted = entries.sorted { $0.key < $1.key }
        let name = entries["name"]?.stringValue ?? ""
        if name.isEmpty {
            let place = sorted.lazy.compactMap(\.value.functionValue?.place).first
            problems.append(.pluginWithoutName(source: path ?? place))
        }
        if !LuaPlugin.isName(name) { problems.append(.badPluginName(name, source: path)) }
        for hook in Lifecycle.all {
            guard let value = entries[hook.name], value.functionValue == nil else { continue }
            problems.append(.hookNotFunction(hook.name, found: value.luaTypeName, plugin: name, source: path))
        }
        for (key, value) in sorted where Lifecycle.named[key] == nil && !functionsBesideHooks.contains(key) {
            if case .function(let function) = value {
                problems.append(.unknownHook(key, plugin: name, source: function.place ?? path))
            } else if key == "tenants" || closestMatch(to: key, in: ["tenant"]) != nil || key == "tenant" {
                problems.append(.tenantInsidePlugin(key, plugin: name))
            }
        }
        return problems
    }

    /// Functions of a plugin that are no hooks: `apply` is called once when the plugin is attached, the others belong to
    /// hot reload.
    static let functionsBesideHooks: Set<String> = ["apply", "beforeReload", "afterReload"]
}

extension LuaFunction {
    /// Where the function is written, `plugins/trace-plugin.lua:12`, as Lua's debug library knows it.
    var place: String? {
        guard let getinfo = try? state.globals.get("debug").tableValue?.get("getinfo").functionValue,
            let info = try? state.call(getinfo, [.function(self), "S"]).first?.tableValue,
            let source = try? info.get("source").stringValue, let line = try? info.get("linedefined").intValue, line > 0
        else { return nil }
        return "\(source.dropFirst()):\(line)"
    }
}
