public import LuaBridge

/// The arguments of `beforeInit`.
public struct BeforeInit: OriginArguments {
    public var userOptions: HostOptions
    public var optionsSoFar: HostOptions
    public var shareInfo: SharedModules
    public let context: HostContext
    public var subject: HookSubject { .host }
    public static let luaFields: [HookField<Self>] = [
        .open(
            "userOptions", "mf.Options", "What the user wrote.", sees: .hidden, changes: .none,
            { .object($0.userOptions) }
        ) {
            $0.userOptions = try HostOptions.fromLua($1)
        },
        .open(
            "options", "mf.Options", "The host's options before this `init`.", sees: .hidden, changes: .none,
            { .object($0.optionsSoFar) }
        ) {
            $0.optionsSoFar = try HostOptions.fromLua($1)
        },
        .fixed("shareInfo", "table<string, mf.Shared[]>", "What will be shared, by package.", sees: .hidden) {
            .object($0.shareInfo)
        },
        .origin,
    ]
}

/// The arguments of `init`.
public struct InitHost: OriginArguments {
    /// The options that the host is about to take over.
    public let newOptions: HostOptions
    public let context: HostContext
    public var subject: HookSubject { .host }
    public static let luaFields: [HookField<Self>] = [
        .fixed("options", "mf.Options", "The options that the host takes over after this hook. Live.", sees: .hidden) {
            .object($0.newOptions)
        },
        .origin,
    ]
}

/// The arguments of `beforeRegisterRemote` and `registerRemote`.
public struct RegisterRemote: OriginArguments {
    public let remote: Remote
    public let context: HostContext
    public var subject: HookSubject { .registration(remote) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("remote", "mf.Remote", "The remote that is registered. Live.", sees: .data) { .object($0.remote) },
        .origin,
    ]
}

/// The arguments of `beforeInitContainer`.
public struct BeforeInitContainer: OriginArguments, RemoteInfoArguments {
    public var shareScope: LuaValue
    public var initScope: LuaValue
    public var remoteEntryInitOptions: LuaValue
    public let remoteInfo: ResolvedRemote
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .open(
            "shareScope", "mf.ShareScope", "The scope that the container joins. Live.", sees: .data, changes: .scope,
            { $0.shareScope }
        ) {
            $0.shareScope = $1
        },
        .open(
            "initScope", "table[]", "The hosts that are being initialised, against endless loops.", sees: .hidden,
            changes: .none, { $0.initScope }
        ) { $0.initScope = $1 },
        .open(
            "remoteEntryInitOptions", "mf.RemoteEntryInitOptions", "The third argument of `container.init`.",
            sees: .hidden, changes: .none,
            { $0.remoteEntryInitOptions }
        ) { $0.remoteEntryInitOptions = $1 },
        .remoteInfo, .origin,
    ]
}

/// The arguments of `initContainer`.
public struct InitContainer: OriginArguments, RemoteInfoArguments {
    public let shareScope: LuaValue
    public let initScope: LuaValue
    public let remoteEntryInitOptions: LuaValue
    public let remoteInfo: ResolvedRemote
    public let remoteEntryExports: LuaValue
    public let remoteSnapshot: Snapshot?
    public let id: String?
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("shareScope", "mf.ShareScope", "The scope that the container joined. Live.", sees: .data) {
            $0.shareScope
        },
        .fixed("initScope", "table[]", "The hosts that are being initialised.", sees: .hidden) { $0.initScope },
        .fixed(
            "remoteEntryInitOptions", "mf.RemoteEntryInitOptions", "The third argument of `container.init`.",
            sees: .hidden
        ) {
            $0.remoteEntryInitOptions
        },
        .remoteInfo, .remoteEntryExports { $0.remoteEntryExports }, .remoteSnapshot { $0.remoteSnapshot },
        .id { $0.id }, .origin,
    ]
}

/// The arguments of hooks that only `host:emit` calls: whatever the caller gave.
public struct OpenArguments: HookArguments {
    public var subject: HookSubject { .host }
    public static let luaFields: [HookField<Self>] = []
}
