import Synchronization

/// Every hook a plugin can implement, in the order in which a request meets them.
///
/// The properties' names are the hooks' names. The editor stubs, the reference, the check of a plugin's keys and the
/// marshalling are all read from here.
public final class Lifecycle: Sendable {
    // A host.
    /// Called first in `init`, also when a host is initialized again.
    public let beforeInit = SyncWaterfallHook<BeforeInit>(
        "beforeInit", .host, "Called first in `init`, also when a host is initialized again.",
        result: "`userOptions` replaces the options passed to `init`", tenancy: .never)
    /// Called for each remote passed to `registerRemotes` or `init`, registered before or not.
    public let beforeRegisterRemote = SyncWaterfallHook<RegisterRemote>(
        "beforeRegisterRemote", .remote,
        "Called for each remote passed to `registerRemotes` or `init`, registered before or not.",
        result: "ignored; changes in place count", tenancy: .ownOnly)
    /// Called after a remote was added; an error undoes the registration.
    public let registerRemote = SyncWaterfallHook<RegisterRemote>(
        "registerRemote", .remote, "Called after a remote was added; an error undoes the registration.",
        tenancy: .ownOnly)
    /// Called for each scope of each version of a shared module.
    public let beforeRegisterShare = SyncWaterfallHook<BeforeRegisterShare>(
        "beforeRegisterShare", .share, "Called for each scope of each version of a shared module.",
        result: "ignored; changes in place count", tenancy: .never)
    /// Called at the end of `init`, before the options are stored.
    public let `init` = SyncHook<InitHost>(
        "init", .host, "Called at the end of `init`, before the options are stored.",
        result: "ignored; options changed in place count", tenancy: .never)

    // A request.
    /// Called before the remote is matched.
    public let beforeRequest = AsyncWaterfallHook<BeforeRequest>(
        "beforeRequest", .remote, "Called before the remote is matched.", result: "`id` decides what is loaded")
    /// Called when the remote is matched, or when none matches (`error`); an error fails the load.
    public let afterMatchRemote = AsyncHook<AfterMatchRemote>(
        "afterMatchRemote", .remote,
        "Called when the remote is matched, or when none matches (`error`); an error fails the load.")
    /// Called before the snapshot of a remote with a manifest or a version is loaded.
    public let beforeLoadRemoteSnapshot = AsyncHook<BeforeLoadRemoteSnapshot>(
        "beforeLoadRemoteSnapshot", .snapshot,
        "Called before the snapshot of a remote with a manifest or a version is loaded.")
    /// Called before the manifest is requested.
    public let loadSnapshot = AsyncWaterfallHook<LoadSnapshot>(
        "loadSnapshot", .snapshot, "Called before the manifest is requested.",
        result: "`remoteSnapshot` is used and not stored")
    /// Called before a manifest is fetched.
    public let fetch = AsyncHook<FetchManifest>(
        "fetch", .loader, "Called before a manifest is fetched.", result: "a response is used in its place",
        tenancy: .document)
    /// Called with the snapshot: once per manifest if it comes from one, otherwise at each load.
    public let loadRemoteSnapshot = AsyncWaterfallHook<LoadRemoteSnapshot>(
        "loadRemoteSnapshot", .snapshot,
        "Called with the snapshot: once per manifest if it comes from one, otherwise at each load.",
        result: "`remoteSnapshot` is used, and stored if it comes from a manifest")
    /// Called each time a snapshot is loaded.
    public let afterLoadSnapshot = AsyncWaterfallHook<AfterLoadSnapshot>(
        "afterLoadSnapshot", .snapshot, "Called each time a snapshot is loaded.",
        result: "ignored; changes in place count")
    /// Called before a preload, including the implicit one when a remote with a manifest is loaded.
    public let beforePreloadRemote = AsyncHook<BeforePreloadRemote>(
        "beforePreloadRemote", .remote,
        "Called before a preload, including the implicit one when a remote with a manifest is loaded.",
        result: "ignored; `preloadOps` changed in place count")
    /// Called for each expose while the built-in preload plan is made.
    public let handlePreloadModule = SyncHook<HandlePreloadModule>(
        "handlePreloadModule", .remote, "Called for each expose while the built-in preload plan is made.")
    /// Called to plan a preload, after the built-in plan is made.
    public let generatePreloadAssets = AsyncHook<GeneratePreloadAssets>(
        "generatePreloadAssets", .remote, "Called to plan a preload, after the built-in plan is made.",
        result: "the plan; `false` preloads nothing", tenancy: .document)
    /// Called at the end of `preloadRemote`.
    public let afterPreloadRemote = AsyncHook<AfterPreloadRemote>(
        "afterPreloadRemote", .remote, "Called at the end of `preloadRemote`.")
    /// Called when the remote, the expose and the snapshot are known.
    public let afterResolve = AsyncWaterfallHook<AfterResolve>(
        "afterResolve", .share, "Called when the remote, the expose and the snapshot are known.",
        result: "`remote`, `expose`, `id`, `remoteInfo`, `remoteSnapshot` decide what is loaded")

