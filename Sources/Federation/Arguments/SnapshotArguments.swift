public import LuaBridge

/// The arguments of `beforeLoadRemoteSnapshot`.
public struct BeforeLoadRemoteSnapshot: OriginArguments {
    public let remote: Remote
    public let context: HostContext
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .options, .fixed("moduleInfo", "mf.Remote", "The remote. Live.", sees: .data) { .object($0.remote) }, .origin,
    ]
}

/// The arguments of `loadSnapshot`.
public struct LoadSnapshot: HookArguments {
    public let context: HostContext
    public let remote: Remote
    public let hostGlobalSnapshot: Snapshot?
    public let globalSnapshot: LiveMap<Snapshot>
    public var remoteSnapshot: Snapshot?
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("options", "mf.Options", "The host's options.", sees: .data) { .object($0.context.options) },
        .fixed("moduleInfo", "mf.Remote", "The remote. Live.", sees: .data) { .object($0.remote) },
        .fixed("hostGlobalSnapshot", "mf.Snapshot", "The host's own snapshot. Live.", sees: .hidden) {
            .optional($0.hostGlobalSnapshot)
        },
        .open(
            "remoteSnapshot", "mf.Snapshot", "The remote's snapshot if it is known.", sees: .data, changes: .remote,
            { .optional($0.remoteSnapshot) }
        ) { $0.remoteSnapshot = $1.isNil ? nil : try Snapshot.fromLua($1) },
        .fixed("globalSnapshot", "table<string, mf.Snapshot>", "All known snapshots. Live.", sees: .hidden) {
            .object($0.globalSnapshot)
        },
    ]
}

/// The arguments of `loadRemoteSnapshot`.
public struct LoadRemoteSnapshot: HookArguments {
    public let context: HostContext
    public let remote: Remote
    public let manifestJson: LuaValue
    public let manifestUrl: String?
    public var remoteSnapshot: Snapshot
    /// `manifest` or `global`.
    public let from: String
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("options", "mf.Options", "The host's options.", sees: .data) { .object($0.context.options) },
        .fixed("moduleInfo", "mf.Remote", "The remote. Live.", sees: .data) { .object($0.remote) },
        .fixed("manifestJson", "table", "The manifest, when it was just loaded.", sees: .own) { $0.manifestJson },
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
    public let id: String?
    public let context: HostContext
    public let remote: Remote
    public let remoteSnapshot: Snapshot
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .fixed("host", "mf.Host", "The host that is at work.", sees: .origin) { .object($0.context) },
        .fixed("options", "mf.Options", "The host's options.", sees: .data) { .object($0.context.options) },
        .fixed("moduleInfo", "mf.Remote", "The remote. Live.", sees: .data) { .object($0.remote) },
        .remoteSnapshot { $0.remoteSnapshot },
    ]
}

/// The arguments of `beforePreloadRemote`.
public struct BeforePreloadRemote: OriginArguments {
    public let preloadOps: LiveList<PreloadRequest>
    public let context: HostContext
    public var subject: HookSubject { .remotes(preloadOps.elements.map { $0.nameOrAlias ?? "" }) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("preloadOps", "mf.PreloadRemoteArgs[]", "What is preloaded. Live.", sees: .data) {
            .object($0.preloadOps)
        },
        .options, .origin,
    ]
}

/// The arguments of `handlePreloadModule`.
public struct HandlePreloadModule: OriginArguments {
    public let id: String
    public let name: String
    public let remote: ResolvedRemote
    public let remoteSnapshot: Snapshot
    public let preloadConfig: PreloadRequest
    public let context: HostContext
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .fixed("name", "string", "The remote's name.", sees: .data) { .string($0.name) },
        .fixed("remote", "mf.RemoteInfo", "The remote.", sees: .data) { .object($0.remote) },
        .remoteSnapshot { $0.remoteSnapshot },
        .fixed("preloadConfig", "mf.PreloadRemoteArgs", "What is preloaded. Live.", sees: .data) {
            .object($0.preloadConfig)
        },
        .origin,
    ]
}

/// The arguments of `generatePreloadAssets`.
public struct GeneratePreloadAssets: OriginArguments, RemoteInfoArguments {
    public let preloadOptions: PreloadOptions
    public let remote: Remote
    public let remoteInfo: ResolvedRemote
    public let remoteSnapshot: Snapshot?
    public let globalSnapshot: LiveMap<Snapshot>?
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
    public let preloadOps: LiveList<PreloadRequest>
    public let results: LuaValue
    public let error: (any Error)?
    public let context: HostContext
    public var subject: HookSubject { .remotes(preloadOps.elements.map { $0.nameOrAlias ?? "" }) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("preloadOps", "mf.PreloadRemoteArgs[]", "What was preloaded. Live.", sees: .data) {
            .object($0.preloadOps)
        },
        .options, .origin,
        .fixed("results", "mf.PreloadResult[]", "What became of each resource.", sees: .data) { $0.results },
        .error { $0.error },
    ]
}
