public import LuaBridge

/// The arguments of `beforeRequest`.
public struct BeforeRequest: OriginArguments {
    /// The request, `remote/expose`. Rewrite it to redirect.
    public var id: String
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .request(id) }
    public static let luaFields: [HookField<Self>] = [
        .open(
            "id", "string", "The request, `remote/expose`. Rewrite it to redirect.", sees: .data, changes: .request,
            { .string($0.id) }
        ) {
            $0.id = try String.fromLua($1)
        },
        .options, .origin,
    ]
}

/// The arguments of `afterMatchRemote`.
public struct AfterMatchRemote: OriginArguments {
    /// The request, `remote/expose`.
    public let id: String
    /// The name or alias that matched.
    public let pkgNameOrAlias: String?
    /// The expose, `./name`, or `.` for the remote itself.
    public let expose: String?
    /// The remote that matched. Live.
    public let remote: Remote?
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote?
    /// The error, as it was raised.
    public let error: (any Error)?
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .request(id) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id },
        .fixed("pkgNameOrAlias", "string", "The name or alias that matched.", sees: .data) {
            .optional($0.pkgNameOrAlias)
        },
        .expose { $0.expose },
        .fixed("remote", "mf.Remote", "The remote that matched. Live.", sees: .data) { .optional($0.remote) },
        .fixed("remoteInfo", "mf.RemoteInfo", "The remote with every default filled in. Live.", sees: .data) {
            .optional($0.remoteInfo)
        },
        .error { $0.error }, .options, .origin,
    ]
}

/// The arguments of `afterResolve`.
public struct AfterResolve: OriginArguments {
    /// The request, `remote/expose`.
    public var id: String
    /// The name or alias that matched.
    public var pkgNameOrAlias: String
    /// The expose, `./name`.
    public var expose: String?
    /// The remote that matched. Live.
    public var remote: Remote?
    /// The remote with every default filled in. Live.
    public var remoteInfo: ResolvedRemote
    /// The remote's snapshot. Live.
    public var remoteSnapshot: Snapshot?
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { remote.map { .expose($0, expose ?? ".") } ?? .request(id) }
    public static let luaFields: [HookField<Self>] = [
        .open("id", "string", "The request, `remote/expose`.", sees: .data, changes: .request, { .string($0.id) }) {
            $0.id = try String.fromLua($1)
        },
        .open(
            "pkgNameOrAlias", "string", "The name or alias that matched.", sees: .data, changes: .none,
            { .string($0.pkgNameOrAlias) }
        ) {
            $0.pkgNameOrAlias = try String.fromLua($1)
        },
        .open("expose", "string", "The expose, `./name`.", sees: .data, changes: .request, { .optional($0.expose) }) {
            $0.expose = try Optional<String>.fromLua($1)
        },
        .open(
            "remote", "mf.Remote", "The remote that matched. Live.", sees: .data, changes: .remote,
            { .optional($0.remote) }
        ) {
            $0.remote = $1.isTruthy ? try Remote.fromLua($1) : nil
        },
        .options,
        .open(
            "remoteInfo", "mf.RemoteInfo", "The remote with every default filled in. Live.", sees: .data,
            changes: .remote,
            { .object($0.remoteInfo) }
        ) { $0.remoteInfo = try Remote.fromLua($1) },
        .open(
            "remoteSnapshot", "mf.Snapshot", "The remote's snapshot. Live.", sees: .data, changes: .remote,
            { .optional($0.remoteSnapshot) }
        ) {
            $0.remoteSnapshot = $1.isNil ? nil : try Snapshot.fromLua($1)
        },
        .origin,
    ]
}