    // An entry.
    /// Called once per remote and entry before it is loaded.
    public let loadEntry = AsyncHook<LoadEntry>(
        "loadEntry", .remote, "Called once per remote and entry before it is loaded.",
        result: "a container is used in place of the entry's", tenancy: .container)
    /// Called before a remote entry or an executable asset is requested.
    public let createScript = SyncHook<CreateScript>(
        "createScript", .loader, "Called before a remote entry or an executable asset is requested.",
        result:
            "a request (`url`, `method`, `headers`, `timeout` in ms, `maxBytes`), `{script, timeout}`, or the source",
        tenancy: .fetch)
    /// Called before an asset that is not executed is requested.
    public let createLink = SyncHook<CreateScript>(
        "createLink", .loader, "Called before an asset that is not executed is requested.",
        result: "a request, as for `createScript`", tenancy: .fetch)
    /// Called when a remote entry fails to load; `args.retry(url)` loads it again.
    public let loadEntryError = AsyncHook<LoadEntryError>(
        "loadEntryError", .loader, "Called when a remote entry fails to load; `args.retry(url)` loads it again.",
        result: "a container is used", tenancy: .container)
    /// Called when a file that a remote's `require` or `preloadRemote` requested cannot be fetched.
    public let loadFileError = AsyncHook<LoadFileError>(
        "loadFileError", .loader,
        "Called when a file that a remote's `require` or `preloadRemote` requested cannot be fetched.",
        result: "a response, such as `mf.fetch` returns, replaces that of the file", tenancy: .document)
    /// Called when an entry was loaded or recovered, or failed to load.
    public let afterLoadEntry = AsyncHook<AfterLoadEntry>(
        "afterLoadEntry", .loader, "Called when an entry was loaded or recovered, or failed to load.")
    /// Called before a container's first `init`.
    public let beforeInitRemote = AsyncHook<BeforeInitRemote>(
        "beforeInitRemote", .loader, "Called before a container's first `init`.")
    /// Called before `container.init`.
    public let beforeInitContainer = AsyncWaterfallHook<BeforeInitContainer>(
        "beforeInitContainer", .host, "Called before `container.init`.",
        result: "`shareScope`, `initScope`, `remoteEntryInitOptions` are passed to the container")
    /// Called after `container.init`.
    public let initContainer = AsyncWaterfallHook<InitContainer>(
        "initContainer", .host, "Called after `container.init`.")
    /// Called after a container's `init`, and at each later load (`cached`).
    public let afterInitRemote = AsyncHook<AfterInitRemote>(
        "afterInitRemote", .loader, "Called after a container's `init`, and at each later load (`cached`).")

