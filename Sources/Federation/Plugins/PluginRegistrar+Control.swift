import Diagnostics
import EventLoops
import LuaBridge

extension PluginRegistrar {
    /// Stops calling plugins, which keep their places: the inverse of ``enablePlugins(_:)``.
    ///
    /// Calls under way end as they would have.
    ///
    /// - Parameters:
    ///   - time: After how long they are called again; nil: when they are enabled.
    ///   - reason: What `host:plugins()` says of them.
    ///   - cascade: Whether the owner's plugins that need them wait until they are called again.
    /// - Throws: ``MFError`` with `PLUGIN-004` for a name that no plugin has, with `PLUGIN-023` where other plugins need
    ///   them; nothing is done then.
    func disablePlugins(
        _ names: [String], for time: Duration? = nil, why reason: String? = nil, cascade: Bool = false
    ) throws {
        let chosen = try known(names)
        if !cascade {
            let dependants = dependants(of: Set(names)).filter { !$0.known.isResting }
            try expectNoDependants(
                of: chosen.attached.map(\.name), among: dependants, cascading: "has those wait that need another")
        }
        for plugin in chosen.absent { disable(plugin, for: time, why: reason) }
        for plugin in chosen.attached {
            rest(plugin, .off(why: reason))
            guard let time else { continue }
            let account = plugin.known
            account.wakeUp = loop.schedule(after: time) { [context] in
                account.wakeUp = nil
                account.rest = nil
                context.hooks.recompile()
                context.dependencies.settle()
            }
        }
    }

    /// Calls plugins again that were disabled or have tripped, and attaches those that were left out.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-004` for a name that no plugin has; nothing is done then. What attaching throws,
    ///   for the first that does not load.
    func enablePlugins(_ names: [String]) throws {
        let chosen = try known(names)
        for plugin in chosen.absent { try bringBack(plugin) }
        for plugin in chosen.attached {
            plugin.known.reset()
            rest(plugin, nil)
        }
    }

    /// Makes a plugin anew with other options, at its place: as a reload, its state is handed over, and where a step fails
    /// the old version serves on.
    ///
    /// - Parameter options: The options, or a function that is given the old ones and returns the new.
    /// - Returns: The number of the generation.
    /// - Throws: ``MFError`` with `PLUGIN-004` for a name that no plugin has, `RELOAD-001` or `RELOAD-004` as a reload.
    func configurePlugin(_ name: String, _ options: LuaValue) throws -> Int {
        let chosen = try known([name])
        if let absent = chosen.absent.first { throw MFError.pluginIsAbsent(absent) }
        guard let plugin = chosen.attached.first else { return 0 }
        guard let source = plugin.source else {
            throw MFError.notReloadable(name, known: reloadablePlugins.map(\.name))
        }
        let wanted = options.isCallable ? try state.invokeNow(options, [source.options]) : options
        let report = reload(plugin, changed: [], options: wanted)
        if let error = report.error { throw error }
        return report.generation
    }

    /// Lets go of what a plugin's account has under way.
    func end(_ account: PluginAccount) {
        for hook in account.hooks { hook.endObserving() }
        if let timer = account.wakeUp { loop.cancel(timer) }
        account.wakeUp = nil
        account.onTrip = nil
    }

    private func rest(_ plugin: RegisteredPlugin, _ rest: PluginAccount.Rest?) {
        let account = plugin.known
        if let timer = account.wakeUp { loop.cancel(timer) }
        account.wakeUp = nil
        account.rest = rest
        hooks.recompile()
        context.dependencies.settle()
    }

    private func known(
        _ names: [String]
    ) throws -> (attached: [RegisteredPlugin], absent: [AbsentPlugin]) {
        let known = context.plugins.map(\.name) + context.absentPlugins.map(\.name)
        let unknown = names.filter { !known.contains($0) }
        if !unknown.isEmpty { throw MFError.noSuchPlugins(unknown, known: known) }
        return (
            context.plugins.filter { names.contains($0.name) },
            context.absentPlugins.filter { names.contains($0.name) }
        )
    }
}

extension MFError {
    /// Names that no attached plugin has.
    static func noSuchPlugins(_ names: [String], known: [String]) -> MFError {
        let near = names.map { name in
            let ofTenant = known.first { $0.hasSuffix("/\(name)") }
            return "`\(name)`" + ((ofTenant ?? name.closestMatch(in: known)).map { " (did you mean `\($0)`?)" } ?? "")
        }
        return MFError(
            .noSuchPlugin, "there is no plugin \(near.joined(separator: ", "))",
            context: [("plugins", names.joined(separator: ", "))],
            hint: known.isEmpty
                ? "the host has no plugins" : "attached are \(known.map { "`\($0)`" }.joined(separator: ", "))")
    }
}
