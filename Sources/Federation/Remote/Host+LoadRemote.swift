import Diagnostics
import EventLoops
import LuaBridge
import OrderedCollections

/// How a remote module is asked for.
struct LoadRemoteOptions: Sendable {
    /// Whether the factory runs; else it is the result.
    var loadFactory = true
    /// `runtime`, or `build` when generated code asks.
    var from = "runtime"
    /// What the caller gave, for `afterLoadRemote`.
    var given: LuaValue = .nil
    /// The tenant that asks: it gets its own remotes only.
    var tenant: String?
}

/// A request whose remote and expose are known.
struct ResolvedRequest: Sendable {
    let module: RemoteModule
    let moduleOptions: ModuleOptions
    let match: AfterResolve
    let remote: Remote
    let expose: String
}

extension Host {
    /// Loads an expose: beforeRequest … onLoad, errorLoadRemote where a step fails, afterLoadRemote at the end.
    func load(_ id: String, _ loadOptions: LoadRemoteOptions = LoadRemoteOptions()) async throws -> LuaValue {
        guard hooks.mayReload else { return try await loadPinned(id, loadOptions) }
        return try await hooks.pinned { try await bounded { try await loadPinned(id, loadOptions) } }
    }

    /// The load itself: from its first hook to its last it sees the same listeners.
    private func loadPinned(_ id: String, _ loadOptions: LoadRemoteOptions) async throws -> LuaValue {
        var progress = LoadProgress(id: id)
        let result: LuaValue
        do {
            result = try await loadModule(id, loadOptions, &progress)
        } catch let error where !(error is CancellationError) {
            return try await recover(id, loadOptions, progress, from: error)
        }
        try await afterLoad(progress, loadOptions)
        return result
    }

    /// What is known of a request while it is loaded, for the hooks that tell of its end.
    private struct LoadProgress {
        var id: String
        var expose: String?
        var remote: Remote?

        /// What the request names by itself, where it could not be resolved.
        mutating func match(in host: Host) {
            guard remote == nil, let found = host.index.match(id, in: host.options.remotes) else { return }
            (expose, remote) = (found.request.expose, found.remote)
        }
    }

    private func loadModule(
        _ id: String, _ loadOptions: LoadRemoteOptions, _ progress: inout LoadProgress
    ) async throws -> LuaValue {
        let request = try await resolve(id)
        // Hooks may have led the request elsewhere.
        if let tenant = loadOptions.tenant, request.module.remoteInfo.tenant != tenant {
            throw MFError.foreignRemote(id, tenant: tenant)
        }
        progress = LoadProgress(id: request.match.id, expose: request.expose, remote: request.remote)
        let module = try await request.module.get(
            id: request.match.id, expose: request.expose, loadFactory: loadOptions.loadFactory,
            snapshot: request.match.remoteSnapshot)
        let wrapper = try await hooks.emit(
            lifecycle.onLoad,
            OnLoad(
                id: request.match.id, pkgNameOrAlias: request.match.pkgNameOrAlias, expose: request.expose,
                remote: request.remote, moduleOptions: request.moduleOptions,
                exposeModule: loadOptions.loadFactory ? module : .nil,
                exposeModuleFactory: loadOptions.loadFactory ? .nil : module, moduleInstance: request.module,
                origin: self))
        remember(id, request)
        return wrapper.isCallable ? wrapper : module
    }

    private func recover(
        _ id: String, _ loadOptions: LoadRemoteOptions, _ reached: LoadProgress, from error: any Error
    ) async throws -> LuaValue {
        var progress = reached
        progress.match(in: self)
        let replacement: LuaValue
        do {
            replacement = try await hooks.emit(
                lifecycle.errorLoadRemote,
                ErrorLoadRemote(
                    id: id, error: error, from: loadOptions.from, lifecycle: "onLoad",
                    remote: progress.remote?.resolved(), expose: progress.expose, showsOptions: false, origin: self))
        } catch let hookError {
            try await afterLoad(progress, loadOptions, error: hookError)
            throw hookError
        }
        guard replacement.isTruthy else {
            try await afterLoad(progress, loadOptions, error: error)
            throw error
        }
        try await afterLoad(progress, loadOptions, error: error, recovered: true)
        return replacement
    }

    private func afterLoad(
        _ progress: LoadProgress, _ loadOptions: LoadRemoteOptions, error: (any Error)? = nil, recovered: Bool = false
    ) async throws {
        try await hooks.emit(
            lifecycle.afterLoadRemote,
            AfterLoadRemote(
                id: progress.id, expose: progress.expose, remote: progress.remote?.resolved(),
                loadOptions: loadOptions.given, error: error, recovered: recovered, origin: self))
    }

