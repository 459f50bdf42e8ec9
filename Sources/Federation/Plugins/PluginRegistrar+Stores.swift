import Diagnostics
import LuaBridge

extension PluginRegistrar {
    /// Has the store of a plugin's generation be what the plugin says: contents of an earlier version are brought to the
    /// plugin's in a copy, which counts with ``PluginStore/commit()``.
    ///
    /// - Throws: ``MFError`` with `STORE-008`, `STORE-005`; `HOOK-006` for a plugin without a file that says something.
    func settleStore(of plugin: RegisteredPlugin) throws {
        guard let store = plugin.source?.generation.store else {
            if plugin.store != nil { throw MFError.storeWithoutFile(plugin: plugin.name) }
            return
        }
        if case .tenant(let tenant, _) = plugin.body {
            context.bind(store, to: tenant.name, tenant: tenant.tenant.name, quota: tenant.tenant.options.store)
        } else {
            context.bind(store, to: plugin.name)
        }
        guard let declared = plugin.store else { return }
        store.declare(version: declared.version)
        try store.settle(migration(of: plugin, store))
    }

    private func migration(of plugin: RegisteredPlugin, _ store: PluginStore) -> ((Int) throws -> Void)? {
        let (function, arguments): (LuaValue, [LuaValue])
        switch plugin.body {
        case .lua(let lua):
            guard let migrate = lua.store?.migrate else { return nil }
            (function, arguments) = (.function(migrate), [.object(StoreView(store))])
        case .tenant(let tenant, _):
            guard let migrate = tenant.migrate else { return nil }
            (function, arguments) = (.callable(migrate), [])
        case .swift: return nil
        }
        return { [registry, state] from in
            _ = try registry.reloads.withinLoadTime(of: state) {
                try state.invokeNow(function, arguments + [.integer(Int64(from))])
            }
        }
    }
}
