import Diagnostics
import EventLoops
import LuaBridge

extension RemoteLoader {
    /// Finds remote, expose and module of a request, through beforeRequest, afterMatchRemote and afterResolve.
    ///
    /// - Parameter stepwise: Whether what else is under way goes on between the hooks.
    func resolve(_ id: String, stepwise: Bool = false) async throws -> ResolvedRequest {
        try await resolve(asked: beforeRequest(id, stepwise: stepwise), stepwise: stepwise)
    }

    /// The same for an id as beforeRequest left it.
    func resolve(asked id: String, stepwise: Bool = false) async throws -> ResolvedRequest {
        if stepwise { await loop.yieldToQueue() }
        guard let found = index.match(id, in: options.remotes) else {
            let error = MFError.remoteNotFound(id, host: options)
            try await hooks.emit(
                lifecycle.afterMatchRemote,
                AfterMatchRemote(
                    id: id, pkgNameOrAlias: nil, expose: nil, remote: nil, remoteInfo: nil, error: error,
                    context: context))
            throw error
        }
        let remoteInfo = found.remote.resolved()
        try await hooks.emit(
            lifecycle.afterMatchRemote,
            AfterMatchRemote(
                id: id, pkgNameOrAlias: found.request.pkgNameOrAlias, expose: found.request.expose,
                remote: found.remote, remoteInfo: remoteInfo, error: nil, context: context))
        if stepwise { await loop.yieldToQueue() }
        var match = AfterResolve(
            id: id, pkgNameOrAlias: found.request.pkgNameOrAlias, expose: found.request.expose, remote: found.remote,
            remoteInfo: remoteInfo, remoteSnapshot: nil, context: context)
        try await addSnapshot(to: &match)
        if hooks.hears(lifecycle.afterResolve) { match = try await hooks.emit(lifecycle.afterResolve, match) }
        guard let remote = match.remote, let expose = match.expose, !expose.isEmpty else {
            throw MFError.unresolved(id)
        }
        return ResolvedRequest(
            module: module(of: remote, remoteInfo: match.remoteInfo),
            moduleOptions: ModuleOptions(context, remoteInfo: match.remoteInfo), match: match, remote: remote,
            expose: expose)
    }

    /// Adds the snapshot to a request whose remote has a manifest or a version, and starts fetching its assets.
    private func addSnapshot(to match: inout AfterResolve) async throws {
        guard let remote = match.remote, !remote.isPureEntry else { return }
        let expose = match.expose ?? "."
        let (snapshot, global) = try await snapshots.loadSnapshot(
            of: remote, id: RemoteRequest.id(remote: remote.name, expose: expose))
        try match.remoteInfo.take(snapshot, manifest: remote.entry)
        match.remoteSnapshot = snapshot
        let preloads = preloads
        if preloads.isPreloaded(match.remoteInfo, expose: expose) { return }
        try await preloads.startPreloading(match, remote: remote, expose: expose, snapshot: snapshot, global: global)
    }

    /// The module of a remote. A request that began before the remote was replaced ends on what it began with, and
    /// leaves the new one's place alone.
    private func module(of remote: Remote, remoteInfo: ResolvedRemote) -> RemoteModule {
        if let known = remote.isWithdrawn ? remote.lastModule : moduleCache[remote.name] { return known }
        let module = RemoteModule(context, remoteInfo: remoteInfo)
        if remote.isWithdrawn { remote.lastModule = module } else { moduleCache[remote.name] = module }
        return module
    }

    /// Runs beforeRequest; where it fails, errorLoadRemote may give other arguments.
    func beforeRequest(_ id: String, stepwise: Bool) async throws -> String {
        guard hooks.hears(lifecycle.beforeRequest) else { return id }
        do {
            return try await hooks.emit(lifecycle.beforeRequest, BeforeRequest(id: id, context: context)).id
        } catch let error where !(error is CancellationError) {
            // Whoever began this without waiting for it, as loadShareSync does, goes on first: two turns of the queue, which
            // come in the same order however busy the machine is.
            if stepwise {
                await loop.yieldToQueue()
                await loop.yieldToQueue()
            }
            let replacement = try await hooks.emit(
                lifecycle.errorLoadRemote,
                ErrorLoadRemote(
                    id: id, error: error, from: "runtime", lifecycle: "beforeRequest", remote: nil, expose: nil,
                    showsOptions: true, context: context))
            guard replacement.isTruthy else { throw error }
            let entries = try replacement.entries(expecting: "the arguments of beforeRequest")
            guard let other = entries.first(where: { $0.0 == .string("id") })?.1.stringValue else { throw error }
            return other
        }
    }
}
