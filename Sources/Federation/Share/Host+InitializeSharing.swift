import Diagnostics
import EventLoops
import Logging
import LuaBridge

extension Host {
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
            let token = initTokens[scopeName] ?? InitToken(from: name)
            initTokens[scopeName] = token
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
                    on: runtime.loop, Activity("sharing of `\(name)`", .part(of: name)), atOnce: true
                ) { [self, initScope] in
                    try await initializeRemote(name, initScope: initScope)
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

    /// Initialises one remote for a scope. Failures are offered to errorLoadRemote, then logged: the share is chosen from
    /// what is there.
    private func initializeRemote(_ remote: String, initScope: LiveList<LuaValue>?) async throws {
        var info = options.remotes.elements.first { $0.name == remote }?.resolved()
        let id: String
        do {
            id = try await beforeRequest(remote, stepwise: true)
        } catch let error as MFError {
            // errorLoadRemote was asked already.
            return runtime.log.warning("remote \(remote) cannot share: \(error.message)")
        }
        do {
            let module = try await resolve(asked: id, stepwise: true).module
            info = module.remoteInfo
            do {
                _ = try await module.loadContainer()
            } catch let error where !(error is CancellationError) {
                guard let container = try await askForContainer(remote, info: info, error: error) else { return }
                module.container = container
            }
            guard module.container?.hasInit == true, !module.isInitializing else { return }
            _ = try await module.initialize(initScope: initScope)
        } catch let error as MFError {
            _ = try? await askForContainer(remote, info: info, error: error)
            runtime.log.warning("remote \(remote) cannot share: \(error.message)")
        }
    }

    private func askForContainer(
        _ remote: String, info: ResolvedRemote?, error: any Error
    ) async throws -> Container? {
        let replacement = try await hooks.emit(
            lifecycle.errorLoadRemote,
            ErrorLoadRemote(
                id: remote, error: error, from: "runtime", lifecycle: "beforeLoadShare", remote: info, expose: nil,
                showsOptions: false, origin: self))
        return replacement.isTruthy ? try Container(replacement, state: runtime.state) : nil
    }
}
