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
        case .tenant(let plugin): plugin.name
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

/// The file a plugin was read from, and the options it was made with: what a reload needs.
struct PluginSource: Sendable {
    let path: String
    let options: LuaValue
    let tenant: String?
    /// The version that was read.
    var generation = PluginGeneration()

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
    init(_ table: LuaTable, source: PluginSource? = nil) throws {
        let entries = try table.pairs()
        let path = source?.path
        guard let name = entries.first(where: { $0.0 == .string("name") })?.1.stringValue, !name.isEmpty else {
            let place = entries.lazy.compactMap(\.1.functionValue?.place).first
            throw MFError.pluginWithoutName(source: path ?? place)
        }
        var hooks: [String: LuaFunction] = [:]
        var apply: LuaFunction?
        for (key, value) in entries {
            guard case .string(let key) = key else { continue }
            if Lifecycle.named[key] != nil {
                guard case .function(let function) = value else {
                    throw MFError.hookNotFunction(key, found: value.luaTypeName, plugin: name, source: path)
                }
                hooks[key] = function
            } else if case .function(let function) = value {
                if key == "apply" { apply = function }
                guard LuaPlugin.functionsBesideHooks.contains(key) else {
                    throw MFError.unknownHook(key, plugin: name, source: function.place ?? path)
                }
            }
        }
        self.name = name
        self.table = table
        self.apply = apply
        self.source = source
        // In the order of the declarations: a table has none.
        self.hooks = Lifecycle.all.compactMap { hook in hooks[hook.name].map { (hook.name, $0) } }
    }

    /// Functions of a plugin that are no hooks: `apply` is called once when the plugin is attached, the others belong to
    /// hot reload.
    static let functionsBesideHooks: Set<String> = ["apply", "beforeReload", "afterReload"]
}

extension LuaFunction {
    /// Where the function is written, `plugins/trace-plugin.lua:12`, as Lua's debug library knows it.
    fileprivate var place: String? {
        guard let getinfo = try? state.globals.get("debug").tableValue?.get("getinfo").functionValue,
            let info = try? state.call(getinfo, [.function(self), "S"]).first?.tableValue,
            let source = try? info.get("source").stringValue, let line = try? info.get("linedefined").intValue, line > 0
        else { return nil }
        return "\(source.dropFirst()):\(line)"
    }
}
