import Synchronization

/// Every hook a plugin can implement, in the order in which a request meets them.
///
/// The properties' names are the hooks' names. The editor stubs, the reference, the check of a plugin's keys and the
/// marshalling are all read from here.
public final class Lifecycle: Sendable {
    // A host.
    public let beforeInit = SyncWaterfallHook<BeforeInit>(
        "beforeInit", .host, "Called first in `init`, also when a host is initialised again.",
        result: "`userOptions` replaces what the user wrote", tenancy: .never)
    public let beforeRegisterRemote = SyncWaterfallHook<RegisterRemote>(
        "beforeRegisterRemote", .remote, "Called for each remote that is registered, also for known ones.",
        result: "ignored; changes in place count", tenancy: .ownOnly)
    public let registerRemote = SyncWaterfallHook<RegisterRemote>(
        "registerRemote", .remote, "Called after a remote was added; a throw takes it back.", tenancy: .ownOnly)
    public let beforeRegisterShare = SyncWaterfallHook<BeforeRegisterShare>(
        "beforeRegisterShare", .share, "Called for each scope of each version of a shared module.",
        result: "ignored; changes in place count", tenancy: .never)
    public let `init` = SyncHook<InitHost>(
        "init", .host, "Called at the end of `init`, before the options are stored.",
        result: "ignored; options changed in place count", tenancy: .never)

    // A request.
    public let beforeRequest = AsyncWaterfallHook<BeforeRequest>(
        "beforeRequest", .remote, "Called before the remote is matched.", result: "`id` decides what is loaded")
    public let afterMatchRemote = AsyncHook<AfterMatchRemote>(
        "afterMatchRemote", .remote, "Called once the remote is matched, or is not (`error`); a throw fails the load.")
    public let beforeLoadRemoteSnapshot = AsyncHook<BeforeLoadRemoteSnapshot>(
        "beforeLoadRemoteSnapshot", .snapshot, "Called before the snapshot of a remote with a manifest or a version.")
    public let loadSnapshot = AsyncWaterfallHook<LoadSnapshot>(
        "loadSnapshot", .snapshot, "Called before the manifest is asked for.",
        result: "`remoteSnapshot` is used and not stored")
    public let fetch = AsyncHook<FetchManifest>(
        "fetch", .loader, "Called before a manifest is fetched.", result: "a response is used in its place",
        tenancy: .document)
    public let loadRemoteSnapshot = AsyncWaterfallHook<LoadRemoteSnapshot>(
        "loadRemoteSnapshot", .snapshot,
        "Called with the snapshot: once per manifest when it comes from there, else each time.",
        result: "`remoteSnapshot` is used, and stored when from a manifest")
    public let afterLoadSnapshot = AsyncWaterfallHook<AfterLoadSnapshot>(
        "afterLoadSnapshot", .snapshot, "Called each time a snapshot was loaded.",
        result: "ignored; changes in place count")
    public let beforePreloadRemote = AsyncHook<BeforePreloadRemote>(
        "beforePreloadRemote", .remote, "Called before a preload, also for the load of a remote with a manifest.",
        result: "ignored; `preloadOps` changed in place count")
    public let handlePreloadModule = SyncHook<HandlePreloadModule>(
        "handlePreloadModule", .remote, "Called for each expose while the built-in preload plan is made.")
    public let generatePreloadAssets = AsyncHook<GeneratePreloadAssets>(
        "generatePreloadAssets", .remote, "Called to plan what is preloaded; the built-in plan is made first.",
        result: "the plan; `false`: nothing is preloaded", tenancy: .document)
    public let afterPreloadRemote = AsyncHook<AfterPreloadRemote>(
        "afterPreloadRemote", .remote, "Called at the end of `preloadRemote`.")
    public let afterResolve = AsyncWaterfallHook<AfterResolve>(
        "afterResolve", .share, "Called once remote, expose and snapshot are known.",
        result: "`remote`, `expose`, `id`, `remoteInfo`, `remoteSnapshot` decide what is loaded")

    // An entry.
    public let loadEntry = AsyncHook<LoadEntry>(
        "loadEntry", .remote, "Called once per remote and entry before it is loaded.",
        result: "a container is used in place of the entry's", tenancy: .container)
    public let createScript = SyncHook<CreateScript>(
        "createScript", .loader, "Called before a remote entry or an executable asset is requested.",
        result:
            "a request (`url`, `method`, `headers`, `timeout` in ms, `maxBytes`), `{script, timeout}`, or the source",
        tenancy: .fetch)
    public let createLink = SyncHook<CreateScript>(
        "createLink", .loader, "Called before an asset that is not executed is requested.",
        result: "a request, as for `createScript`", tenancy: .fetch)
    public let loadEntryError = AsyncHook<LoadEntryError>(
        "loadEntryError", .loader, "Called when an entry could not be loaded; `args.retry(url)` loads it again.",
        result: "a container is used", tenancy: .container)
    public let loadFileError = AsyncHook<LoadFileError>(
        "loadFileError", .loader,
        "Called when a file that `require` in a remote's code, or `preloadRemote`, asked for could not be fetched.",
        result: "a response, such as `mf.fetch` returns, is used in place of the file's", tenancy: .document)
    public let afterLoadEntry = AsyncHook<AfterLoadEntry>(
        "afterLoadEntry", .loader, "Called when an entry was loaded, recovered, or failed.")
    public let beforeInitRemote = AsyncHook<BeforeInitRemote>(
        "beforeInitRemote", .loader, "Called before a container's first `init`.")
    public let beforeInitContainer = AsyncWaterfallHook<BeforeInitContainer>(
        "beforeInitContainer", .host, "Called before `container.init`.",
        result: "`shareScope`, `initScope`, `remoteEntryInitOptions` are handed to the container")
    public let initContainer = AsyncWaterfallHook<InitContainer>(
        "initContainer", .host, "Called after `container.init`.")
    public let afterInitRemote = AsyncHook<AfterInitRemote>(
        "afterInitRemote", .loader, "Called after a container's `init`, and at every later load (`cached`).")

