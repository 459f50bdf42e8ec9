public import LuaBridge

/// The arguments of `beforeLoadRemoteSnapshot`.
public struct BeforeLoadRemoteSnapshot: OriginArguments {
    /// The remote. Live.
    public let remote: Remote
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .options, .fixed("moduleInfo", "mf.Remote", "The remote. Live.", sees: .data) { .object($0.remote) }, .origin,
    ]
}

/// The arguments of `loadSnapshot`.
public struct LoadSnapshot: HookArguments {
    /// The host that emits the hook.
    public let context: HostContext
    /// The remote. Live.
    public let remote: Remote
    /// The host's own snapshot. Live.
    public let hostGlobalSnapshot: Snapshot?
    /// All known snapshots. Live.
    public let globalSnapshot: LiveMap<Snapshot>
    /// The remote's snapshot, if known.
    public var remoteSnapshot: Snapshot?
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("options", "mf.Options", "The host's options.", sees: .data) { .object($0.context.options) },
        .fixed("moduleInfo", "mf.Remote", "The remote. Live.", sees: .data) { .object($0.remote) },
        .fixed("hostGlobalSnapshot", "mf.Snapshot", "The host's own snapshot. Live.", sees: .hidden) {
            .optional($0.hostGlobalSnapshot)
        },
        .open(
            "remoteSnapshot", "mf.Snapshot", "The remote's snapshot, if known.", sees: .data, changes: .remote,
            { .optional($0.remoteSnapshot) }
        ) { $0.remoteSnapshot = $1.isNil ? nil : try Snapshot.fromLua($1) },
        .fixed("globalSnapshot", "table<string, mf.Snapshot>", "All known snapshots. Live.", sees: .hidden) {
            .object($0.globalSnapshot)
        },
    ]
}

/// The arguments of `loadRemoteSnapshot`.
public struct LoadRemoteSnapshot: HookArguments {
    /// The host that emits the hook.
    public let context: HostContext
    /// The remote. Live.
    public let remote: Remote
    /// The manifest, if it was just loaded.
    public let manifestJson: LuaValue
    /// The manifest's URL.
    public let manifestUrl: String?
    /// The remote's snapshot. Live.
    public var remoteSnapshot: Snapshot
    /// Where the snapshot comes from.
    public let from: String
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("options", "mf.Options", "The host's options.", sees: .data) { .object($0.context.options) },
        .fixed("moduleInfo", "mf.Remote", "The remote. Live.", sees: .data) { .object($0.remote) },
        .fixed("manifestJson", "table", "The manifest, if it was just loaded.", sees: .own) { $0.manifestJson },
        .fixed("manifestUrl", "string", "The manifest's URL.", sees: .data) { .optional($0.manifestUrl) },
        .open(
            "remoteSnapshot", "mf.Snapshot", "The remote's snapshot. Live.", sees: .data, changes: .remote,
            { .object($0.remoteSnapshot) }
        ) {
            $0.remoteSnapshot = try Snapshot.fromLua($1)
        },
        .fixed("from", "\"global\"|\"manifest\"", "Where the snapshot comes from.", sees: .data) { .string($0.from) },
    ]
}

/// The arguments of `afterLoadSnapshot`.
public struct AfterLoadSnapshot: HookArguments {
    /// The request, `remote/expose`.
    public let id: String?
    /// The host that emits the hook.
    public let context: HostContext
    /// The remote. Live.
    public let remote: Remote
    /// The remote's snapshot. Live.
    public let remoteSnapshot: Snapshot
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id },
        .fixed("host", "mf.Host", "The host that emits the hook.", sees: .origin) { .object($0.context) },
        .fixed("options", "mf.Options", "The host's options.", sees: .data) { .object($0.context.options) },
        .fixed("moduleInfo", "mf.Remote", "The remote. Live.", sees: .data) { .object($0.remote) },
        .remoteSnapshot { $0.remoteSnapshot },
    ]
}

/// The arguments of `beforePreloadRemote`.
public struct BeforePreloadRemote: OriginArguments {
    /// The preload requests. Live.
    public let preloadOps: LiveList<PreloadRequest>
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remotes(preloadOps.elements.map { $0.nameOrAlias ?? "" }) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("preloadOps", "mf.PreloadRemoteArgs[]", "The preload requests. Live.", sees: .data) {
            .object($0.preloadOps)
        },
        .options, .origin,
    ]
}

/// The arguments of `handlePreloadModule`.
public struct HandlePreloadModule: OriginArguments {
    /// The request, `remote/expose`.
    public let id: String
    /// The remote's name.
    public let name: String
    /// The remote.
    public let remote: ResolvedRemote
    /// The remote's snapshot. Live.
    public let remoteSnapshot: Snapshot
    /// The preload requests. Live.
    public let preloadConfig: PreloadRequest
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .fixed("name", "string", "The remote's name.", sees: .data) { .string($0.name) },
        .fixed("remote", "mf.RemoteInfo", "The remote.", sees: .data) { .object($0.remote) },
        .remoteSnapshot { $0.remoteSnapshot },
        .fixed("preloadConfig", "mf.PreloadRemoteArgs", "The preload requests. Live.", sees: .data) {
            .object($0.preloadConfig)
        },
        .origin,
    ]
}

/// The arguments of `generatePreloadAssets`.
public struct GeneratePreloadAssets: OriginArguments, RemoteInfoArguments {
    /// `{remote, preloadConfig}`. Live.
    public let preloadOptions: PreloadOptions
    /// The remote. Live.
    public let remote: Remote
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The remote's snapshot. Live.
    public let remoteSnapshot: Snapshot?
    /// All known snapshots. Live.
    public let globalSnapshot: LiveMap<Snapshot>?
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .origin,
        .fixed("preloadOptions", "mf.PreloadOptions", "`{remote, preloadConfig}`. Live.", sees: .data) {
            .object($0.preloadOptions)
        },
        .fixed("remote", "mf.Remote", "The remote. Live.", sees: .data) { .object($0.remote) }, .remoteInfo,
        .remoteSnapshot { $0.remoteSnapshot },
        .fixed("globalSnapshot", "table<string, mf.Snapshot>", "All known snapshots. Live.", sees: .hidden) {
            .optional($0.globalSnapshot)
        },
    ]
}

/// The arguments of `afterPreloadRemote`.
public struct AfterPreloadRemote: OriginArguments {
    /// The preload requests. Live.
    public let preloadOps: LiveList<PreloadRequest>
    /// The outcome for each resource.
    public let results: LuaValue
    /// The error, as it was raised.
    public let error: (any Error)?
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remotes(preloadOps.elements.map { $0.nameOrAlias ?? "" }) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("preloadOps", "mf.PreloadRemoteArgs[]", "The preload requests. Live.", sees: .data) {
            .object($0.preloadOps)
        },
        .options, .origin,
        .fixed("results", "mf.PreloadResult[]", "The outcome for each resource.", sees: .data) { $0.results },
        .error { $0.error },
    ]
}