/// The arguments of `onLoad`.
public struct OnLoad: OriginArguments {
    /// The request, `remote/expose`.
    public let id: String
    /// The name or alias that matched.
    public let pkgNameOrAlias: String
    /// The expose, `./name`, or `.` for the remote itself.
    public let expose: String
    /// The remote. Live.
    public let remote: Remote
    /// `{remoteInfo, host}` of the module.
    public let moduleOptions: ModuleOptions
    /// The module, unless the load asked for the factory.
    public let exposeModule: LuaValue
    /// The module factory, if the load asked for it.
    public let exposeModuleFactory: LuaValue
    /// The remote as this host has loaded it. Live.
    public let moduleInstance: RemoteModule
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .expose(remote, expose) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id },
        .fixed("pkgNameOrAlias", "string", "The name or alias that matched.", sees: .data) {
            .string($0.pkgNameOrAlias)
        },
        .expose { $0.expose },
        .fixed("remote", "mf.Remote", "The remote. Live.", sees: .data) { .object($0.remote) },
        .fixed("options", "mf.ModuleOptions", "`{remoteInfo, host}` of the module.", sees: .data) {
            .object($0.moduleOptions)
        },
        .origin,
        .fixed("exposeModule", "any", "The module, unless the load asked for the factory.", sees: .own) {
            $0.exposeModule
        },
        .fixed("exposeModuleFactory", "function", "The module factory, if the load asked for it.", sees: .hidden) {
            $0.exposeModuleFactory
        },
        .fixed("moduleInstance", "mf.Module", "The remote as this host has loaded it. Live.", sees: .data) {
            .object($0.moduleInstance)
        },
    ]
}

/// The arguments of `errorLoadRemote`.
public struct ErrorLoadRemote: OriginArguments {
    /// The request, or the manifest's URL when it could not be loaded.
    public let id: String
    /// The error, as it was raised.
    public let error: any Error
    /// Who asked: `runtime`, or `build` for generated code.
    public let from: String
    /// The step that failed.
    public let lifecycle: String
    /// The remote, if it was matched.
    public let remote: ResolvedRemote?
    /// The expose, `./name`, or `.` for the remote itself.
    public let expose: String?
    /// The host's options, in lifecycle `beforeRequest`.
    public let showsOptions: Bool
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject {
        // The manifest's URL, or the remote's name, stands for the request in the other steps.
        if lifecycle != "onLoad", let remote { return .remote(remote) }
        return .request(id)
    }
    public static let luaFields: [HookField<Self>] = [
        .fixed("id", "string", "The request, or the manifest's URL when it could not be loaded.", sees: .data) {
            .string($0.id)
        },
        .error { $0.error },
        .fixed("options", "mf.Options", "The host's options, in lifecycle `beforeRequest`.", sees: .data) {
            $0.showsOptions ? .object($0.context.options) : .nil
        },
        .fixed("from", "\"build\"|\"runtime\"", "Who asked: `runtime`, or `build` for generated code.", sees: .data) {
            .string($0.from)
        },
        .fixed(
            "lifecycle", "\"beforeRequest\"|\"afterResolve\"|\"beforeLoadShare\"|\"onLoad\"|\"revalidate\"",
            "The step that failed.", sees: .data
        ) { .string($0.lifecycle) },
        .fixed("remote", "mf.RemoteInfo", "The remote, if it was matched.", sees: .data) { .optional($0.remote) },
        .expose { $0.expose }, .origin,
    ]
}

/// The arguments of `afterLoadRemote`.
public struct AfterLoadRemote: OriginArguments {
    /// The request, `remote/expose`.
    public let id: String
    /// The expose, `./name`, or `.` for the remote itself.
    public let expose: String?
    /// The remote, if it was matched.
    public let remote: ResolvedRemote?
    /// The options of this `loadRemote`.
    public let loadOptions: LuaValue
    /// The error, as it was raised.
    public let error: (any Error)?
    /// Whether a listener recovered from the error.
    public let recovered: Bool
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .request(id) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .expose { $0.expose },
        .fixed("remote", "mf.RemoteInfo", "The remote, if it was matched.", sees: .data) { .optional($0.remote) },
        .fixed("options", "mf.LoadRemoteOptions", "The options of this `loadRemote`.", sees: .hidden) {
            $0.loadOptions
        },
        .error { $0.error }, .recovered { $0.recovered }, .origin,
    ]
}

/// The arguments of `afterUpdateRemote`.
public struct AfterUpdateRemote: OriginArguments {
    /// The remote that was updated. Live.
    public let remote: Remote
    /// `{version, buildVersion, entry, generation}` before.
    public let previous: LuaValue
    /// `{version, buildVersion, entry, generation}` now.
    public let current: LuaValue
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remote) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("remote", "mf.Remote", "The remote that was updated. Live.", sees: .data) { .object($0.remote) },
        .fixed("previous", "table", "`{version, buildVersion, entry, generation}` before.", sees: .data) {
            $0.previous
        },
        .fixed("current", "table", "`{version, buildVersion, entry, generation}` now.", sees: .data) { $0.current },
        .origin,
    ]
}
