import EventLoops
public import LuaBridge
import OrderedCollections

/// What a host knows: its options, its remotes, what it shares, who listens. Its services work on it, and on nothing else
/// of the host.
///
/// ``Host`` adds the services and the public functions. Everything here belongs to the runtime's loop.
public class HostContext: @unchecked Sendable {
    // What embedders call goes to `registry.loop` or checks that it is there; the rest is called by that, by Lua, and by
    // timers of the loop.

    /// What the hosts of the runtime share.
    final let registry: FederationRegistry
    final let hooks: HookBus
    final let index = RemoteDirectory()

    /// The options as they are now. Live: what hooks change here counts. On the runtime's loop only.
    public internal(set) final var options: HostOptions {
        get {
            registry.loop.checkOnLoop("Host")
            return currentOptions
        }
        set { currentOptions = newValue }
    }
    @exclusivity(unchecked)
    private final var currentOptions: HostOptions
    /// Scope, package, version: what is shared.
    final let shareScopeMap = ShareScopes()
    /// The remotes that were loaded, by name.
    final let moduleCache = LiveMap<RemoteModule>()
    /// What was loaded under which request.
    final var idToRemoteMap: OrderedDictionary<String, (name: String, expose: String)> = [:]
    /// The attached plugins, in the order of their registration.
    final var plugins = AttachedPlugins()
    /// The listed plugins that are not attached.
    final var absentPlugins: [AbsentPlugin] = []
    /// What is remembered of the versions of plugins that are gone, by name.
    final var formerPlugins: [String: FormerPlugin] = [:]
    private(set) final var nextPluginNumber = 1
    /// Which plugins wait for others.
    final let dependencies: PluginDependencies
    /// Whether something is said of the places of plugins; else they are called as they are listed.
    final var ordersPlugins = false
    /// Whether plugins are arranged once a whole list of them has come or gone.
    final var arrangesLater = false
    /// What was registered by plugins, and ends with them.
    final var claims = NameOwners()
    /// The generation of a plugin that has made this host, which ends with it.
    final var ownership: (scope: Lifetime, token: Lifetime.Token)?
    /// The handles that `mf.live` gave out.
    final var lives = LiveModules()
    /// The tokens by which containers recognise a host that is being initialised already.
    final var initTokens: [String: InitToken] = [:]
    /// The timers after which remotes are asked for a new version, as `revalidate` says, by remote.
    final var revalidations: [ObjectIdentifier: TimerID] = [:]
    /// The stores that scripts have opened, by the bytes of their names.
    final var scriptStores: [[UInt8]: any StoreAccess] = [:]
    /// How often the `lib` of a package has loaded that package in a row.
    final var ownLoads: [String: Int] = [:]
    /// The sandboxes that `options.tenants` declares.
    final let tenants: TenantStore

    /// The host's name: the one it was made with, also where a hook has put another into the options.
    public final let name: String

    init(name: String, registry: FederationRegistry, hooks: HookTable) {
        (self.name, self.registry) = (name, registry)
        self.hooks = HookBus(hooks, state: registry.state)
        dependencies = PluginDependencies(self.hooks)
        tenants = TenantStore(registry.state, secrets: registry.secrets)
        currentOptions = HostOptions(name: name)
        currentOptions.id = ""
        // Not `weak self`: an object that is weakly referenced anywhere counts each of its references more slowly.
        currentOptions.remotes.accepts = { [weak tenants] remote in try tenants?.expectDeclared(of: remote) }
    }

    /// Numbers a registration of a plugin.
    ///
    /// - Parameter rank: The place in the list of the plugin that it replaces.
    final func takePluginNumber(rank: Int? = nil) -> PluginID {
        defer { nextPluginNumber += 1 }
        return PluginID(number: nextPluginNumber, rank: rank)
    }

    /// Whether what it is made of is taken over when it changes.
    final var isWatching: Bool { registry.watchesFiles || options.watch == true }

    // MARK: - In Lua

    /// The name of the type in Lua and in messages.
    public class var luaTypeName: String { TenantFields.host }
    /// The methods of a host in Lua; the host itself adds them.
    public class var luaMethods: [LuaCallable] { [] }
    public final var luaDescription: String { "mf.Host(\(name))" }
    public var luaKeys: [LuaKey] { [] }
    public func luaGet(_ key: LuaKey) throws -> LuaValue { .nil }
}

extension HostContext: LuaObject {}
