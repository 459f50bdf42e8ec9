import Diagnostics
import Fetch
import LuaBridge

extension Host {
    /// Adds the snapshot to a request whose remote has a manifest or a version, and starts fetching its assets.
    func addSnapshot(to match: inout AfterResolve) async throws {
        guard let remote = match.remote, !remote.isPureEntry else { return }
        let expose = match.expose ?? "."
        let (snapshot, global) = try await loadSnapshot(
            of: remote, id: RemoteRequest.id(remote: remote.name, expose: expose))
        try match.remoteInfo.take(snapshot, manifest: remote.entry)
        match.remoteSnapshot = snapshot
        if isPreloaded(match.remoteInfo, expose: expose) { return }
        try await preloadAssets(of: match, remote: remote, expose: expose, snapshot: snapshot, global: global)
    }

    /// Whether planning a preload would come to nothing, and nobody listens to it.
    private func isPreloaded(_ remoteInfo: ResolvedRemote, expose: String) -> Bool {
        guard !hooks.hears(lifecycle.beforePreloadRemote), !hooks.hears(lifecycle.generatePreloadAssets),
            !hooks.hears(lifecycle.handlePreloadModule), !hooks.hears(lifecycle.resolveShare)
        else { return false }
        let name = PreloadRequest.moduleName(of: expose)
        return registry.plannedExposes[remoteInfo.name]?.contains(name) ?? false
    }

    private func preloadAssets(
        of match: AfterResolve, remote: Remote, expose: String, snapshot: Snapshot, global: LiveMap<Snapshot>
    ) async throws {
        let request = PreloadRequest(nameOrAlias: match.pkgNameOrAlias, exposes: [expose], resourceCategory: "sync")
        (request.share, request.depsRemote, request.recordPreloadedAssets) = (false, .boolean(false), true)
        let operations = LiveList([request])
        try await hooks.emit(
            lifecycle.beforePreloadRemote, BeforePreloadRemote(preloadOps: operations, origin: self))
        guard let config = operations.elements.first else { return }
        guard
            let plan = try await plan(
                PreloadOptions(remote: remote, config: config), remoteInfo: match.remoteInfo, snapshot: snapshot,
                global: global)
        else { return }
        let context = ResourceContext(initiator: "loadRemote", id: match.id, resourceType: "", url: "")
        startFetching(
            plan, remoteInfo: match.remoteInfo, context: context, records: config.recordPreloadedAssets ?? true)
    }
}

extension Remote {
    /// Takes entry and version over from a snapshot.
    func take(_ snapshot: Snapshot, manifest: String?) throws {
        guard let entry = snapshot.entryURL(manifest: manifest) else { throw MFError.entryURLMissing(self) }
        if snapshot.publicPath == nil {
            guard let source = snapshot.getPublicPath else { throw MFError.publicPathMissing(self) }
            guard snapshot.computedPublicPath != nil else { throw MFError.publicPathUnknown(source, of: self) }
        }
        self.entry = try snapshot.checked(entry)
        if let giver = snapshot.givenBy { (tenant, givenBy, declaredEntry) = (giver, giver, nil) }
        type = snapshot.remoteEntryType ?? type
        entryGlobalName = snapshot.globalName ?? entryGlobalName
        version = snapshot.version
        buildVersion = snapshot.buildVersion
    }
}

extension MFError {
    /// A snapshot that names no entry.
    static func entryURLMissing(_ remote: Remote) -> MFError {
        MFError(
            .entryUrlMissing, "the snapshot of remote `\(remote.name)` names no entry",
            context: [("remote", remote.name)],
            hint: "see `metaData.remoteEntry` in its manifest")
    }

    /// A `getPublicPath` of which it cannot be told what it returns.
    static func publicPathUnknown(_ source: String, of remote: Remote) -> MFError {
        let text = source.count > 80 ? source.prefix(80) + "…" : source[...]
        return MFError(
            .entryUrlMissing, "`getPublicPath` of remote `\(remote.name)` is not understood: `\(text)`",
            context: [("remote", remote.name), ("manifest", remote.entry.map(redacted))],
            hint:
                "write `function() { return \"https://…/\" }` or `function() return \"https://…/\" end`, or name a `publicPath`"
        )
    }

    /// A snapshot whose files have no place.
    static func publicPathMissing(_ remote: Remote) -> MFError {
        MFError(
            .entryUrlMissing, "the snapshot of remote `\(remote.name)` names no public path",
            context: [("remote", remote.name), ("manifest", remote.entry.map(redacted))],
            hint: "write `\"publicPath\": \"auto\"` into `metaData` of its manifest: the files lie beside it")
    }
}
