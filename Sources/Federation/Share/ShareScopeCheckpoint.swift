import LuaBridge

/// What was in the share scopes before a new version of a remote joined them: what a refused version has put there is
/// taken out again, and nothing else.
struct ShareScopeCheckpoint {
    private typealias Package = (versions: LiveMap<SharedModule>, entries: [String: SharedModule])

    private let registry: FederationRegistry
    private let known: [(scopes: ShareScopes, packages: [String: [String: Package]])]

    init(_ registry: FederationRegistry) {
        self.registry = registry
        known = registry.hosts.map { host in
            let packages = host.shareScopeMap.pairs.map { name, scope in
                (
                    name,
                    Self.byKey(scope.pairs.map { ($0.key, (versions: $0.value, entries: Self.byKey($0.value.pairs))) })
                )
            }
            return (host.shareScopeMap, Self.byKey(packages))
        }
    }

    /// Keys of Lua may be equal as Swift compares strings: the first is taken.
    private static func byKey<Value>(_ pairs: [(key: String, value: Value)]) -> [String: Value] {
        Dictionary(pairs) { first, _ in first }
    }

    /// Undoes what a remote has done since.
    func undo(of remote: String) {
        for (scopes, packages) in known {
            for (name, scope) in scopes.pairs {
                restore(scope, packages[name] ?? [:], of: remote)
                if packages[name] == nil, scope.isEmpty { scopes.removeValue(forKey: name) }
            }
        }
    }

    private func restore(_ scope: ShareScope, _ packages: [String: Package], of remote: String) {
        for (package, versions) in scope.pairs {
            let known = packages[package]
            for (version, shared) in versions.pairs where known?.entries[version] !== shared {
                // Others may have shared something meanwhile.
                guard shared.from == remote || !registry.isProvider(shared.from) else { continue }
                versions[version] = known?.entries[version]
            }
            if let known, known.versions !== versions {
                for (version, shared) in versions.pairs { known.versions[version] = shared }
                scope[package] = known.versions
            } else if known == nil, versions.isEmpty {
                scope.removeValue(forKey: package)
            }
        }
    }
}
