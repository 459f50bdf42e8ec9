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

    /// Takes a host out, with what it has shared and nobody else uses.
    func remove(_ host: HostContext) {
        snapshots.removeValue(forKey: host.options.name)
        if shareScopes[host.name] === host.shareScopeMap { shareScopes.removeValue(forKey: host.name) }
        hosts.removeAll { $0 === host }
        if !isProvider(host.name) {
            removeShares(from: host.name)
            endUse(by: host.name)
        }
        reloads.feeds?.check()
        if current === host { current = hosts.last }
    }
}
