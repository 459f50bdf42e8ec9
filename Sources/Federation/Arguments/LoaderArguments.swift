public import LuaBridge

/// Why a resource is asked for, as hooks see it.
public struct ResourceContext: Sendable {
    /// `loadRemote` or `preloadRemote`.
    public var initiator: String
    /// The request, `remote/expose`.
    public var id: String
    /// `manifest`, `remoteEntry`, `js` or `css`.
    public var resourceType: String
    /// The URL of the resource.
    public var url: String

    var luaValue: LuaValue {
        .record([
            "initiator": .string(initiator), "id": .string(id), "resourceType": .string(resourceType),
            "url": .string(url),
        ])
    }

    func of(_ resourceType: String, _ url: String) -> ResourceContext {
        ResourceContext(initiator: initiator, id: id, resourceType: resourceType, url: url)
    }
}

extension HookField {
    static func resourceContext(_ get: @escaping @Sendable (Root) -> ResourceContext?) -> Self {
        .fixed("resourceContext", "mf.ResourceContext", "`{initiator, id, resourceType, url}`.", sees: .data) {
            get($0)?.luaValue ?? .nil
        }
    }
}

/// The arguments of `fetch`.
public struct FetchManifest: RemoteInfoArguments {
    /// The manifest's URL.
    public let url: String
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// Asks for the manifest, or for `url`, as the host would: for a tenant's remote with the tenant's rights. Waits.
    public let retry: LuaValue
    /// `{initiator, id, resourceType, url}`.
    public let resourceContext: ResourceContext?
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("url", "string", "The manifest's URL.", sees: .data) { .string($0.url) }, .remoteInfo,
        .fixed(
            "retry", "fun(url?: string): mf.Response",
            "Asks for the manifest, or for `url`, as the host would: for a tenant's remote with the tenant's rights. Waits.",
            sees: .hidden
        ) { $0.retry },
        .resourceContext { $0.resourceContext },
    ]
}

/// The arguments of `createScript` and `createLink`.
public struct CreateScript: HookArguments {
    /// The URL about to be requested.
    public let url: String
    /// Attributes a browser's script element would have; informational.
    public let attributes: LuaRecord
    /// The remote it is for. Live.
    public let remoteInfo: ResolvedRemote?
    /// `{initiator, id, resourceType, url}`.
    public let resourceContext: ResourceContext?
    public var subject: HookSubject { remoteInfo.map { .remote($0) } ?? .host }
    public static let luaFields: [HookField<Self>] = [
        .fixed("url", "string", "The URL about to be requested.", sees: .data) { .string($0.url) },
        .fixed("attrs", "table", "Attributes a browser's script element would have; informational.", sees: .data) {
            .record($0.attributes)
        },
        .fixed("remoteInfo", "mf.RemoteInfo", "The remote it is for. Live.", sees: .data) { .optional($0.remoteInfo) },
        .resourceContext { $0.resourceContext },
    ]
}

/// The arguments of `loadEntry`.
public struct LoadEntry: OriginArguments, RemoteInfoArguments {
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [.origin, .remoteInfo]
}

/// The arguments of `loadFileError`.
public struct LoadFileError: OriginArguments, RemoteInfoArguments {
    /// The file's URL.
    public let url: String
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The error, as it was raised.
    public let error: any Error
    /// Repeats the request, for `url` if given, with the remote's rights; waits.
    public let retry: LuaValue
    /// `{initiator, id, resourceType, url}`.
    public let resourceContext: ResourceContext?
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("url", "string", "The file's URL.", sees: .data) { .string($0.url) }, .remoteInfo,
        .error { $0.error },
        .fixed(
            "retry", "fun(url?: string): mf.Response",
            "Repeats the request, for `url` if given, with the remote's rights; waits.",
            sees: .hidden
        ) { $0.retry },
        .resourceContext { $0.resourceContext }, .origin,
    ]
}

/// The arguments of `loadEntryError`.
public struct LoadEntryError: OriginArguments, RemoteInfoArguments {
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The error, as it was raised.
    public let error: any Error
    /// This entry's key in `globalLoading`.
    public let uniqueKey: String
    /// Loads the entry again, from `url` if given; waits.
    public let retry: LuaValue
    /// Module Federation's spelling of `retry`; waits.
    public let getRemoteEntry: LuaValue
    /// The loads in progress, by key; remove one to let it start again.
    public let globalLoading: LuaValue
    /// Loads the entry once more as a tenant: from the remote's own place, or from a URL that the tenant may ask.
    let retryAs: @Sendable (_ tenant: String, _ url: String?) async throws -> LuaValue
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .fixed(
            "retry", "fun(url?: string): mf.Container", "Loads the entry again, from `url` if given; waits.",
            sees: .granted
        ) {
            $0.retry
        }.granting { arguments, tenant in
            .callable(
                LuaCallable(async: "retry") { call in
                    let url = try call.optionalString(0)
                    return [.object(TenantContainer(try await arguments.retryAs(tenant, url)))]
                })
        },
        .fixed(
            "getRemoteEntry", "fun(params: table): mf.Container", "Module Federation's spelling of `retry`; waits.",
            sees: .hidden
        ) {
            $0.getRemoteEntry
        },
        .origin, .remoteInfo,
        .fixed(
            "globalLoading", "table<string, any>", "The loads in progress, by key; remove one to let it start again.",
            sees: .hidden
        ) {
            $0.globalLoading
        },
        .fixed("uniqueKey", "string", "This entry's key in `globalLoading`.", sees: .hidden) { .string($0.uniqueKey) },
    ]
}

