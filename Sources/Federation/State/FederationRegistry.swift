import Diagnostics
import EventLoops
import Fetch
import Logging
import LuaBridge
import OrderedCollections
import Posix

/// What all hosts of one runtime share: its loop and Lua state, the hosts themselves, the snapshots, the loads of entries
/// and manifests, the preloads.
///
/// Module Federation keeps these in globals; here they hang off the runtime.
final class FederationRegistry: @unchecked Sendable {
    // Kept by the `Runtime`, whose public members go to `loop` or check that they are there before they use it.

    let loop: EventLoop
    /// The main Lua state: the hosts' own code, their plugins, and remotes that run in no tenant.
    let state: LuaState
    /// Where bytes come from.
    let fetcher: any Fetcher
    let log: Logger
    /// The tasks of the main state.
    let tasks: TaskRunner
    /// Whether plugin files, and servers that remotes come from, are watched, whatever hosts say.
    let watchesFiles: Bool
    let environments: EnvironmentStore
    let reloads: ReloadState
    /// Which of the listed plugins are attached.
    let selection: PluginSelection
    let origins = JSONOrigins()
    /// The folder for what outlives the process; nil: the environment's.
    let stateFolder: String?
    /// The plugin names that were warned about.
    var warnedNames: Set<String> = []
    /// What was found out about plugins in passing.
    let notices = Notices()
    /// The secrets that scripts and plugins have named.
    let secrets: SecretStore
    /// Who calls a function of hosts that had to wait before it began; Lua does not know that any more.
    var caller: LuaCaller?
    /// The runtime.
    unowned var owner: AnyObject?

    /// The hosts, in the order of their creation.
    var hosts: [HostContext] {
        get { federation.hosts }
        _modify { yield &federation.hosts }
    }
    /// The host that the functions of the module `mf` speak to.
    var current: HostContext?
    /// Plugins that every host created from now on gets.
    var globalPlugins: [RegisteredPlugin] = []
    /// The known snapshots by key, `name:version` or `name:entry`.
    var snapshots: LiveMap<Snapshot> { federation.snapshots }
    /// Share scope maps by host.
    var shareScopes: LiveMap<ShareScopes> { federation.shareScopes }
    /// Entries that are loading or loaded, by remote and entry.
    var entryLoads: OrderedDictionary<String, SingleFlight<Container>> = [:]
    /// Containers that an entry gave, by the entry and its global name: remotes of one manifest share them.
    var containers: [String: Container] = [:]
    /// Manifests that are loading or loaded, by URL.
    var manifestLoads: [String: SingleFlight<Snapshot>] = [:]
    /// Manifests as decoded, by URL.
    var manifests: [String: FetchedManifest] = [:]
    /// Exposes that were planned once, by the remote's name.
    @exclusivity(unchecked)
    var plannedExposes: [String: Set<String>] = [:]
    /// Assets that were fetched ahead, oldest first.
    var preloadedAssets: OrderedSet<String> = []
    /// What the remotes are made of: what revalidation asks about.
    var parts = RemoteResources()
    /// Files that a remote's code looked for and that were not there, by the remote's name.
    var absentFiles: [String: Set<String>] = [:]
    /// The updates of remotes, one at a time for each.
    let updates = KeyedSerialQueue()
    /// The files of the owner's remotes that are on their way or were fetched ahead.
    let files = FileStore()
    /// Bytes of all that was fetched for remotes of no tenant.
    var fetchedBytes = 0
    let federation = FederationView()

    /// Makes the registry of a runtime.
    init(
        state: LuaState, fetcher: any Fetcher, log: Logger, tasks: TaskRunner, watchesFiles: Bool,
        reloadTime: Duration, stateFolder: String? = nil,
        selection: PluginSelection = PluginSelection(disabled: [], isSafe: false)
    ) {
        self.stateFolder = stateFolder
        (self.state, self.loop, self.fetcher) = (state, state.loop, fetcher)
        (self.log, self.tasks, self.watchesFiles) = (log, tasks, watchesFiles)
        self.selection = selection
        reloads = ReloadState(loadTime: reloadTime)
        let environments = EnvironmentStore(state: state, tasks: tasks)
        self.environments = environments
        // Beside the script, as the files of plugins are.
        secrets = SecretStore { [environments] path in
            let beside = Paths.join(environments.scriptFolder, path)
            return File.exists(beside) ? beside : path
        }
    }

    /// The host with a name and version.
    func host(named name: String, version: String?) -> HostContext? {
        hosts.first { host in
            guard host.options.name == name else { return false }
            return version.map { host.options.version == $0 } ?? (host.options.version == nil)
        }
    }

    /// Notes that an asset was fetched ahead; the oldest of many are forgotten.
    func notePreloaded(_ url: String) {
        preloadedAssets.append(url)
        if preloadedAssets.count > FederationRegistry.rememberedAssets { preloadedAssets.removeFirst() }
    }

    /// As many as Module Federation remembers.
    private static let rememberedAssets = 2_000
}

/// `GlobalFederation` as hooks see it.
final class FederationView: LuaObject {
    private let bound = LoopBound<FederationView, [HostContext]>([])
    fileprivate var hosts: [HostContext] {
        get { bound[] }
        _modify { yield &bound[] }
    }
    /// The known snapshots by key, `name:version` or `name:entry`.
    let snapshots = LiveMap<Snapshot>()
    /// Share scope maps by host.
    let shareScopes = LiveMap<ShareScopes>()

    static let luaTypeName = "mf.Federation"

    func luaGet(_ key: LuaKey) throws -> LuaValue {
        guard case .string(let name) = key else { return .nil }
        switch name {
        case "__INSTANCES__": return .array(hosts.map { .object($0) })
        case "moduleInfo": return .object(snapshots)
        case "__SHARE__": return .object(shareScopes)
        default: return .nil
        }
    }

    var luaKeys: [LuaKey] { ["__INSTANCES__", "moduleInfo", "__SHARE__"].map { .string($0) } }
}

extension FederationRegistry {
    /// Forgets everything, when the runtime ends.
    func removeAll() {
        hosts = []
        current = nil
        globalPlugins = []
        snapshots.removeAll()
        shareScopes.removeAll()
        entryLoads = [:]
        containers = [:]
        manifestLoads = [:]
        manifests = [:]
        parts.removeAll()
        files.removeAll()
    }
}

extension FederationRegistry {
    /// Says once of a plugin's name that it does not follow the convention.
    func warnOnce(aboutPluginName name: String) {
        guard warnedNames.insert(name).inserted else { return }
        log.info("plugin `\(name)`: by convention the name of a plugin ends in `-plugin`")
    }

    /// Whether some host has a remote of this name.
    func isRegistered(_ name: String) -> Bool {
        hosts.contains { $0.index.remote(exactly: name, in: $0.options.remotes) != nil }
    }
}
