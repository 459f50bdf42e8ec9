public import LuaBridge

/// Why a resource is asked for, as hooks see it.
public struct ResourceContext: Sendable {
    /// `loadRemote` or `preloadRemote`.
    public var initiator: String
    public var id: String
    /// `manifest`, `remoteEntry`, `js` or `css`.
    public var resourceType: String
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
    public let url: String
    public let remoteInfo: ResolvedRemote
    public let retry: LuaValue
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
    public let url: String
    public let attributes: LuaRecord
    public let remoteInfo: ResolvedRemote?
    public let resourceContext: ResourceContext?
    public var subject: HookSubject { remoteInfo.map { .remote($0) } ?? .host }
    public static let luaFields: [HookField<Self>] = [
        .fixed("url", "string", "What is about to be requested.", sees: .data) { .string($0.url) },
        .fixed("attrs", "table", "What a browser's element would carry; only told.", sees: .data) {
            .record($0.attributes)
        },
        .fixed("remoteInfo", "mf.RemoteInfo", "The remote it is for. Live.", sees: .data) { .optional($0.remoteInfo) },
        .resourceContext { $0.resourceContext },
    ]
}

/// The arguments of `loadEntry`.
public struct LoadEntry: OriginArguments, RemoteInfoArguments {
    public let remoteInfo: ResolvedRemote
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [.origin, .remoteInfo]
}

/// The arguments of `loadFileError`.
public struct LoadFileError: OriginArguments, RemoteInfoArguments {
    public let url: String
    public let remoteInfo: ResolvedRemote
    public let error: any Error
    public let retry: LuaValue
    public let resourceContext: ResourceContext?
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("url", "string", "The file's URL.", sees: .data) { .string($0.url) }, .remoteInfo,
        .error { $0.error },
        .fixed(
            "retry", "fun(url?: string): mf.Response",
            "Asks once more, for `url` if given, with the remote's rights; waits.",
            sees: .hidden
        ) { $0.retry },
        .resourceContext { $0.resourceContext }, .origin,
    ]
}

/// The arguments of `loadEntryError`.
public struct LoadEntryError: OriginArguments, RemoteInfoArguments {
    public let remoteInfo: ResolvedRemote
    public let error: any Error
    public let uniqueKey: String
    public let retry: LuaValue
    public let getRemoteEntry: LuaValue
    public let globalLoading: LuaValue
    /// Loads the entry once more as a tenant: from the remote's own place, or from a URL that the tenant may ask.
    let retryAs: @Sendable (_ tenant: String, _ url: String?) async throws -> LuaValue
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .fixed(
            "retry", "fun(url?: string): mf.Container", "Loads the entry once more, from `url` if given; waits.",
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
            "globalLoading", "table<string, any>", "The loads under way by key; removing one lets it start again.",
            sees: .hidden
        ) {
            $0.globalLoading
        },
        .fixed("uniqueKey", "string", "This entry's key in `globalLoading`.", sees: .hidden) { .string($0.uniqueKey) },
    ]
}

/// The arguments of `afterLoadEntry`.
public struct AfterLoadEntry: OriginArguments, RemoteInfoArguments {
    public let remoteInfo: ResolvedRemote
    public let remoteEntryExports: LuaValue
    public let error: (any Error)?
    public let recovered: Bool
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .origin, .remoteInfo, .remoteEntryExports { $0.remoteEntryExports }, .error { $0.error },
        .recovered { $0.recovered },
    ]
}

/// The arguments of `beforeInitRemote`.
public struct BeforeInitRemote: OriginArguments, RemoteInfoArguments {
    public let id: String?
    public let remoteInfo: ResolvedRemote
    public let remoteSnapshot: Snapshot?
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .remoteInfo, .remoteSnapshot { $0.remoteSnapshot }, .origin,
    ]
}

/// The arguments of `afterInitRemote`.
public struct AfterInitRemote: OriginArguments, RemoteInfoArguments {
    public let id: String?
    public let remoteInfo: ResolvedRemote
    public let remoteSnapshot: Snapshot?
    public let remoteEntryExports: LuaValue
    public let error: (any Error)?
    public let cached: Bool
    public let context: HostContext
    public var subject: HookSubject { .remote(remoteInfo) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .remoteInfo, .remoteSnapshot { $0.remoteSnapshot },
        .remoteEntryExports { $0.remoteEntryExports }, .error { $0.error },
        .flag("cached", "Whether the container was initialised before.") { $0.cached }, .origin,
    ]
}

/// The arguments of `beforeGetExpose`.
public struct BeforeGetExpose: OriginArguments, RemoteInfoArguments {
    public let id: String
    public let expose: String
    public let remoteInfo: ResolvedRemote
    public let remoteEntryExports: LuaValue
    public let context: HostContext
    public var subject: HookSubject { .expose(remoteInfo, expose) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .expose { $0.expose }, .moduleInfo, .remoteEntryExports { $0.remoteEntryExports }, .origin,
    ]
}

/// The arguments of `getModuleFactory`.
public struct GetModuleFactory: RemoteInfoArguments {
    public let expose: String
    public let remoteInfo: ResolvedRemote
    public let remoteEntryExports: LuaValue
    public var subject: HookSubject { .expose(remoteInfo, expose) }
    public static let luaFields: [HookField<Self>] = [
        .remoteEntryExports { $0.remoteEntryExports }, .expose { $0.expose }, .moduleInfo,
    ]
}

/// The arguments of `afterGetExpose`.
public struct AfterGetExpose: OriginArguments, RemoteInfoArguments {
    public let id: String
    public let expose: String
    public let remoteInfo: ResolvedRemote
    public let remoteEntryExports: LuaValue
    public let moduleFactory: LuaValue
    public let error: (any Error)?
    public let context: HostContext
    public var subject: HookSubject { .expose(remoteInfo, expose) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .expose { $0.expose }, .moduleInfo, .remoteEntryExports { $0.remoteEntryExports },
        .fixed("moduleFactory", "fun(): any", "The function that makes the module.", sees: .hidden) {
            $0.moduleFactory
        },
        .error { $0.error }, .origin,
    ]
}

/// The arguments of `beforeExecuteFactory`.
public struct BeforeExecuteFactory: OriginArguments, RemoteInfoArguments {
    public let id: String
    public let expose: String
    public let remoteInfo: ResolvedRemote
    public let context: HostContext
    public var subject: HookSubject { .expose(remoteInfo, expose) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .expose { $0.expose }, .moduleInfo, .flag("loadFactory", "Always true here.") { _ in true },
        .origin,
    ]
}

/// The arguments of `afterExecuteFactory`.
public struct AfterExecuteFactory: OriginArguments, RemoteInfoArguments {
    public let id: String
    public let expose: String
    public let remoteInfo: ResolvedRemote
    public let exposeModule: LuaValue
    public let error: (any Error)?
    public let context: HostContext
    public var subject: HookSubject { .expose(remoteInfo, expose) }
    public static let luaFields: [HookField<Self>] = [
        .id { $0.id }, .expose { $0.expose }, .moduleInfo, .flag("loadFactory", "Always true here.") { _ in true },
        .fixed("exposeModule", "any", "The module.", sees: .own) { $0.exposeModule }, .error { $0.error }, .origin,
    ]
}