    // An expose.
    /// Called before a container is asked for an expose.
    public let beforeGetExpose = AsyncHook<BeforeGetExpose>(
        "beforeGetExpose", .loader, "Called before a container is asked for an expose.")
    /// Called before `container.get`.
    public let getModuleFactory = AsyncHook<GetModuleFactory>(
        "getModuleFactory", .loader, "Called before `container.get`.",
        result: "a function is used in place of `container.get`", tenancy: .module)
    /// Called with the module factory, or with the error if there is none.
    public let afterGetExpose = AsyncHook<AfterGetExpose>(
        "afterGetExpose", .loader, "Called with the module factory, or with the error if there is none.")
    /// Called before the module factory runs.
    public let beforeExecuteFactory = AsyncHook<BeforeExecuteFactory>(
        "beforeExecuteFactory", .loader, "Called before the module factory runs.")
    /// Called with the module, or with the factory's error.
    public let afterExecuteFactory = AsyncHook<AfterExecuteFactory>(
        "afterExecuteFactory", .loader, "Called with the module, or with the factory's error.")
    /// Called when the expose is loaded.
    public let onLoad = AsyncHook<OnLoad>(
        "onLoad", .remote, "Called when the expose is loaded.", result: "a function replaces the module",
        tenancy: .module)
    /// Called when a step fails; `lifecycle` says which.
    public let errorLoadRemote = AsyncHook<ErrorLoadRemote>(
        "errorLoadRemote", .remote, "Called when a step fails; `lifecycle` says which.",
        result: "replaces the result of the failed step: arguments, manifest, container or module",
        tenancy: .replacement)
    /// Called at the end of each `loadRemote`; an error fails it.
    public let afterLoadRemote = AsyncHook<AfterLoadRemote>(
        "afterLoadRemote", .remote, "Called at the end of each `loadRemote`; an error fails it.")

    // A shared module.
    /// Called by `loadShare` before a version is chosen.
    public let beforeLoadShare = AsyncWaterfallHook<BeforeLoadShare>(
        "beforeLoadShare", .share, "Called by `loadShare` before a version is chosen.",
        result: "`shareInfo` decides what is loaded")
    /// Called by `loadShare` after `beforeLoadShare`.
    public let loadShare = AsyncHook<LoadShare>(
        "loadShare", .share, "Called by `loadShare` after `beforeLoadShare`.",
        result: "a function is used as the factory", tenancy: .share)
    /// Called to choose a version, including while a preload is planned.
    public let resolveShare = SyncWaterfallHook<ResolveShare>(
        "resolveShare", .share, "Called to choose a version, including while a preload is planned.",
        result: "`resolver` chooses, returned or changed in place")
    /// Called when a shared module is found; errors are logged.
    public let afterLoadShare = SyncHook<AfterLoadShare>(
        "afterLoadShare", .share, "Called when a shared module is found; errors are logged.")
    /// Called when no shared module is found; errors are logged.
    public let errorLoadShare = SyncHook<ErrorLoadShare>(
        "errorLoadShare", .share, "Called when no shared module is found; errors are logged.")
    /// Called by `initShareScopeMap`.
    public let initContainerShareScopeMap = SyncWaterfallHook<InitContainerShareScopeMap>(
        "initContainerShareScopeMap", .share, "Called by `initShareScopeMap`.",
        result: "ignored; changes in place count", tenancy: .never)

    // Emitted by others than the host itself: bundlers' and bridges' code calls `host:emit`.
    /// Emitted by tools that look up a module's snapshot; the host never emits it.
    public let getModuleInfo = SyncHook<OpenArguments>(
        "getModuleInfo", .loader, "Emitted by tools that look up a module's snapshot; the host never emits it.",
        result: "the value found", tenancy: .never)
    /// Emitted by a bridge before it renders; the host never emits it.
    public let beforeBridgeRender = SyncHook<OpenArguments>(
        "beforeBridgeRender", .bridge, "Emitted by a bridge before it renders; the host never emits it.",
        result: "defined by the bridge", tenancy: .never)
    /// Emitted by a bridge after it renders; the host never emits it.
    public let afterBridgeRender = SyncHook<OpenArguments>(
        "afterBridgeRender", .bridge, "Emitted by a bridge after it renders; the host never emits it.",
        result: "defined by the bridge", tenancy: .never)
    /// Emitted by a bridge before it is destroyed; the host never emits it.
    public let beforeBridgeDestroy = SyncHook<OpenArguments>(
        "beforeBridgeDestroy", .bridge, "Emitted by a bridge before it is destroyed; the host never emits it.",
        result: "defined by the bridge", tenancy: .never)
    /// Emitted by a bridge after it is destroyed; the host never emits it.
    public let afterBridgeDestroy = SyncHook<OpenArguments>(
        "afterBridgeDestroy", .bridge, "Emitted by a bridge after it is destroyed; the host never emits it.",
        result: "defined by the bridge", tenancy: .never)

    // A new version of a remote.
    /// Called after a remote is updated to a new version.
    public let afterUpdateRemote = AsyncHook<AfterUpdateRemote>(
        "afterUpdateRemote", .remote, "Called after a remote is updated to a new version.")

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
