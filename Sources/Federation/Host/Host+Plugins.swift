import Diagnostics
import LuaBridge

extension Host {
    /// Attaches plugins; the newest stand first in `options.plugins`.
    ///
    /// A name that is attached already is passed over, as in Module Federation.
    func registerPlugins(_ values: [LuaValue]) throws {
        let attached = try attachAll(values)
        let names = Set(attached.compactMap(pluginName))
        options.plugins.elements = attached + options.plugins.elements.filter { value in
            pluginName(value).map { !names.contains($0) } ?? true
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
            try listen(plugin, at: nil)
        } catch {
            detach(plugin)
            throw error
        }
    }

    private func listen(_ plugin: RegisteredPlugin, at position: Int?) throws {
        switch plugin.body {
        case .lua(let lua):
            if let apply = lua.apply { _ = try apply.state.call(apply, [.object(self)]) }
            for (name, function) in lua.hooks {
                hooks.store(named: name)?.add(lua: function, plugin: lua.name, owner: plugin.id, at: position)
            }
        case .tenant(let tenant):
            for hook in tenant.hooks { hooks.store(named: hook)?.add(tenant: tenant, hook: hook, owner: plugin.id, at: position) }
        case .swift(let swift):
            for listen in swift.listeners { listen(hooks, plugin.id, position) }
        }
    }

    private func detach(_ plugin: RegisteredPlugin) {
        for store in hooks.stores { store.remove(owner: plugin.id) }
        plugins.removeAll { $0.id == plugin.id }
    }

    private func pluginName(_ value: LuaValue) -> String? {
        switch value {
        case .table(let table): (try? table.get("name"))?.stringValue
        case .object(let object): (object as? SwiftPluginView)?.plugin.name ?? (object as? TenantPlugin)?.name
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
