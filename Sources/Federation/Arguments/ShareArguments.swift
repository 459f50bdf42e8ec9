public import LuaBridge

/// The arguments of `beforeRegisterShare`.
public struct BeforeRegisterShare: OriginArguments {
    /// The shared package.
    public let pkgName: String
    /// The version being registered. Live.
    public let sharedModule: SharedModule
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .pkgName { $0.pkgName },
        .fixed("shared", "mf.Shared", "The version being registered. Live.", sees: .data) {
            .object($0.sharedModule)
        }, .origin,
    ]
}

/// The arguments of `beforeLoadShare`.
public struct BeforeLoadShare: OriginArguments {
    /// The shared package.
    public let pkgName: String
    /// The host's declaration of the shared module; `false` refuses the load. Live.
    public var shareInfo: SharedModule?
    /// What a listener left that is no shared module.
    var refusal = LuaValue.nil
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .pkgName { $0.pkgName },
        .open(
            "shareInfo", "mf.Shared", "The host's declaration of the shared module; `false` refuses the load. Live.",
            sees: .data,
            changes: .share,
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
    /// The shared package.
    public let pkgName: String
    /// The host's declaration of the shared module. Live.
    public let shareInfo: SharedModule
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .pkgName { $0.pkgName },
        .fixed("shareInfo", "mf.Shared", "The host's declaration of the shared module. Live.", sees: .data) {
            .object($0.shareInfo)
        },
        .shared, .origin,
    ]
}

/// The arguments of `resolveShare`.
public struct ResolveShare: HookArguments {
    /// The host that emits the hook.
    public let context: HostContext
    /// The share scope.
    public let scope: String
    /// The shared package.
    public let pkgName: String
    /// The version chosen by the built-in rules.
    public let version: String
    /// The host's declaration of the shared module. Live.
    public let shareInfo: SharedModule
    /// Returns the chosen entry; replace it to choose another.
    public var resolver: LuaValue
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .fixed("shareScopeMap", "mf.ShareScopeMap", "The share scopes: scope, package, version. Live.", sees: .data) {
            .object($0.context.shareScopeMap)
        },
        .fixed("scope", "string", "The share scope.", sees: .data) { .string($0.scope) },
        .pkgName { $0.pkgName },
        .fixed("version", "string", "The version chosen by the built-in rules.", sees: .data) { .string($0.version) },
        .fixed("shareInfo", "mf.Shared", "The host's declaration of the shared module. Live.", sees: .data) {
            .object($0.shareInfo)
        },
        .fixed(
            "GlobalFederation", "mf.Federation", "All hosts, snapshots and share scopes of this runtime.", sees: .hidden
        ) {
            .object($0.context.registry.federation)
        },
        .open(
            "resolver", "fun(): mf.Shared|{shared: mf.Shared, useTreesShaking: boolean}|nil",
            "Returns the chosen entry; replace it to choose another.", sees: .hidden, changes: .share, { $0.resolver }
        ) { $0.resolver = $1 },
    ]
}

/// The arguments of `afterLoadShare`.
public struct AfterLoadShare: OriginArguments {
    /// The shared package.
    public let pkgName: String
    /// The host's declaration of the shared module.
    public let shareInfo: SharedModule?
    /// What it got.
    public let selectedShared: SharedModule?
    /// The call: `loadShare` or `loadShareSync`.
    public let lifecycle: String
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .pkgName { $0.pkgName },
        .fixed("shareInfo", "mf.Shared", "The host's declaration of the shared module.", sees: .data) {
            .optional($0.shareInfo)
        },
        .fixed("selectedShared", "mf.Shared", "What it got.", sees: .data) { .optional($0.selectedShared) },
        .shared, .shareScopeMap,
        .fixed("lifecycle", "\"loadShare\"|\"loadShareSync\"", "The call: `loadShare` or `loadShareSync`.", sees: .data)
        {
            .string($0.lifecycle)
        },
        .origin,
    ]
}

/// The arguments of `errorLoadShare`.
public struct ErrorLoadShare: OriginArguments {
    /// The shared package.
    public let pkgName: String
    /// The host's declaration of the shared module.
    public let shareInfo: LuaValue
    /// The call: `loadShare` or `loadShareSync`.
    public let lifecycle: String
    /// The error, as it was raised.
    public let error: (any Error)?
    /// Whether a listener recovered from the error.
    public let recovered: Bool
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .share(pkgName) }
    public static let luaFields: [HookField<Self>] = [
        .pkgName { $0.pkgName },
        .fixed("shareInfo", "mf.Shared", "The host's declaration of the shared module.", sees: .data) { $0.shareInfo },
        .shared, .shareScopeMap,
        .fixed("lifecycle", "\"loadShare\"|\"loadShareSync\"", "The call: `loadShare` or `loadShareSync`.", sees: .data)
        {
            .string($0.lifecycle)
        },
        .origin, .error { $0.error }, .recovered { $0.recovered },
    ]
}

/// The arguments of `initContainerShareScopeMap`.
public struct InitContainerShareScopeMap: OriginArguments {
    /// The scope being adopted. Live.
    public let shareScope: ShareScope
    /// The scope's name.
    public let scopeName: String
    /// The share scopes of the host that provides them.
    public let hostShareScopeMap: LuaValue
    /// The host that emits the hook.
    public let context: HostContext
    public var subject: HookSubject { .host }
    public static let luaFields: [HookField<Self>] = [
        .fixed("shareScope", "mf.ShareScope", "The scope being adopted. Live.", sees: .data) {
            .object($0.shareScope)
        },
        .options, .origin, .fixed("scopeName", "string", "The scope's name.", sees: .data) { .string($0.scopeName) },
        .fixed(
            "hostShareScopeMap", "mf.ShareScopeMap", "The share scopes of the host that provides them.", sees: .hidden
        ) {
            $0.hostShareScopeMap
        },
    ]
}