    /// Notes what was loaded under a request, under its alias or its name as well.
    private func remember(_ id: String, _ request: ResolvedRequest) {
        let target = (name: request.remote.name, expose: request.expose)
        if let known = idToRemoteMap[id], known == target { return }
        idToRemoteMap[id] = target
        guard let alias = request.remote.alias else { return }
        if let rest = id.removing(prefix: request.remote.name) {
            idToRemoteMap[alias + rest] = target
        } else if let rest = id.removing(prefix: alias) {
            idToRemoteMap[request.remote.name + rest] = target
        }
    }
}

// MARK: - From a request to a remote

extension Host {
    /// Finds remote, expose and module of a request, through beforeRequest, afterMatchRemote and afterResolve.
    ///
    /// - Parameter stepwise: Whether what else is under way goes on between the hooks.
    func resolve(_ id: String, stepwise: Bool = false) async throws -> ResolvedRequest {
        try await resolve(asked: beforeRequest(id, stepwise: stepwise), stepwise: stepwise)
    }

    /// The same for an id as beforeRequest left it.
    func resolve(asked id: String, stepwise: Bool = false) async throws -> ResolvedRequest {
        if stepwise { await runtime.loop.yieldToQueue() }
        guard let found = index.match(id, in: options.remotes) else {
            let error = MFError.remoteNotFound(id, host: options)
            try await hooks.emit(
                lifecycle.afterMatchRemote,
                AfterMatchRemote(
                    id: id, pkgNameOrAlias: nil, expose: nil, remote: nil, remoteInfo: nil, error: error, origin: self))
            throw error
        }
        let remoteInfo = found.remote.resolved()
        try await hooks.emit(
            lifecycle.afterMatchRemote,
            AfterMatchRemote(
                id: id, pkgNameOrAlias: found.request.pkgNameOrAlias, expose: found.request.expose,
                remote: found.remote, remoteInfo: remoteInfo, error: nil, origin: self))
        if stepwise { await runtime.loop.yieldToQueue() }
        var match = AfterResolve(
            id: id, pkgNameOrAlias: found.request.pkgNameOrAlias, expose: found.request.expose, remote: found.remote,
            remoteInfo: remoteInfo, remoteSnapshot: nil, origin: self)
        try await addSnapshot(to: &match)
        if hooks.hears(lifecycle.afterResolve) { match = try await hooks.emit(lifecycle.afterResolve, match) }
        guard let remote = match.remote, let expose = match.expose, !expose.isEmpty else {
            throw MFError.unresolved(id)
        }
        return ResolvedRequest(
            module: module(of: remote, remoteInfo: match.remoteInfo),
            moduleOptions: ModuleOptions(remoteInfo: match.remoteInfo, host: self), match: match, remote: remote,
            expose: expose)
    }

    /// The module of a remote. A request that began before the remote was replaced ends on what it began with, and
    /// leaves the new one's place alone.
    private func module(of remote: Remote, remoteInfo: ResolvedRemote) -> RemoteModule {
        if let known = remote.isWithdrawn ? remote.lastModule : moduleCache[remote.name] { return known }
        let module = RemoteModule(host: self, remoteInfo: remoteInfo)
        if remote.isWithdrawn { remote.lastModule = module } else { moduleCache[remote.name] = module }
        return module
    }

    /// Runs beforeRequest; where it fails, errorLoadRemote may give other arguments.
    func beforeRequest(_ id: String, stepwise: Bool) async throws -> String {
        guard hooks.hears(lifecycle.beforeRequest) else { return id }
        do {
            return try await hooks.emit(lifecycle.beforeRequest, BeforeRequest(id: id, origin: self)).id
        } catch let error where !(error is CancellationError) {
            // Whoever began this without waiting for it, as loadShareSync does, goes on first.
            if stepwise { await runtime.loop.yieldToIO() }
            let replacement = try await hooks.emit(
                lifecycle.errorLoadRemote,
                ErrorLoadRemote(
                    id: id, error: error, from: "runtime", lifecycle: "beforeRequest", remote: nil, expose: nil,
                    showsOptions: true, origin: self))
            guard replacement.isTruthy else { throw error }
            let entries = try replacement.entries(expecting: "the arguments of beforeRequest")
            guard let other = entries.first(where: { $0.0 == .string("id") })?.1.stringValue else { throw error }
            return other
        }
    }
}

extension String {
    /// What follows a prefix, or nothing if it does not begin so.
    func removing(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
