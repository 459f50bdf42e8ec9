import Diagnostics
import Logging
import LuaBridge
import Semver

/// Chooses a version of a shared module for a requirement.
struct ShareResolver: HostService {
    let context: HostContext
    let package: String
    let shareInfo: SharedModule

    /// The chosen entry, by the rules or by `resolveShare`; the first scope that has the package decides.
    func resolve() throws -> SharedModule? {
        guard let requirement = shareInfo.requirement else { return nil }
        for scope in shareInfo.scopeNames {
            guard let versions = shareScopeMap[scope]?[package] else { continue }
            guard hooks.hears(lifecycle.resolveShare) else {
                return try choose(scope: scope, from: versions, highest: highest(of: versions), requirement)
            }
            let version = highest(of: versions)
            let arguments = try hooks.emit(
                lifecycle.resolveShare,
                ResolveShare(
                    context: context, scope: scope, pkgName: package, version: version, shareInfo: shareInfo,
                    resolver: .callable(
                        LuaCallable("resolver") { [self] _ in
                            guard let current = shareScopeMap[scope]?[package],
                                let chosen = try choose(scope: scope, from: current, highest: version, requirement)
                            else { return [] }
                            return [["shared": .object(chosen), "useTreesShaking": false]]
                        })))
            return try entry(from: state.invokeNow(arguments.resolver, []))
        }
        return nil
    }

    /// What a resolver returned: an entry, or `{shared, useTreesShaking}`.
    private func entry(from value: LuaValue) throws -> SharedModule? {
        switch value {
        case .nil, .boolean(false): return nil
        case .object: return try SharedModule.fromLua(value)
        default:
            guard value.isTable else { throw MFError.resolverOfHook(returned: value, package: package) }
            let entries = try value.entries(expecting: "a shared module")
            if let shared = entries.first(where: { $0.0 == .string("shared") })?.1, shared.luaTypeName != "boolean" {
                return try SharedModule.fromLua(shared)
            }
            // `{shared = nil, useTreesShaking = false}` picks nothing.
            if entries.contains(where: { $0.0 == .string("useTreesShaking") }) { return nil }
            return entries.isEmpty ? nil : try SharedModule.fromLua(value)
        }
    }

    /// The version that the strategy prefers, whatever is required.
    private func highest(of versions: LiveMap<SharedModule>) -> String {
        let isBetter: (SharedModule?, String, SharedModule?, String) -> Bool
        if shareInfo.strategy == ShareStrategy.loadedFirst {
            isBetter = { old, oldVersion, new, newVersion in
                let (oldLoads, newLoads) = (old?.isLoadedOrLoading ?? false, new?.isLoadedOrLoading ?? false)
                return newLoads == oldLoads ? Version.isAtMost(oldVersion, newVersion) : newLoads
            }
        } else {
            isBetter = { old, oldVersion, _, newVersion in
                !(old?.isLoadedOrLoading ?? false) && Version.isAtMost(oldVersion, newVersion)
            }
        }
        return ShareResolver.best(of: versions.pairs, isBetter) ?? ""
    }

    /// Goes through versions in order; "0", the version of those without one, gives way to any other.
    static func best(
        of versions: [(key: String, value: SharedModule)],
        _ isBetter: (SharedModule?, String, SharedModule?, String) -> Bool
    ) -> String? {
        guard var best = versions.first else { return nil }
        for next in versions.dropFirst()
        where isBetter(best.value, best.key, next.value, next.key) || best.key == "0" {
            best = next
        }
        return best.key
    }

    /// What is wrong with the version that a singleton has in a scope, if something is.
    func mismatch(in versions: LiveMap<SharedModule>, highest: String? = nil) -> MFError? {
        guard shareInfo.requirement?.singleton == true, !versions.pairs.isEmpty,
            case .range(let range) = shareInfo.requirement?.requiredVersion
        else { return nil }
        let highest = highest ?? self.highest(of: versions)
        guard !VersionRange.satisfies(highest, range) else { return nil }
        return MFError.singletonMismatch(
            package, version: highest, from: versions[highest]?.from, requirement: range,
            consumer: shareInfo.from ?? name)
    }

    /// The entry that satisfies the requirement: a singleton is the preferred version whatever it is.
    private func choose(
        scope: String, from versions: LiveMap<SharedModule>, highest: String, _ requirement: ShareRequirement
    ) throws -> SharedModule? {
        let preferred = versions[highest]
        guard case .range(let range) = requirement.requiredVersion else { return preferred }
        if requirement.singleton == true {
            if let mismatch = mismatch(in: versions, highest: highest) {
                if requirement.strictVersion == true { throw mismatch }
                log.warning("\(mismatch.message)")
            }
            return preferred
        }
        if range == "*" || VersionRange.satisfies(highest, range) { return preferred }
        return versions.pairs.first { VersionRange.satisfies($0.key, range) }?.value
    }
}

extension MFError {
    /// The `resolver` that listeners of `resolveShare` left returned something else than an entry.
    fileprivate static func resolverOfHook(returned found: LuaValue, package: String) -> MFError {
        MFError(
            .badHookValue,
            "the `resolver` that a listener of `resolveShare` set for share `\(package)` returned \(found.mismatchDescription), "
                + "not a shared module",
            context: [("hook", "resolveShare"), ("package", package)],
            hint: "return an entry of the scope, or nothing for none of them")
    }
}
