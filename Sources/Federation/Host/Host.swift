import EventLoops
public import LuaBridge

/// One federation instance: its options, remotes, shared modules and plugins. It loads, and runs the hooks.
///
/// A host belongs to a ``Runtime``; hosts of one runtime share what they have loaded. Everything here may be called from
/// any thread: the public functions run on the runtime's loop.
///
/// ```swift
/// let runtime = try Runtime()
/// let host = try await runtime.createHost(HostOptions(name: "shell", remotes: [Remote(name: "checks", entry: url)]))
/// let disk = try await host.loadRemote("checks/disk")
/// ```
public final class Host: HostContext, @unchecked Sendable {
    // Adds two views that are made when Lua asks for them, and services that are made for one call each.

    /// What its remotes expose.
    var remotes: RemoteLoader { RemoteLoader(self) }
    /// What it shares.
    var shares: ShareService { ShareService(self, initialize: RemoteLoader.initialize) }
    /// What is known of its remotes.
    var snapshots: SnapshotStore { SnapshotStore(self) }
    /// What it fetches ahead.
    var preloads: Preloader { Preloader(self, loadContainer: RemoteLoader.loadContainer) }

    private lazy var snapshotView = SnapshotHandlerView(self)
    private lazy var remoteHandlerView = RemoteHandlerView(self)

    /// Makes a host and takes over what the user wrote.
    init(_ userOptions: HostOptions, registry: FederationRegistry) throws {
        super.init(name: userOptions.name, registry: registry, hooks: Lifecycle.table)
        // Not weak, as ``HostContext`` says: the store is asked by the host alone.
        tenants.services = { [unowned self] tenant in TenantServices(of: self, for: tenant) }
        hooks.remoteName = { [unowned self] subject in registeredName(of: subject) }
        do { try HostInitializer(self).initialize(userOptions) } catch {
            // What its plugins and remotes have begun by now ends with it.
            dispose()
            throw error
        }
    }

    /// The name that the remote of a call is registered under, for filters.
    private func registeredName(of subject: HookSubject) -> String? {
        switch subject {
        case .request(let id): index.match(id, in: options.remotes)?.remote.name
        case .expose(let remote, _), .remote(let remote), .registration(let remote): remote.name
        case .remotes, .share, .host: nil
        }
    }

    /// Undoes everything: remotes, plugins, share scopes, and the host's place in its runtime.
    func dispose() {
        if let (scope, token) = ownership { scope.release(token) }
        ownership = nil
        RemoteRegistrar(self).removeRemotes(options.remotes.elements.map(\.name))
        end()
        registry.remove(self)
    }

    /// Takes the host of a remote's version out that has been replaced: nobody finds it any more, and code of that version
    /// that somebody still calls goes on using it.
    func leave() {
        if let (scope, token) = ownership { scope.release(token) }
        ownership = nil
        let updater = RemoteUpdater(self)
        for remote in options.remotes.elements { updater.endRevalidation(of: remote) }
        registry.remove(self)
    }

    /// Ends what plugins and tenants have under way, and lets go of all modules: enough where the registry ends, too.
    func end() {
        let updater = RemoteUpdater(self)
        for remote in options.remotes.elements { updater.endRevalidation(of: remote) }
        PluginRegistrar(self).removePlugins(plugins.map(\.name))
        tenants.closeAll()
        scriptStores.removeAll()
        for module in moduleCache.values { module.retire() }
        moduleCache.removeAll()
        shareScopeMap.removeAll()
    }

    // MARK: - In Lua

    /// The methods of a host in Lua, such as `host:loadRemote`.
    public override class var luaMethods: [LuaCallable] { HostFunction.methods }

    public override var luaKeys: [LuaKey] {
        ["name", "version", "options", "shareScopeMap", "moduleCache", "remoteHandler", "snapshotHandler"].map {
            .string($0)
        }
    }

    public override func luaGet(_ key: LuaKey) -> LuaValue {
        registry.loop.checkOnLoop("Host")
        guard case .string(let name) = key else { return .nil }
        switch name {
        case "name": return self.name.isEmpty ? .nil : .string(self.name)
        case "version": return .string(LibraryInfo.version)
        case "options": return .object(options)
        case "shareScopeMap": return .object(shareScopeMap)
        case "moduleCache": return .object(moduleCache)
        case "remoteHandler": return .object(remoteHandlerView)
        case "snapshotHandler": return .object(snapshotView)
        default: return .nil
        }
    }
}

extension HostContext {
    /// The host itself: whatever knows what a host knows is one.
    var host: Host { unsafeDowncast(self, to: Host.self) }
}
