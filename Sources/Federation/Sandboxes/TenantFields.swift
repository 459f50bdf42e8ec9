import LuaBridge

/// What stands for an object of the host and shows of it what a tenant may see.
protocol TenantStandIn: LuaObject {
    /// The name of the object's own type.
    var shownTypeName: String { get }
}

/// What a tenant may read of the host's objects, by type.
enum TenantFields {
    /// Whether a key of an object is there for a tenant.
    ///
    /// - Parameter isOwn: Whether the object is a remote of the tenant's own.
    static func shows(_ key: LuaKey, of object: any LuaObject, isOwn: Bool = false) -> Bool {
        // These have been through this already.
        if object is any TenantStandIn { return true }
        let type = type(of: object).luaTypeName
        // What programs have made of their own is theirs to fill.
        if !type.hasPrefix("mf.") || collections.contains(type) { return true }
        guard case .string(let name) = key, let fields = fields[type] else { return false }
        return fields.contains(name) || isOwn && ofOwnRemotes.contains(name)
    }

    /// Lists and maps of the host, which may be of any size.
    static let collections: Set<String> = ["mf.List", "mf.Map"]
    private static let ofOwnRemotes: Set<String> = ["buildVersion", "revalidate", "metadata"]

    /// The type of hosts: a tenant sees one as what it may do itself.
    static let host = "mf.Host"

    /// Of types of the host that are not here a tenant sees nothing.
    private static let fields: [String: Set<String>] = [
        "mf.Remote": ["name", "alias", "entry", "version", "type", "entryGlobalName", "shareScope", "tenant"],
        host: ["name", "version", "options"],
        "mf.Options": ["id", "name", "version", "remotes", "shareStrategy"],
        "mf.ModuleOptions": ["remoteInfo", "host"],
        "mf.Module": ["remoteInfo", "inited", "initing"],
        "mf.Shared": ["version", "from", "scope", "strategy", "eager", "useIn", "shareConfig", "loaded"],
        "mf.ShareConfig": ["singleton", "requiredVersion", "strictVersion", "eager"],
        "mf.Snapshot": [
            "version", "buildVersion", "globalName", "remoteEntry", "remoteEntryType", "publicPath", "shared",
            "modules",
        ],
        "mf.SnapshotModule": ["moduleName", "modulePath", "assets"],
        "mf.SnapshotShared": ["sharedName", "version", "assets", "usedExports"],
        "mf.SnapshotAssets": ["js", "css"],
        "mf.SnapshotAssetGroup": ["sync", "async"],
        // `depsRemote` may name remotes that the tenant does not hear of.
        "mf.PreloadRemoteArgs": ["nameOrAlias", "exposes", "resourceCategory", "share", "recordPreloadedAssets"],
        "mf.PreloadOptions": ["remote", "preloadConfig"],
        // The arguments of `container.init`.
        "mf.InitToken": ["from"],
        "mf.RemoteEntryInitOptions": ["version", "shareScopeKeys", "shareScopeMap"],
    ]
}
