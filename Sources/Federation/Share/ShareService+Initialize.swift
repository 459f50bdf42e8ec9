import Diagnostics
import EventLoops
import Logging
import LuaBridge

extension ShareService {
    /// Enters what the host itself shares into a scope and starts initialising the remotes that belong to it.
    ///
    /// - Parameter asksAll: Whether remotes that are initialised already are asked again.
    /// - Returns: The initialisations under way.
    func initializeSharing(
        _ scopeName: String, strategy: String? = nil, from: String? = nil, initScope given: LiveList<LuaValue>? = nil,
        asksAll: Bool = false
    ) -> [SingleFlight<Void>] {
        var initScope = given
        if from != "build" {
            let scope = given ?? LiveList([])
            let token = context.initTokens[scopeName] ?? InitToken(from: name)
            context.initTokens[scopeName] = token
            if scope.elements.contains(.object(token)) { return [] }
            scope.append(.object(token))
            initScope = scope
        }
        let scope = shareScopeMap.value(for: scopeName, orInsert: ShareScope())
        for (package, entries) in options.shared.pairs {
            for entry in entries.elements where entry.scopeNames.contains(scopeName) {
                enter(entry, package: package, in: scope)
            }
        }
        guard options.shareStrategy == ShareStrategy.versionFirst || strategy == ShareStrategy.versionFirst else {
            return []
        }
        return options.remotes.elements.filter { $0.shareScope == .one(scopeName) && (asksAll || !isInitialized($0)) }
            .map { remote in
                let name = remote.name
                // Each is asked beforeRequest before this returns; the rest follows step by step, side by side.
                return SingleFlight(
                    on: loop, Activity("sharing of `\(name)`", .part(of: name)), atOnce: true
                ) { [self, initScope] in
                    try await initialize(context, name, initScope)
                }
            }
    }

    private func isInitialized(_ remote: Remote) -> Bool {
        moduleCache[remote.name]?.isInitialized ?? false
    }

    /// An eager version goes before a lazy one; of equals, the greater provider's name wins.
    private func enter(_ entry: SharedModule, package: String, in scope: ShareScope) {
        let versions = scope.value(for: package, orInsert: LiveMap())
        let version = entry.version ?? "0"
        guard let active = versions[version] else {
            versions[version] = entry
            return
        }
        guard active.strategy != ShareStrategy.loadedFirst, !active.isLoadedOrLoading else { return }
        let isEager = entry.eager == true
        let wins =
            isEager != active.isEager
            ? isEager : active.from.map { $0.utf8.lexicographicallyPrecedes(name.utf8) } ?? false
        if wins { versions[version] = entry }
    }
}
