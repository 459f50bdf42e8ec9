import LuaBridge

/// What is in the share scopes, and how it goes.
extension FederationRegistry {
    /// The share scopes of all hosts.
    private var allScopes: [ShareScopes] {
        hosts.map(\.shareScopeMap)
            + shareScopes.values.filter { scopes in !hosts.contains { $0.shareScopeMap === scopes } }
    }

    /// Takes out of all share scopes what somebody has put there, but for what somebody else uses.
    ///
    /// - Returns: Whether something stays.
    @discardableResult
    func removeShares(from provider: String) -> Bool {
        var isUsed = false
        removeShares { shared in
            guard shared.from == provider else { return false }
            guard shared.loaded == true || shared.isLoading else { return true }
            shared.useIn?.elements.removeAll { $0 == provider }
            let isFree = shared.useIn?.isEmpty ?? true
            if !isFree { isUsed = true }
            return isFree
        }
        return isUsed
    }

    /// Notes that somebody uses nothing any more. What nobody else uses goes, if its provider is gone already.
    func endUse(by user: String) {
        removeShares { shared in
            guard shared.useIn?.elements.contains(user) == true else { return false }
            shared.useIn?.elements.removeAll { $0 == user }
            return shared.useIn?.isEmpty == true && !isProvider(shared.from)
        }
    }

    private func removeShares(where condition: (SharedModule) -> Bool) {
        for scopes in allScopes {
            for scope in scopes.values {
                for (package, versions) in scope.pairs {
                    for (version, shared) in versions.pairs where condition(shared) {
                        versions.removeValue(forKey: version)
                        if versions.isEmpty { scope.removeValue(forKey: package) }
                    }
                }
            }
        }
    }

    /// Whether a host, or a remote that some host has loaded, is called so.
    func isProvider(_ name: String?) -> Bool {
        guard let name else { return false }
        return hosts.contains { $0.name == name || $0.moduleCache[name] != nil }
    }
}

/// What was in the share scopes before a new version of a remote joined them: what a refused version has put there is
/// taken out again, and nothing else.
struct ShareRecord {
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
