import Diagnostics
import EventLoops
import LuaBridge

/// What is left of the versions of a plugin that were removed or replaced.
///
/// ```swift
/// let left = try await host.unloaded(plugin: "slack-plugin")
/// for path in left.held { print(path) }   // _G.SHARED.helper = function at plugins/slack-plugin.lua:6
/// ```
public struct UnloadReport: Sendable, Equatable {
    /// How many of their tasks go on.
    public var tasks: Int
    /// How many of their listeners are called still.
    public var listeners: Int
    /// How many versions are in memory still.
    public var generations: Int
    /// What holds their code, as paths from the globals, the running code and the registry; at most 20.
    public var held: [String]

    /// Whether nothing is left.
    public var isNothing: Bool { tasks == 0 && listeners == 0 && generations == 0 && held.isEmpty }
}

extension PluginRegistrar {
    /// Notes that a version of a plugin has gone.
    func noteFormer(_ plugin: RegisteredPlugin) {
        let generation = plugin.source?.generation
        context.formerPlugins[plugin.name, default: FormerPlugin()].add(
            FormerPlugin.Version(
                id: plugin.id, scope: generation?.scope ?? plugin.applied, globals: generation?.globals,
                files: generation?.globals == nil ? [] : generation?.files ?? []))
    }

    /// What is left of the versions of a plugin that were removed or replaced: collects the garbage, and looks.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-004` for a name that no plugin has or had.
    func unloaded(_ name: String) async throws -> UnloadReport {
        // Tasks that were cancelled end in the turns after that.
        for _ in 0..<3 { await loop.yieldToIO() }
        return try left(of: name)
    }

    private func left(of name: String) throws -> UnloadReport {
        guard let former = context.formerPlugins[name] else {
            let known = context.plugins.map(\.name)
            guard known.contains(name) else {
                throw MFError.noSuchPlugins([name], known: known + context.formerPlugins.keys)
            }
            return UnloadReport(tasks: 0, listeners: 0, generations: 0, held: [])
        }
        // What a finalizer lets go of is garbage only then.
        for _ in 0..<2 { try state.collectGarbage() }
        let globals = try state.makeWeakTable()
        for version in former.versions {
            for (key, value) in try version.globals?.pairs() ?? [] { try globals.rawSet(key, value) }
        }
        // Of a file that serves, a function that uses no globals may be the one or the other version's.
        let alive = registry.hosts.flatMap(\.plugins).reduce(into: Set<String>()) {
            $0.formUnion($1.source?.generation.files ?? [])
        }
        let chunks = try state.makeTable(
            .record(LuaRecord(former.files.subtracting(alive).map { ("@" + $0, .boolean(true)) })))
        let ids = former.versions.map(\.id)
        return UnloadReport(
            tasks: former.versions.reduce(0) { $0 + ($1.scope?.taskCount ?? 0) },
            listeners: hooks.stores.reduce(0) { count, store in count + ids.count { store.holds($0) } },
            generations: former.versions.count { $0.isInMemory },
            held: try state.holders(ofCodeIn: globals, of: chunks, limit: 20))
    }
}

extension UnloadReport {
    /// The same for Lua, as `host:unloaded(name)` gives it.
    var luaValue: LuaValue {
        .record(
            LuaRecord([
                ("tasks", .integer(Int64(tasks))), ("listeners", .integer(Int64(listeners))),
                ("generations", .integer(Int64(generations))), ("held", .array(held.map { .string($0) })),
            ]))
    }
}
