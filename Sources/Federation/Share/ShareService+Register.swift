import LuaBridge

extension ShareService {
    /// Offers shared modules in their scopes, unless the package is there already.
    ///
    /// - Returns: All that the host shares from now on.
    func registerShared(_ userOptions: HostOptions, into soFar: SharedModules) throws -> SharedModules {
        let (new, all) = SharedModuleNormalizer.merge(userOptions, into: soFar)
        for (package, entries) in new {
            for entry in entries {
                for scope in entry.scopeNames {
                    _ = try hooks.emit(
                        lifecycle.beforeRegisterShare,
                        BeforeRegisterShare(pkgName: package, sharedModule: entry, context: context))
                    if shareScopeMap[scope]?[package] == nil {
                        offer(
                            package, entry, from: userOptions.name, lib: entry.lib,
                            get: entry.get, loaded: entry.loaded == true || entry.lib.isCallable)
                    }
                }
            }
        }
        return all
    }

    /// Enters a shared module into each of its scopes, or adds to the entry that is there what it lacks.
    func offer(
        _ package: String, _ shared: SharedModule, from: String, lib: LuaValue, get: LuaValue = .nil,
        loading: LuaValue = .nil, loaded: Bool
    ) {
        let version = shared.version ?? "0"
        for scope in shared.scopeNames {
            let versions = shareScopeMap.value(for: scope, orInsert: ShareScope())
                .value(for: package, orInsert: LiveMap())
            if versions[version] == nil {
                let entry = shared.copied()
                entry.scope = .array([.string(scope)])
                entry.lib = lib
                versions[version] = entry
            }
            guard let entry = versions[version] else { continue }
            if loaded, entry.loaded != true { entry.loaded = true }
            if !loading.isNil, entry.loading.isNil { entry.loading = loading }
            if get.isCallable, !entry.get.isCallable { entry.get = get }
            if lib.isCallable, !entry.lib.isCallable { entry.lib = lib }
            if !from.isEmpty, entry.from != from { entry.from = from }
        }
    }

    /// Takes a scope over from another host: containers join their host's scope so.
    func initShareScopeMap(_ scopeName: String, scope: ShareScope, hostShareScopeMap: LuaValue) throws {
        shareScopeMap[scopeName] = scope
        _ = try hooks.emit(
            lifecycle.initContainerShareScopeMap,
            InitContainerShareScopeMap(
                shareScope: scope, scopeName: scopeName, hostShareScopeMap: hostShareScopeMap, context: context))
    }
}
