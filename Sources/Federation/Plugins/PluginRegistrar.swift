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
        // Where nobody owns what is registered, nobody asks what was there.
        let isOwned = registry.reloads.owner != nil
        let before = isOwned ? Set(context.plugins.map(\.name) + context.absentPlugins.map(\.name)) : []
        let number = context.nextPluginNumber
        let (attached, global) = try undoingAtFailure {
            let attached = try attachAll(values)
            return (attached, try attachGlobals(besides: Set(attached.compactMap(pluginName))))
        }
        let all = attached + global
        let listed = Set(all.compactMap(pluginName))
        let new = Set(context.plugins.reversed().prefix { $0.id.rank >= number }.map(\.name))
        if !listed.isSubset(of: new) {
            options.plugins.elements.removeAll { value in pluginName(value).map(listed.contains) ?? false }
        }
        options.plugins.elements.insert(contentsOf: all, at: 0)
        guard isOwned else { return }
        let names = Set(attached.compactMap(pluginName))
        let absent = Set(context.absentPlugins.map(\.name)).subtracting(before)
        for name in names.union(absent) {
            context.claim("plugin \(name)", isNew: !before.contains(name)) { PluginRegistrar($0).removePlugins([name]) }
        }
    }

    /// Global plugins come along with any other plugin, also those that were registered after the host was made.
    private func attachGlobals(besides names: Set<String>) throws -> [LuaValue] {
        try registry.globalPlugins.filter { !names.subtracting([$0.name]).isEmpty }.compactMap { plugin in
            try attach(plugin) ? plugin.value : nil
        }
    }

    /// Detaches plugins by name: the inverse of ``registerPlugins(_:)``.
    ///
    /// - Parameter cascade: Whether the owner's plugins that need them go, too.
    /// - Returns: The names that the host had, those that went besides last.
    /// - Throws: ``MFError`` with `PLUGIN-023` where other plugins need them; nothing is done then.
    @discardableResult
    func removePlugins(_ names: [String], cascade: Bool) throws -> [String] {
        let gone = names.filter(context.plugins.contains(named:))
        let dependants = dependants(of: Set(gone))
        if !cascade { try expectNoDependants(of: gone, among: dependants, cascading: "removes all of them") }
        return removePlugins(names) + removePlugins(dependants.map(\.name))
    }

    /// Detaches plugins whoever needs them: those that do wait from then on.
    ///
    /// - Returns: The names that the host had.
    @discardableResult
    func removePlugins(_ names: [String]) -> [String] {
        let names = Set(names)
        let gone = context.plugins.filter { names.contains($0.name) }
        arrangingOnce { for plugin in gone.reversed() { detach(plugin) } }
        options.plugins.elements.removeAll { value in pluginName(value).map(names.contains) ?? false }
        let absent = context.absentPlugins.map(\.name).filter(names.contains)
        for name in absent { forget(absent: name) }
        return gone.map(\.name) + absent
    }

    /// Attaches each plugin and returns what `options.plugins` shows for it.
    ///
    /// All are read and checked before the first is attached: a bad one leaves nothing behind, unless its entry says
    /// `required = false`, where it is left out. What is left out shows nothing.
    ///
    /// - Parameter isFirst: Whether the host is being made: plugins of tenants whose places contradict each other are left
    ///   out then, as no tenant keeps a host from being made.
    func attachAll(_ values: [LuaValue], isFirst: Bool = false) throws -> [LuaValue] {
        var arrivals: [PluginArrival] = []
        do {
            for (index, value) in values.enumerated() {
                try located(index + 1) { arrivals.append(try PluginArrival(ListedPlugin(value), position: index + 1)) }
            }
            for arrival in arrivals { try select(arrival) }
            let places = EntryPlaces(state, registry)
            for arrival in arrivals { try advance(arrival) { try read(arrival, places) } }
            try PluginDraft.expectPrepared(arrivals.filter(\.isRequired).compactMap(\.draft))
            for arrival in arrivals { try advance(arrival) { arrival.plugin = try arrival.draft?.made() } }
            try expectAttachable(arrivals, isFirst: isFirst)
            for case let known? in arrivals.map(\.known) where known.plugin.source?.hasOptions(known.options) == false {
                _ = try reload(known.plugin, options: known.options)
            }
            return try undoingAtFailure { try arrangingOnce { try arrivals.compactMap(settle) } }
        } catch {
            // What those that were read have begun ends with them.
            for arrival in arrivals { arrival.draft?.scope?.close() }
            throw error
        }
    }

    /// Attaches a plugin that was made, or notes that it is left out.
    private func settle(_ arrival: PluginArrival) throws -> LuaValue? {
        if let known = arrival.known?.plugin {
            return context.plugins.named(known.name)?.value ?? known.value
        }
        var isAttached = false
        try advance(arrival) {
            guard let plugin = arrival.plugin else { return }
            isAttached = try attach(plugin, replacing: arrival.listed, isChecked: true)
        }
        if let absence = arrival.absence { leaveOut(arrival, absence) }
        return isAttached ? arrival.plugin?.value : nil
    }

    /// Runs a step of attaching. What does not load and need not is left out.
    private func advance(_ arrival: PluginArrival, _ step: () throws -> Void) throws {
        guard arrival.absence == nil else { return }
        do { try located(arrival.position, step) } catch  where !arrival.isRequired { arrival.fail(error) }
    }

    /// Runs a body; where it fails, the plugins that it has attached are detached.
    func undoingAtFailure<T>(_ body: () throws -> T) throws -> T {
        let number = context.nextPluginNumber
        do { return try body() } catch {
            removePlugins(
                context.plugins.filter { $0.id.number >= number }.map(\.name)
                    + context.absentPlugins.filter { $0.id.number >= number }.map(\.name))
            throw error
        }
    }

    private func located(_ position: Int, _ body: () throws -> Void) throws {
        do { try body() } catch let error as MFError {
            throw error.adding(context: [("host", name), ("position", "plugins[\(position)]")])
        }
    }

    private func read(_ arrival: PluginArrival, _ places: EntryPlaces) throws {
        let value = arrival.listed.value
        let reader = PluginReader(registry, for: context, noting: arrival.files)
        if let given = try reader.pluginSource(value),
            let known = context.plugins.first(where: { $0.source?.isPlace(of: given) == true })
        {
            arrival.known = (known, given.options)
        } else {
            arrival.draft = try reader.draft(of: value, places: places)
        }
    }

    /// Attaches a plugin, unless one of its name is attached.
    ///
    /// - Parameters:
    ///   - listed: What its list says of it.
    ///   - place: The place that was kept for it.
    ///   - isChecked: Whether its requirements and its place are known to be right.
    /// - Returns: Whether the host has it now; false where it is left out by its name.
    @discardableResult
    func attach(
        _ plugin: RegisteredPlugin, replacing listed: ListedPlugin? = nil, at place: PluginID? = nil,
        isChecked: Bool = false
    ) throws -> Bool {
        if place == nil, leaveOut(plugin, listed) { return false }
        if let known = context.plugins.named(plugin.name) {
            passOver(plugin, for: known)
            return true
        }
        if !isChecked { try expectAttachable(plugin) }
        warnOfDoubts(about: plugin)
        if !plugin.name.hasSuffix("-plugin") { registry.warnOnce(aboutPluginName: plugin.name) }
        var plugin = plugin
        plugin.id = context.takePluginNumber(rank: place?.rank)
        if plugin.source == nil { plugin.applied = Lifetime() }
        plugin.account = PluginAccount(
            plugin.name, policy: plugin.settings.policy, isTenants: plugin.isTenants
        ) { [log] in log.warning("\($0)") }
        plugin.known.onTrip = { [weak dependencies = context.dependencies] in dependencies?.settle() }
        context.plugins.append(plugin)
        if plugin.isPlaced { context.ordersPlugins = true }
        do {
            try settleStore(of: plugin)
            try listen(plugin)
            try plugin.source?.generation.store.commit()
        } catch {
            detach(plugin)
            throw error
        }
        forget(absent: plugin.name)
        arrange()
        warnOfVersions(around: plugin)
        guard plugin.source != nil else { return true }
        hooks.mayReload = true
        registry.reloads.onFilesChange?()
        return true
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
        deprecatedNames.tell(of: plugin)
        switch plugin.body {
        case .lua(let lua):
            if let apply = lua.apply {
                try registry.reloads.owning(lua.source?.generation.scope ?? plugin.applied) {
                    _ = try apply.state.call(apply, [.object(context)])
                }
            }
            for hook in lua.hooks {
                let filter = try filter(of: hook, plugin)
                let listener = deprecatedNames.telling(hook, of: plugin.name)
                for store in hooks.stores(named: hook.name) {
                    store.add(lua: listener, filter: filter, plugin: plugin.known, owner: plugin.id)
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

    var deprecatedNames: DeprecatedNames { DeprecatedNames(registry: registry, hooks: hooks.dated) }

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
        noteFormer(plugin)
        for store in hooks.stores { store.remove(owner: plugin.id) }
        if let account = plugin.account { end(account) }
        context.plugins.remove(plugin.id)
        arrange()
        plugin.applied?.close()
        guard let source = plugin.source else { return }
        hooks.end(source.generation.scope)
        registry.reloads.onFilesChange?()
    }

    func pluginName(_ value: LuaValue) -> String? {
        switch value {
        case .table(let table): (try? table.get("name"))?.stringValue
        case .object(let object): (object as? SwiftPluginView)?.plugin.name ?? (object as? TenantPlugin)?.qualifiedName
        default: nil
        }
    }
}
