import Diagnostics
import LuaBridge

extension Host {
    /// Attaches plugins; the newest stand first in `options.plugins`.
    ///
    /// A name that is attached already is passed over, as in Module Federation.
    func registerPlugins(_ values: [LuaValue]) throws {
        let before = Set(plugins.map(\.name))
        let attached = try attachAll(values)
        let names = Set(attached.compactMap(pluginName))
        let all = attached + (try attachGlobals(besides: names))
        let listed = Set(all.compactMap(pluginName))
        options.plugins.elements =
            all
            + options.plugins.elements.filter { value in
                pluginName(value).map { !listed.contains($0) } ?? true
            }
        for name in names { claim("plugin \(name)", isNew: !before.contains(name)) { $0.removePlugins([name]) } }
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
        let gone = plugins.filter { names.contains($0.name) }
        for plugin in gone { detach(plugin) }
        options.plugins.elements.removeAll { value in pluginName(value).map(names.contains) ?? false }
        return gone.map(\.name)
    }

    /// Attaches each plugin and returns what `options.plugins` shows for it.
    ///
    /// All are read and checked before the first is attached: a bad one leaves nothing behind.
    func attachAll(_ values: [LuaValue]) throws -> [LuaValue] {
        let read = try values.enumerated().map { index, value in
            do {
                return try runtime.readPlugin(value, host: self)
            } catch let error as MFError {
                throw error.adding(context: [("host", name), ("position", "plugins[\(index + 1)]")])
            }
        }
        for body in read { try attach(body) }
        return read.map(\.value)
    }

    /// Attaches a plugin, unless one of its name is attached.
    func attach(_ plugin: RegisteredPlugin) throws {
        guard !plugins.contains(where: { $0.name == plugin.name }) else { return }
        if !plugin.name.hasSuffix("-plugin") { runtime.warnOnce(aboutPluginName: plugin.name) }
        var plugin = plugin
        plugin.id = takePluginNumber()
        plugins.append(plugin)
        do {
            try listen(plugin)
        } catch {
            detach(plugin)
            throw error
        }
        guard plugin.source != nil else { return }
        hooks.mayReload = true
        runtime.reloads.onFilesChange?()
    }

    private func listen(_ plugin: RegisteredPlugin) throws {
        switch plugin.body {
        case .lua(let lua):
            if let apply = lua.apply {
                try runtime.owning(lua.source?.generation.scope) { _ = try apply.state.call(apply, [.object(self)]) }
            }
            for (name, function) in lua.hooks {
                for store in hooks.stores(named: name) { store.add(lua: function, plugin: lua.name, owner: plugin.id) }
            }
        case .tenant(let tenant):
            let border = TenantBorder(tenant, host: self)
            border.tellOfHooksNeverCalled()
            hooks.hasTenants = true
            for hook in tenant.hooks {
                for store in hooks.stores(named: hook) { store.add(tenant: tenant, border: border, owner: plugin.id) }
            }
        case .swift(let swift):
            for listen in swift.listeners { listen(hooks, plugin.id) }
        }
    }

    private func detach(_ plugin: RegisteredPlugin) {
        for store in hooks.stores { store.remove(owner: plugin.id) }
        plugins.removeAll { $0.id == plugin.id }
        guard let source = plugin.source else { return }
        hooks.end(source.generation.scope)
        runtime.reloads.onFilesChange?()
    }

    /// Makes a registration end with the plugin that has made it, if it was a plugin.
    ///
    /// - Parameter isNew: Whether the name was free; one that the host itself has registered stays.
    func claim(_ name: String, isNew: Bool, _ end: @escaping (Host) -> Void) {
        guard let scope = runtime.reloads.owner, isNew || claims.contains(name) else { return }
        claims.claim(name, for: scope)
        scope.own { [weak self] in
            guard let self, claims.release(name, of: scope) else { return }
            end(self)
        }
    }

    private func pluginName(_ value: LuaValue) -> String? {
        switch value {
        case .table(let table): (try? table.get("name"))?.stringValue
        case .object(let object): (object as? SwiftPluginView)?.plugin.name ?? (object as? TenantPlugin)?.qualifiedName
        default: nil
        }
    }
}

/// A Swift plugin as `options.plugins` shows it.
final class SwiftPluginView: LuaObject, @unchecked Sendable {
    // Immutable.
    let plugin: Plugin
    init(_ plugin: Plugin) { self.plugin = plugin }
    static let luaTypeName = "mf.SwiftPlugin"
    var luaKeys: [LuaKey] { [.string("name"), .string("version")] }
    func luaGet(_ key: LuaKey) -> LuaValue {
        switch key {
        case .string("name"): .string(plugin.name)
        case .string("version"): .optional(plugin.version)
        default: .nil
        }
    }
}
