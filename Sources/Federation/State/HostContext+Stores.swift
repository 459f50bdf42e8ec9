import Diagnostics
import Logging
import LuaBridge
import Posix
import Stores

extension HostContext {
    /// Opens a store of this host.
    ///
    /// - Throws: ``MFError`` with `STORE-005` where there is no folder for stores.
    func open(_ identity: StoreIdentity, quota: Int) throws -> OpenStore {
        guard let root = registry.stateFolder ?? StateFolder.path() else { throw MFError.noStateFolder() }
        let log = registry.log
        return StoreRegistry.shared.open(identity, root: root, quota: quota) { log.warning("\($0)") }
    }

    /// The store that a script calls by a name.
    ///
    /// - Throws: ``MFError`` with `STORE-004`, `STORE-005`.
    func store(named name: String) throws -> any StoreAccess {
        let name = try StoreRules.name(name)
        if let known = scriptStores[Array(name.utf8)] { return known }
        let store = DirectStore(
            try open(StoreIdentity(host: self.name, script: name), quota: StoreRules.quota), loop: registry.loop)
        scriptStores[Array(name.utf8)] = store
        return store
    }

    /// Binds the store of a generation to the plugin that it is of.
    func bind(_ store: PluginStore, to plugin: String, tenant: String? = nil, quota: Int = StoreRules.quota) {
        let identity = StoreIdentity(host: name, tenant: tenant, plugin: plugin)
        // Not weak, see `init`: the generation ends before the host does.
        store.bind(on: registry.loop) { [unowned self] in try open(identity, quota: quota) }
    }
}
