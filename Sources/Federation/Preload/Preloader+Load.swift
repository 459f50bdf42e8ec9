import Diagnostics
import Fetch
import LuaBridge

/// What a load fetches ahead: the assets of its expose, in the background.
extension Preloader {
    /// Whether planning a preload would come to nothing, and nobody listens to it.
    func isPreloaded(_ remoteInfo: ResolvedRemote, expose: String) -> Bool {
        guard !hooks.hears(lifecycle.beforePreloadRemote), !hooks.hears(lifecycle.generatePreloadAssets),
            !hooks.hears(lifecycle.handlePreloadModule), !hooks.hears(lifecycle.resolveShare)
        else { return false }
        let name = PreloadRequest.moduleName(of: expose)
        return registry.plannedExposes[remoteInfo.name]?.contains(name) ?? false
    }

    /// Plans what an expose will need and starts fetching it.
    ///
    /// - Parameter match: The request for the expose, with its snapshot.
    func startPreloading(
        _ match: AfterResolve, remote: Remote, expose: String, snapshot: Snapshot, global: LiveMap<Snapshot>
    ) async throws {
        let request = PreloadRequest(nameOrAlias: match.pkgNameOrAlias, exposes: [expose], resourceCategory: "sync")
        (request.share, request.depsRemote, request.recordPreloadedAssets) = (false, .boolean(false), true)
        let operations = LiveList([request])
        try await hooks.emit(
            lifecycle.beforePreloadRemote, BeforePreloadRemote(preloadOps: operations, context: context))
        guard let config = operations.elements.first else { return }
        guard
            let plan = try await plan(
                PreloadOptions(remote: remote, config: config), remoteInfo: match.remoteInfo, snapshot: snapshot,
                global: global)
        else { return }
        let reason = ResourceContext(initiator: "loadRemote", id: match.id, resourceType: "", url: "")
        startFetching(
            plan, remoteInfo: match.remoteInfo, reason: reason, records: config.recordPreloadedAssets ?? true)
    }
}