/// The arguments of `afterLoadEntry`.
public struct AfterLoadEntry: OriginArguments, RemoteInfoArguments {
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The container: what the remote entry returned.
    public let remoteEntryExports: LuaValue
    /// The error, as it was raised.
    public let error: (any Error)?
    /// Whether a listener recovered from the error.
    public let recovered: Bool
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .origin, .remoteInfo, .remoteEntryExports { $0.remoteEntryExports }, .error { $0.error },
        .recovered { $0.recovered },
    ]
}

/// The arguments of `beforeInitRemote`.
public struct BeforeInitRemote: OriginArguments, RemoteInfoArguments {
    /// The request, `remote/expose`.
    public let id: String?
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The remote's snapshot. Live.
    public let remoteSnapshot: Snapshot?
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .remoteInfo, .remoteSnapshot { $0.remoteSnapshot }, .origin,
    ]
}

/// The arguments of `afterInitRemote`.
public struct AfterInitRemote: OriginArguments, RemoteInfoArguments {
    /// The request, `remote/expose`.
    public let id: String?
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The remote's snapshot. Live.
    public let remoteSnapshot: Snapshot?
    /// The container: what the remote entry returned.
    public let remoteEntryExports: LuaValue
    /// The error, as it was raised.
    public let error: (any Error)?
    /// Whether the container had been initialized before.
    public let cached: Bool
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .remoteInfo, .remoteSnapshot { $0.remoteSnapshot },
        .remoteEntryExports { $0.remoteEntryExports }, .error { $0.error },
        .flag("cached", "Whether the container had been initialized before.") { $0.cached }, .origin,
    ]
}

/// The arguments of `beforeGetExpose`.
public struct BeforeGetExpose: OriginArguments, RemoteInfoArguments {
    /// The request, `remote/expose`.
    public let id: String
    /// The expose, `./name`, or `.` for the remote itself.
    public let expose: String
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The container: what the remote entry returned.
    public let remoteEntryExports: LuaValue
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .expose(remoteInfo, expose) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .expose { $0.expose }, .moduleInfo, .remoteEntryExports { $0.remoteEntryExports }, .origin,
    ]
}

/// The arguments of `getModuleFactory`.
public struct GetModuleFactory: RemoteInfoArguments {
    /// The expose, `./name`, or `.` for the remote itself.
    public let expose: String
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The container: what the remote entry returned.
    public let remoteEntryExports: LuaValue
    public var subject: HookSubject { .expose(remoteInfo, expose) }
    public static let luaFields: [HookField<Self>] = [
        .remoteEntryExports { $0.remoteEntryExports }, .expose { $0.expose }, .moduleInfo,
    ]
}

/// The arguments of `afterGetExpose`.
public struct AfterGetExpose: OriginArguments, RemoteInfoArguments {
    /// The request, `remote/expose`.
    public let id: String
    /// The expose, `./name`, or `.` for the remote itself.
    public let expose: String
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The container: what the remote entry returned.
    public let remoteEntryExports: LuaValue
    /// The module factory.
    public let moduleFactory: LuaValue
    /// The error, as it was raised.
    public let error: (any Error)?
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .expose(remoteInfo, expose) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .expose { $0.expose }, .moduleInfo, .remoteEntryExports { $0.remoteEntryExports },
        .fixed("moduleFactory", "fun(): any", "The module factory.", sees: .hidden) {
            $0.moduleFactory
        },
        .error { $0.error }, .origin,
    ]
}

/// The arguments of `beforeExecuteFactory`.
public struct BeforeExecuteFactory: OriginArguments, RemoteInfoArguments {
    /// The request, `remote/expose`.
    public let id: String
    /// The expose, `./name`, or `.` for the remote itself.
    public let expose: String
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .expose(remoteInfo, expose) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .expose { $0.expose }, .moduleInfo, .flag("loadFactory", "Always true here.") { _ in true },
        .origin,
    ]
}

/// The arguments of `afterExecuteFactory`.
public struct AfterExecuteFactory: OriginArguments, RemoteInfoArguments {
    /// The request, `remote/expose`.
    public let id: String
    /// The expose, `./name`, or `.` for the remote itself.
    public let expose: String
    /// The remote with every default filled in. Live.
    public let remoteInfo: ResolvedRemote
    /// Always true here.
    public let exposeModule: LuaValue
    /// The error, as it was raised.
    public let error: (any Error)?
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .expose(remoteInfo, expose) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .expose { $0.expose }, .moduleInfo, .flag("loadFactory", "Always true here.") { _ in true },
        .fixed("exposeModule", "any", "The module.", sees: .own) { $0.exposeModule }, .error { $0.error }, .origin,
    ]
}