    // An expose.
    public let beforeGetExpose = AsyncHook<BeforeGetExpose>(
        "beforeGetExpose", .loader, "Called before a container is asked for an expose.")
    public let getModuleFactory = AsyncHook<GetModuleFactory>(
        "getModuleFactory", .loader, "Called before `container.get`.",
        result: "a function is used in place of `container.get`", tenancy: .module)
    public let afterGetExpose = AsyncHook<AfterGetExpose>(
        "afterGetExpose", .loader, "Called with the module factory, or with the error of getting it.")
    public let beforeExecuteFactory = AsyncHook<BeforeExecuteFactory>(
        "beforeExecuteFactory", .loader, "Called before the module factory runs.")
    public let afterExecuteFactory = AsyncHook<AfterExecuteFactory>(
        "afterExecuteFactory", .loader, "Called with the module, or with the factory's error.")
    public let onLoad = AsyncHook<OnLoad>(
        "onLoad", .remote, "Called once the expose is loaded.", result: "a function replaces the module",
        tenancy: .module)
    public let errorLoadRemote = AsyncHook<ErrorLoadRemote>(
        "errorLoadRemote", .remote, "Called when a step fails; `lifecycle` says which.",
        result: "replaces what the step should have given: arguments, manifest, container or module",
        tenancy: .replacement)
    public let afterLoadRemote = AsyncHook<AfterLoadRemote>(
        "afterLoadRemote", .remote, "Called at the end of each `loadRemote`; a throw fails it.")

    // A shared module.
    public let beforeLoadShare = AsyncWaterfallHook<BeforeLoadShare>(
        "beforeLoadShare", .share, "Called by `loadShare` before a version is chosen.", result: "`shareInfo` decides")
    public let loadShare = AsyncHook<LoadShare>(
        "loadShare", .share, "Called by `loadShare` after `beforeLoadShare`.",
        result: "a function is used as the factory", tenancy: .share)
    public let resolveShare = SyncWaterfallHook<ResolveShare>(
        "resolveShare", .share, "Called to choose a version, also while a preload is planned.",
        result: "`resolver` chooses; returned or changed in place")
    public let afterLoadShare = SyncHook<AfterLoadShare>(
        "afterLoadShare", .share, "Called when a shared module was found; throws are logged.")
    public let errorLoadShare = SyncHook<ErrorLoadShare>(
        "errorLoadShare", .share, "Called when no shared module was found; throws are logged.")
    public let initContainerShareScopeMap = SyncWaterfallHook<InitContainerShareScopeMap>(
        "initContainerShareScopeMap", .share, "Called by `initShareScopeMap`.",
        result: "ignored; changes in place count", tenancy: .never)

    // Emitted by others than the host itself: bundlers' and bridges' code calls `host:emit`.
    public let getModuleInfo = SyncHook<OpenArguments>(
        "getModuleInfo", .loader, "Emitted by tools that look for a module's snapshot; never by the host itself.",
        result: "the value found", tenancy: .never)
    public let beforeBridgeRender = SyncHook<OpenArguments>(
        "beforeBridgeRender", .bridge, "Emitted by a bridge before it renders; never by the host itself.",
        result: "the bridge's business", tenancy: .never)
    public let afterBridgeRender = SyncHook<OpenArguments>(
        "afterBridgeRender", .bridge, "Emitted by a bridge after it rendered; never by the host itself.",
        result: "the bridge's business", tenancy: .never)
    public let beforeBridgeDestroy = SyncHook<OpenArguments>(
        "beforeBridgeDestroy", .bridge, "Emitted by a bridge before it goes; never by the host itself.",
        result: "the bridge's business", tenancy: .never)
    public let afterBridgeDestroy = SyncHook<OpenArguments>(
        "afterBridgeDestroy", .bridge, "Emitted by a bridge after it went; never by the host itself.",
        result: "the bridge's business", tenancy: .never)

    // A new version of a remote.
    public let afterUpdateRemote = AsyncHook<AfterUpdateRemote>(
        "afterUpdateRemote", .remote, "Called after a new version of a remote took the place of the one before.")

    /// The declarations.
    public static let declared = Lifecycle()

    /// All declarations, in order.
    public static var all: [any HookDeclaration] { table.all }

    /// The same for hosts. Each hook counts itself when it is made, so that none can be forgotten.
    static let table: HookTable = {
        _ = declared
        return HookTable(declaredHooks.withLock { $0 })
    }()
}

extension HostService {
    /// The declared hooks, to emit one.
    var lifecycle: Lifecycle { Lifecycle.declared }
}
