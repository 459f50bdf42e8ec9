public import LuaBridge

/// The arguments of `beforeInit`.
public struct BeforeInit: OriginArguments {
    /// The options passed to `init`.
    public var userOptions: HostOptions
    /// The host's options before this `init`.
    public var optionsSoFar: HostOptions
    /// The shared modules about to be registered, by package.
    public var shareInfo: SharedModules
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .host }
    public static let luaFields: [HookField<Self>] = [
        .open(
            "userOptions", "mf.Options", "The options passed to `init`.", sees: .hidden, changes: .none,
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
        .fixed(
            "shareInfo", "table<string, mf.Shared[]>", "The shared modules about to be registered, by package.",
            sees: .hidden
        ) {
            .object($0.shareInfo)
        },
        .origin,
    ]
}

/// The arguments of `init`.
public struct InitHost: OriginArguments {
    /// The options that the host stores after this hook. Live.
    public let newOptions: HostOptions
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .host }
    public static let luaFields: [HookField<Self>] = [
        .fixed("options", "mf.Options", "The options that the host stores after this hook. Live.", sees: .hidden) {
            .object($0.newOptions)
        },
        .origin,
    ]
}

/// The arguments of `beforeRegisterRemote` and `registerRemote`.
public struct RegisterRemote: OriginArguments {
    /// The remote being registered. Live.
    public let remote: Remote
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .registration(remote) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("remote", "mf.Remote", "The remote being registered. Live.", sees: .data) { .object($0.remote) },
        .origin,
    ]
}

/// The arguments of `beforeInitContainer`.
public struct BeforeInitContainer: OriginArguments, RemoteInfoArguments {
    /// The scope that the container joins. Live.
    public var shareScope: LuaValue
    /// The hosts being initialized; breaks initialization cycles.
    public var initScope: LuaValue
    /// The third argument of `container.init`.
    public var remoteEntryInitOptions: LuaValue
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The host that emits the hook.
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
            "initScope", "table[]", "The hosts being initialized; breaks initialization cycles.", sees: .hidden,
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
    /// The scope that the container joined. Live.
    public let shareScope: LuaValue
    /// The hosts being initialized.
    public let initScope: LuaValue
    /// The third argument of `container.init`.
    public let remoteEntryInitOptions: LuaValue
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The container: what the remote entry returned.
    public let remoteEntryExports: LuaValue
    /// The remote's snapshot. Live.
    public let remoteSnapshot: Snapshot?
    /// The request, `remote/expose`.
    public let id: String?
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("shareScope", "mf.ShareScope", "The scope that the container joined. Live.", sees: .data) {
            $0.shareScope
        },
        .fixed("initScope", "table[]", "The hosts being initialized.", sees: .hidden) { $0.initScope },
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
