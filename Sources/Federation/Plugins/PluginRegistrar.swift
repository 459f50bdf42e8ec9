import Diagnostics
import EventLoops
import Logging
import LuaBridge

/// Attaches plugins to a host, detaches them, and puts new versions in their place.
struct PluginRegistrar: HostService {
    let context: HostContext

    init(_ context: HostContext) { self.context = context }

    var reader: PluginReader { PluginReader(registry, for: context) }

    /// Attaches plugins; the newest stand first in `options.plugins`.
    ///
    /// A name that is attached already is passed over, as in Module Federation. A file that has made an attached plugin is
    /// not run again, unless it is given with other options: the plugin is then made anew with these, as by a reload.
    func registerPlugins(_ values: [LuaValue]) throws {
        let before = Set(context.plugins.map(\.name))
        let attached = try attachAll(values)
        let names = Set(attached.compactMap(pluginName))
        let all = attached + (try attachGlobals(besides: names))
        let listed = Set(all.compactMap(pluginName))
        options.plugins.elements =
            all
            + options.plugins.elements.filter { value in
                pluginName(value).map { !listed.contains($0) } ?? true
            }
        for name in names {
            context.claim("plugin \(name)", isNew: !before.contains(name)) { PluginRegistrar($0).removePlugins([name]) }
        }
    }

    /// Global plugins come along with any other plugin, also those that were registered after the host was made.
    private func attachGlobals(besides names: Set<String>) throws -> [LuaValue] {
        try registry.globalPlugins.filter { !names.subtracting([$0.name]).isEmpty }.map { plugin in
            try attach(plugin)
            return plugin.value
        }
    }

    /// Detaches plugins by name: the inverse of ``registerPlugins(_:)``.
    ///
    /// - Returns: The names that were attached.
    @discardableResult
    func removePlugins(_ names: [String]) -> [String] {
        let gone = context.plugins.filter { names.contains($0.name) }
        for plugin in gone { detach(plugin) }
        options.plugins.elements.removeAll { value in pluginName(value).map(names.contains) ?? false }
        return gone.map(\.name)
    }

    /// Attaches each plugin and returns what `options.plugins` shows for it.
    ///
    /// All are read and checked before the first is attached: a bad one leaves nothing behind.
    func attachAll(_ values: [LuaValue]) throws -> [LuaValue] {
        var arrivals: [PluginArrival] = []
        var made: [RegisteredPlugin?] = []
        do {
            let places = EntryPlaces(state, registry)
            for (index, value) in values.enumerated() {
                try located(index) { arrivals.append(try arrival(of: value, places)) }
            }
            try PluginDraft.expectPrepared(arrivals.compactMap(\.draft))
            for (index, arrival) in arrivals.enumerated() {
                try located(index) { made.append(try arrival.draft?.made()) }
            }
            for case .attached(let known, let options) in arrivals where known.source?.hasOptions(options) == false {
                _ = try reload(known, options: options)
            }
        } catch {
            // What those that were read have begun ends with them.
            for arrival in arrivals { arrival.draft?.scope?.close() }
            throw error
        }
        do {
            return try undoingAtFailure {
                try zip(arrivals, made).map { arrival, plugin in
                    if let plugin {
                        try attach(plugin)
                        return plugin.value
                    }
                    guard case .attached(let known, _) = arrival else { return .nil }
                    return context.plugins.first { $0.name == known.name }?.value ?? known.value
                }
            }
        } catch {
            for arrival in arrivals { arrival.draft?.scope?.close() }
            throw error
        }
    }

    /// Runs a body; where it fails, the plugins that it has attached are detached.
    func undoingAtFailure<T>(_ body: () throws -> T) throws -> T {
        let before = Set(context.plugins.map(\.id))
        do { return try body() } catch {
            removePlugins(context.plugins.filter { !before.contains($0.id) }.map(\.name))
            throw error
        }
    }

    private func located(_ index: Int, _ body: () throws -> Void) throws {
        do { try body() } catch let error as MFError {
            throw error.adding(context: [("host", name), ("position", "plugins[\(index + 1)]")])
        }
    }

    /// What stands in a list of plugins.
    private enum PluginArrival {
        /// A plugin that was read.
        case read(PluginDraft)
        /// A file that has made an attached plugin, and the options that it is given with.
        case attached(RegisteredPlugin, options: LuaValue)

        var draft: PluginDraft? { if case .read(let draft) = self { draft } else { nil } }
    }

