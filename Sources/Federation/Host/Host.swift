import Diagnostics
import EventLoops
import LuaBridge
import OrderedCollections

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
public final class Host: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    public unowned let runtime: Runtime
    let registry: FederationRegistry
    let hooks: HookBus
    let lifecycle = Lifecycle.declared
    let index: RemoteDirectory

    /// The options as they are now. Live: what hooks change here counts. On the runtime's loop only.
    public internal(set) var options: HostOptions {
        get {
            runtime.loop.checkOnLoop("Host")
            return currentOptions
        }
        set { currentOptions = newValue }
    }
    @exclusivity(unchecked)
    private var currentOptions: HostOptions
    /// Scope, package, version: what is shared.
    let shareScopeMap: ShareScopes
    /// The remotes that were loaded, by name.
    let moduleCache = LiveMap<RemoteModule>()
    /// What was loaded under which request.
    var idToRemoteMap: OrderedDictionary<String, (name: String, expose: String)> = [:]
    /// The attached plugins, in the order of their registration.
    var plugins: [RegisteredPlugin] = []
    var nextPluginNumber = 1
    /// What was registered by plugins, and ends with them.
    var claims = NameOwners()
    /// The generation of a plugin that has made this host, which ends with it.
    var ownership: (scope: Lifetime, token: Lifetime.Token)?
    /// The handles that `mf.live` gave out.
    var lives = LiveModules()
    /// The tokens by which containers recognise a host that is being initialised already.
    var initTokens: [String: InitToken] = [:]
    /// The sandboxes that `options.tenants` declares.
    lazy var tenants = TenantStore(host: self)
    lazy var snapshotView = SnapshotHandlerView(host: self)
    lazy var remoteHandlerView = RemoteHandlerView(host: self)

    /// The host's name: the one it was made with, also where a hook has put another into the options.
    public let name: String

    /// Makes a host and takes over what the user wrote.
    init(_ userOptions: HostOptions, runtime: Runtime) throws {
        self.runtime = runtime
        name = userOptions.name
        registry = runtime.registry
        hooks = HookBus(state: runtime.state)
        currentOptions = HostOptions(name: userOptions.name)
        currentOptions.id = ""
        shareScopeMap = ShareScopes()
        index = RemoteDirectory()
        // Not `weak self`: an object that is weakly referenced anywhere counts each of its references more slowly.
        options.remotes.accepts = { [weak tenants] remote in try tenants?.expectDeclared(of: remote) }
        try tenants.declare(userOptions.tenants)
        userOptions.plugins.elements = try attachAll(userOptions.plugins.elements)
        options.plugins = LiveList(userOptions.plugins.elements)
        // Listed again where the host itself gave them, as in Module Federation; attached once.
        for plugin in registry.globalPlugins {
            try attach(plugin)
            options.plugins.append(plugin.value)
        }
        options = try format(options, with: userOptions)
    }

    func takePluginNumber(rank: Int? = nil) -> PluginID {
        defer { nextPluginNumber += 1 }
        return PluginID(number: nextPluginNumber, rank: rank)
    }

    /// The same for a plugin that is attached.
    func takePluginNumber(order: PluginOrder) -> PluginID {
        takePluginNumber(rank: nextPluginNumber + order.rank)
    }
}

/// Recognises a host in `initScope`; shows whose it is.
final class InitToken: LuaObject, @unchecked Sendable {
    // Immutable.
    let from: String
    init(from: String) { self.from = from }
    static let luaTypeName = "mf.InitToken"
    var luaKeys: [LuaKey] { [.string("from")] }
    func luaGet(_ key: LuaKey) -> LuaValue { key == .string("from") ? .string(from) : .nil }
}
