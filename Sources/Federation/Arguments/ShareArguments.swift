public import LuaBridge

/// The arguments of `beforeRegisterShare`.
public struct BeforeRegisterShare: OriginArguments {
    public let pkgName: String
    public let sharedModule: SharedModule
    public let context: HostContext
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .pkgName { $0.pkgName },
        .fixed("shared", "mf.Shared", "The version that is registered. Live.", sees: .data) {
            .object($0.sharedModule)
        }, .origin,
    ]
}

/// The arguments of `beforeLoadShare`.
public struct BeforeLoadShare: OriginArguments {
    public let pkgName: String
    /// What the host asks for; a listener that puts `false` in its place refuses the load.
    public var shareInfo: SharedModule?
    /// What a listener left that is no shared module.
    var refusal = LuaValue.nil
    public let context: HostContext
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .pkgName { $0.pkgName },
        .open(
            "shareInfo", "mf.Shared", "What the host asks for. Live.", sees: .data, changes: .share,
            { .optional($0.shareInfo) }
        ) {
            $0.shareInfo = $1.isTruthy ? try SharedModule.fromLua($1) : nil
            $0.refusal = $1.isTruthy ? .nil : $1
        },
        .shared, .origin,
    ]
}

/// The arguments of `loadShare`.
public struct LoadShare: OriginArguments {
    public let pkgName: String
    public let shareInfo: SharedModule
    public let context: HostContext
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .pkgName { $0.pkgName },
        .fixed("shareInfo", "mf.Shared", "What the host asks for. Live.", sees: .data) { .object($0.shareInfo) },
        .shared, .origin,
    ]
}

/// The arguments of `resolveShare`.
public struct ResolveShare: HookArguments {
    public let context: HostContext
    public let scope: String
    public let pkgName: String
    public let version: String
    public let shareInfo: SharedModule
    /// A function that returns the chosen entry, or `{shared, useTreesShaking}`.
    public var resolver: LuaValue
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("shareScopeMap", "mf.ShareScopeMap", "Scope, package, version: what is shared. Live.", sees: .data) {
            .object($0.context.shareScopeMap)
        },
        .fixed("scope", "string", "The scope in question.", sees: .data) { .string($0.scope) },
        .pkgName { $0.pkgName },
        .fixed("version", "string", "The version that the rules choose.", sees: .data) { .string($0.version) },
        .fixed("shareInfo", "mf.Shared", "What the host asks for. Live.", sees: .data) { .object($0.shareInfo) },
        .fixed(
            "GlobalFederation", "mf.Federation", "All hosts, snapshots and share scopes of this runtime.", sees: .hidden
        ) {
            .object($0.context.registry.federation)
        },
        .open(
            "resolver", "fun(): mf.Shared|{shared: mf.Shared, useTreesShaking: boolean}|nil",
            "Chooses the entry; put another in its place.", sees: .hidden, changes: .share, { $0.resolver }
        ) { $0.resolver = $1 },
    ]
}

/// The arguments of `afterLoadShare`.
public struct AfterLoadShare: OriginArguments {
    public let pkgName: String
    public let shareInfo: SharedModule?
    public let selectedShared: SharedModule?
    /// `loadShare` or `loadShareSync`.
    public let lifecycle: String
    public let context: HostContext
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .pkgName { $0.pkgName },
        .fixed("shareInfo", "mf.Shared", "What the host asked for.", sees: .data) { .optional($0.shareInfo) },
        .fixed("selectedShared", "mf.Shared", "What it got.", sees: .data) { .optional($0.selectedShared) },
        .shared, .shareScopeMap,
        .fixed("lifecycle", "\"loadShare\"|\"loadShareSync\"", "Which call it was.", sees: .data) {
            .string($0.lifecycle)
        },
        .origin,
    ]
}

/// The arguments of `errorLoadShare`.
public struct ErrorLoadShare: OriginArguments {
    public let pkgName: String
    /// What the host asked for, or what a listener of `beforeLoadShare` put in its place.
    public let shareInfo: LuaValue
    /// `loadShare` or `loadShareSync`.
    public let lifecycle: String
    public let error: (any Error)?
    public let recovered: Bool
    public let context: HostContext
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .pkgName { $0.pkgName },
        .fixed("shareInfo", "mf.Shared", "What the host asked for.", sees: .data) { $0.shareInfo },
        .shared, .shareScopeMap,
        .fixed("lifecycle", "\"loadShare\"|\"loadShareSync\"", "Which call it was.", sees: .data) {
            .string($0.lifecycle)
        },
        .origin, .error { $0.error }, .recovered { $0.recovered },
    ]
}

/// The arguments of `initContainerShareScopeMap`.
public struct InitContainerShareScopeMap: OriginArguments {
    public let shareScope: ShareScope
    public let scopeName: String
    public let hostShareScopeMap: LuaValue
    public let context: HostContext
    public var subject: HookSubject { .host }
    public static let luaFields: [HookField<Self>] = [
        .fixed("shareScope", "mf.ShareScope", "The scope that is taken over. Live.", sees: .data) {
            .object($0.shareScope)
        },
        .options, .origin, .fixed("scopeName", "string", "The scope's name.", sees: .data) { .string($0.scopeName) },
        .fixed("hostShareScopeMap", "mf.ShareScopeMap", "The scopes of the host that shares them.", sees: .hidden) {
            $0.hostShareScopeMap
        },
    ]
}