    private func arrival(of value: LuaValue, _ places: EntryPlaces) throws -> PluginArrival {
        if let given = try reader.pluginSource(value),
            let known = context.plugins.first(where: { $0.source?.isPlace(of: given) == true })
        {
            return .attached(known, options: given.options)
        }
        return .read(try reader.draft(of: value, places: places))
    }

    /// Attaches a plugin, unless one of its name is attached.
    func attach(_ plugin: RegisteredPlugin) throws {
        if let known = context.plugins.first(where: { $0.name == plugin.name }) { return passOver(plugin, for: known) }
        warnOfDoubts(about: plugin)
        if !plugin.name.hasSuffix("-plugin") { registry.warnOnce(aboutPluginName: plugin.name) }
        var plugin = plugin
        plugin.id = context.takePluginNumber(order: plugin.order)
        if plugin.source == nil { plugin.applied = Lifetime() }
        plugin.account = PluginAccount(
            plugin.name, policy: plugin.settings.policy, isTenants: plugin.isTenants
        ) { [log] in log.warning("\($0)") }
        context.plugins.append(plugin)
        do {
            try listen(plugin)
        } catch {
            detach(plugin)
            throw error
        }
        guard plugin.source != nil else { return }
        hooks.mayReload = true
        registry.reloads.onFilesChange?()
    }

    /// Says in the log what the table of a plugin probably does not mean.
    func warnOfDoubts(about plugin: RegisteredPlugin) {
        guard case .lua(let lua) = plugin.body else { return }
        for doubt in lua.doubts { log.warning("\(doubt)") }
    }

    /// Lets go of a plugin whose name is attached, and says so where it is another one.
    private func passOver(_ plugin: RegisteredPlugin, for known: RegisteredPlugin) {
        if let source = plugin.source, source.generation !== known.source?.generation {
            source.generation.scope.close()
        }
        guard plugin.value != known.value else { return }
        log.warning(
            "plugin `\(plugin.name)` of host `\(name)` is already attached\(known.place); the one\(plugin.place) is ignored"
        )
    }

    private func listen(_ plugin: RegisteredPlugin) throws {
        switch plugin.body {
        case .lua(let lua):
            if let apply = lua.apply {
                try registry.reloads.owning(lua.source?.generation.scope ?? plugin.applied) {
                    _ = try apply.state.call(apply, [.object(context)])
                }
            }
            for hook in lua.hooks {
                let filter = try filter(of: hook, plugin)
                for store in hooks.stores(named: hook.name) {
                    store.add(
                        lua: hook.function, filter: filter, plugin: plugin.known, owner: plugin.id,
                        rank: plugin.id.rank(in: hook.order))
                }
            }
        case .tenant(let tenant, _):
            let border = TenantBorder(tenant, host: context)
            border.tellOfHooksNeverCalled()
            hooks.hasTenants = true
            let listening = TenantListening(
                plugin: tenant, border: border, owner: plugin.id, account: plugin.known)
            for hook in tenant.hooks {
                for store in hooks.stores(named: hook) { store.accept(listening) }
            }
        case .swift(let swift):
            for listen in swift.listeners { try listen(hooks, plugin.id, plugin.known, plugin.settings.only) }
        }
    }

    /// The filter of a plugin's listener and what its entry asks for besides.
    func filter(of hook: PluginHook, _ plugin: RegisteredPlugin) throws -> HookFilter {
        var filter = hook.filter
        guard let declared = Lifecycle.table.named[hook.name] else { return filter }
        do { try filter.add(plugin.settings.only, for: declared, sharedAs: "only") } catch let error as MFError {
            throw error.adding(context: [("plugin", plugin.name)])
        }
        return filter
    }

    private func detach(_ plugin: RegisteredPlugin) {
        for store in hooks.stores { store.remove(owner: plugin.id) }
        if let account = plugin.account { end(account) }
        context.plugins.removeAll { $0.id == plugin.id }
        plugin.applied?.close()
        guard let source = plugin.source else { return }
        hooks.end(source.generation.scope)
        registry.reloads.onFilesChange?()
    }

    private func pluginName(_ value: LuaValue) -> String? {
        switch value {
        case .table(let table): (try? table.get("name"))?.stringValue
        case .object(let object): (object as? SwiftPluginView)?.plugin.name ?? (object as? TenantPlugin)?.qualifiedName
        default: nil
        }
    }
}
