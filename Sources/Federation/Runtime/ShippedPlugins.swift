import Diagnostics
import EventLoops
import LuaBridge
import LuaLibrary

/// A plugin that comes with mflua: `require("mf.plugins.retry")` is a function of its options.
struct ShippedPlugin: Sendable {
    /// The last part of its module's name.
    let name: String

    /// The module's name.
    var module: String { "mf.plugins.\(name)" }
    /// The class of its options in the stubs.
    var luaTypeName: String { "\(module).Options" }

    static let all = ["retry", "fallback", "trace"].map(ShippedPlugin.init)

    /// What each of them declares, read in a state of its own; nothing where the machine has none to give.
    static let descriptions: [(plugin: ShippedPlugin, description: PluginDescription)] = {
        do {
            let loop = try EventLoop.start()
            defer { loop.stop() }
            return try loop.runAndWait {
                let state = try LuaState(loop: loop)
                defer { state.close() }
                let mf = try state.makeTable(.record(LuaRecord()))
                try state.globals.get("package").tableValue?.get("loaded").tableValue?.set("mf", .table(mf))
                return try all.map { ($0, PluginDescription(try $0.declaration(in: state))) }
            }
        } catch {
            return []
        }
    }()

    /// What its file declares.
    func declaration(in state: LuaState) throws -> PluginDeclaration {
        let path = "plugins/\(name)-plugin.lua"
        let source = LuaLibrary.source(of: path)
        let chunk = try state.load(source, name: "@mf/" + path)
        guard case .table(let table)? = try state.call(chunk).first else {
            throw MFError(.luaRuntime, "lua/\(path) did not return a table")
        }
        return try PluginDeclaration(
            table, writtenIn: SourceText(name: "mf/" + path, bytes: source), hooks: Lifecycle.table.names)
    }

    /// The plugin's function, which gets its options checked.
    fileprivate func load(into registry: FederationRegistry) throws -> LuaValue {
        let declaration = try declaration(in: registry.state)
        let preparation = OptionsPreparation(registry: registry)
        return .callable(
            LuaCallable(module) { call in
                guard let make = declaration.make else { return [] }
                let caller = call.state.caller()
                let options = PluginDraft.Options(
                    given: call[0], schema: declaration.schema, name: declaration.name, place: { caller?.place })
                let values = try preparation.prepare(
                    options, check: declaration.check, holder: ScriptPluginCode(declaration.name, function: make))
                let made = try call.state.call(make, [try preparation.readOnly(values)])
                if case .table(let table)? = made.first { try declaration.complete(table, source: nil) }
                return made
            })
    }
}

extension Runtime {
    /// Lets the host's code `require("mf.plugins.retry")`, and the other plugins that come with mflua.
    ///
    /// They are compiled when they are asked for: a host that uses none does not pay for them.
    func offerShippedPlugins() throws {
        let preload = try state.globals.get("package").tableValue?.get("preload").tableValue
        for plugin in ShippedPlugin.all {
            let loader = LuaCallable("load \(plugin.module)") { [unowned self] _ in [try plugin.load(into: registry)] }
            try preload?.set(plugin.module, .callable(loader))
        }
    }
}
