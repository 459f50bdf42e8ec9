import Diagnostics
import EventLoops
import LuaBridge

extension PluginRegistrar {
    /// Replaces a plugin by what its file holds now.
    ///
    /// Reading, compiling, checking, the hand-over of state and the swap happen in one go: nothing else of the runtime
    /// runs in between, so no dispatch meets a half-replaced plugin and no state is lost. If a step fails, the old
    /// version serves on as if nothing had been tried.
    ///
    /// - Parameter options: Other options to make it with.
    /// - Throws: ``MFError`` with `RELOAD-001`, its cause tells the step.
    func reload(_ plugin: RegisteredPlugin, options: LuaValue? = nil) throws -> PluginGeneration {
        guard let source = plugin.source else {
            throw MFError.notReloadable(plugin.name, known: reloadablePlugins.map(\.name))
        }
        let generation = PluginGeneration(number: source.generation.number + 1)
        generation.onNewFile = source.generation.onNewFile
        let reloaded = try registry.reloads.reloading(plugin.id, of: context) {
            do {
                return try registry.reloads.owning(generation.scope) {
                    try takeOver(from: plugin, source.next(generation, options: options), ending: source.generation)
                }
            } catch {
                generation.scope.close()
                for file in generation.files { source.generation.note(file) }
                throw MFError.reloadFailed(plugin.name, path: source.path, cause: error)
            }
        }
        guard let reloaded else { throw MFError.reloadsItself(plugin.name) }
        return reloaded
    }

    private func takeOver(
        from old: RegisteredPlugin, _ source: PluginSource, ending last: PluginGeneration
    ) throws -> PluginGeneration {
        let new = try registry.reloads.withinLoadTime(of: self.state) { try reader.readPlugin(source) }
        let filters = try filters(of: new)
        guard new.name == old.name else { throw MFError.reloadRenamed(old.name, to: new.name, path: source.path) }
        let all = context.plugins.map { $0.id == old.id ? new : $0 }
        let (then, now) = (all.byName, context.plugins.byName)
        let needing = dependants(of: [old.name]).filter { !$0.lacks(in: then).isEmpty && $0.lacks(in: now).isEmpty }
        try expectRequirements(of: [new] + needing, in: all)
        try expectOrder(of: all)
        let state = try step(
            "beforeReload", of: old,
            LuaRecord([("generation", .integer(Int64(last.number))), ("origin", .object(context))]))
        try settleStore(of: new)
        let previous = LuaRecord([("version", old.version), ("generation", .integer(Int64(last.number)))])
        _ = try step(
            "afterReload", of: new,
            LuaRecord([
                ("state", state), ("previous", .record(previous)),
                ("generation", .integer(Int64(source.generation.number))), ("origin", .object(context)),
            ]))
        if case .lua(let plugin) = new.body, let apply = plugin.apply {
            _ = try registry.reloads.withinLoadTime(of: self.state) { try apply.state.call(apply, [.object(context)]) }
        }
        try source.generation.store.commit()
        swap(old, for: new, filters: filters, ending: last.scope)
        warnOfDoubts(about: new)
        return source.generation
    }

    /// Calls a plugin's part of the hand-over, if it has one.
    private func step(_ name: String, of plugin: RegisteredPlugin, _ arguments: LuaRecord) throws -> LuaValue {
        let function: LuaValue
        switch plugin.body {
        case .lua(let plugin): function = try plugin.table.get(name)
        case .tenant(let plugin, _): function = plugin.function(name).map { .callable($0) } ?? .nil
        case .swift: return .nil
        }
        guard function.isCallable else { return .nil }
        do {
            return try registry.reloads.withinLoadTime(of: self.state) {
                try state.invokeNow(function, [.record(arguments)])
            }
        } catch {
            throw MFError.reloadRefused(plugin.name, by: name, cause: error)
        }
    }

    private func filters(of plugin: RegisteredPlugin) throws -> [String: HookFilter] {
        guard case .lua(let lua) = plugin.body else { return [:] }
        return Dictionary(uniqueKeysWithValues: try lua.hooks.map { ($0.name, try filter(of: $0, plugin)) })
    }

    /// From here on nothing can fail.
    private func swap(
        _ old: RegisteredPlugin, for read: RegisteredPlugin, filters: [String: HookFilter], ending scope: Lifetime
    ) {
        noteFormer(old)
        var new = read
        new.id = context.takePluginNumber(rank: old.id.rank)
        new.account = old.account
        new.listedAt = old.listedAt
        new.account?.reset()
        let deprecatedNames = deprecatedNames
        deprecatedNames.tell(of: new)
        switch new.body {
        case .lua(let plugin):
            let listeners = Dictionary(plugin.hooks.map { ($0.name, $0) }) { first, _ in first }
            hooks.replace(old.id, hooks: plugin.hooks.map(\.name), ending: scope) { name, store in
                guard let hook = listeners[name], let filter = filters[name] else { return }
                let listener = deprecatedNames.telling(hook, of: new.name)
                store.add(lua: listener, filter: filter, plugin: new.known, owner: new.id)
            }
        case .tenant(let plugin, _):
            let border = TenantBorder(plugin, host: context)
            let listening = TenantListening(
                plugin: plugin, border: border, owner: new.id, account: new.known)
            hooks.replace(old.id, hooks: plugin.hooks, ending: scope) { _, store in store.accept(listening) }
        case .swift: return
        }
        if let index = context.plugins.firstIndex(where: { $0.id == old.id }) { context.plugins[index] = new }
        if new.isPlaced { context.ordersPlugins = true }
        arrange()
        if let index = options.plugins.elements.firstIndex(of: old.value) {
            options.plugins.elements[index] = new.value
        }
    }

    /// Reloads a plugin because its file has changed or a signal came. Where commands print secrets of it, it is reloaded
    /// when they have run, and what comes of it is told then.
    func reloadWhenReady(_ plugin: RegisteredPlugin, changed: [String]) -> ReloadReport? {
        let secrets = Secret.commands(in: plugin.source?.options ?? .nil)
        guard !secrets.isEmpty else { return reload(plugin, changed: changed) }
        loop.start {
            try await registry.secrets.afterCommands(of: secrets, on: loop) {
                // Another version may have come meanwhile, or the plugin has gone.
                guard let current = context.plugins.first(where: { $0.id == plugin.id }) else { return }
                _ = reload(current, changed: changed)
            }
        }
        return nil
    }

    /// The plugins that were read from files.
    var reloadablePlugins: [RegisteredPlugin] { context.plugins.filter { $0.source != nil } }

    /// Reloads a plugin and tells whoever looks after reloads what came of it.
    func reload(
        _ plugin: RegisteredPlugin, changed: [String], options: LuaValue? = nil
    ) -> ReloadReport {
        let start = loop.now
        var failure: MFError?
        var generation = plugin.source?.generation.number ?? 1
        do {
            generation = try reload(plugin, options: options).number
        } catch let error as MFError {
            failure = error
        } catch {
            failure = MFError.reloadFailed(plugin.name, path: plugin.source?.path ?? "", cause: error)
        }
        let report = ReloadReport(
            kind: .plugin, name: plugin.name, host: name, changed: changed, generation: generation,
            duration: start.duration(to: loop.now), error: failure)
        registry.reloads.onFilesChange?()
        registry.reloads.onReload?(report)
        return report
    }
}
