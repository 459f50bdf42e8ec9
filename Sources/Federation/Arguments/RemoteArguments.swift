public import LuaBridge

/// The arguments of `beforeRequest`.
public struct BeforeRequest: OriginArguments {
    public var id: String
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
    public let id: String
    public let pkgNameOrAlias: String?
    public let expose: String?
    public let remote: Remote?
    public let remoteInfo: ResolvedRemote?
    public let error: (any Error)?
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
    public var id: String
    public var pkgNameOrAlias: String
    public var expose: String?
    public var remote: Remote?
    public var remoteInfo: ResolvedRemote
    public var remoteSnapshot: Snapshot?
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
    public let id: String
    public let pkgNameOrAlias: String
    public let expose: String
    public let remote: Remote
    public let moduleOptions: ModuleOptions
    public let exposeModule: LuaValue
    public let exposeModuleFactory: LuaValue
    public let moduleInstance: RemoteModule
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
    public let id: String
    public let error: any Error
    /// `runtime`, or `build` when generated code loads.
    public let from: String
    /// `beforeRequest`, `afterResolve`, `beforeLoadShare`, `onLoad` or `revalidate`.
    public let lifecycle: String
    public let remote: ResolvedRemote?
    public let expose: String?
    public let showsOptions: Bool
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
        .fixed("from", "\"build\"|\"runtime\"", "Who asked.", sees: .data) { .string($0.from) },
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
    public let id: String
    public let expose: String?
    public let remote: ResolvedRemote?
    public let loadOptions: LuaValue
    public let error: (any Error)?
    public let recovered: Bool
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
    public let remote: Remote
    public let previous: LuaValue
    public let current: LuaValue
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
