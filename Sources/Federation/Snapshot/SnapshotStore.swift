import Diagnostics
import EventLoops
import Fetch
import LuaBridge

/// The snapshots of a host's remotes: known ones, and those that their manifests give.
struct SnapshotStore: HostService {
    let context: HostContext

    init(_ context: HostContext) { self.context = context }

    /// The host's own snapshot, if there is one.
    var ownSnapshot: Snapshot? { registry.snapshot(name: options.name, version: options.version) }

    /// The snapshot of a remote, through the hooks: from what is known, or from its manifest.
    func loadSnapshot(
        of remote: Remote, id: @autoclosure () -> String, initiator: String = "loadRemote"
    ) async throws -> (remote: Snapshot, global: LiveMap<Snapshot>) {
        try await hooks.emit(
            lifecycle.beforeLoadRemoteSnapshot, BeforeLoadRemoteSnapshot(remote: remote, context: context))
        let own = ownSnapshotOrNew()
        noteRemote(remote, in: own)
        var (isNoted, known) = knownSnapshot(of: remote, in: own)
        if hooks.hears(lifecycle.loadSnapshot) {
            known = try await hooks.emit(
                lifecycle.loadSnapshot,
                LoadSnapshot(
                    context: context, remote: remote, hostGlobalSnapshot: isNoted ? own : nil,
                    globalSnapshot: registry.snapshots,
                    remoteSnapshot: known)
            ).remoteSnapshot
        }
        var snapshot: Snapshot
        if let known, !known.isManifestProvider {
            snapshot = known
            if hooks.hears(lifecycle.loadRemoteSnapshot) {
                snapshot = try await hooks.emit(
                    lifecycle.loadRemoteSnapshot,
                    LoadRemoteSnapshot(
                        context: context, remote: remote, manifestJson: .nil, manifestUrl: nil, remoteSnapshot: known,
                        from: "global")
                ).remoteSnapshot
            }
        } else {
            guard let url = known?.remoteEntry ?? remote.entry else {
                throw MFError.snapshotNotFound(remote, host: name)
            }
            snapshot = try await manifestSnapshot(
                url, remote: remote.given(by: known?.givenBy),
                reason: ResourceContext(initiator: initiator, id: id(), resourceType: "manifest", url: url))
            let key =
                known == nil
                ? remote.snapshotKey : Remote.snapshotKey(name: remote.name, version: remote.version, entry: url)
            registry.snapshots[key] = snapshot
        }
        if hooks.hears(lifecycle.afterLoadSnapshot) {
            _ = try await hooks.emit(
                lifecycle.afterLoadSnapshot,
                AfterLoadSnapshot(id: id(), context: context, remote: remote, remoteSnapshot: snapshot))
        }
        return (snapshot, registry.snapshots)
    }

    private func ownSnapshotOrNew() -> Snapshot {
        if let own = ownSnapshot { return own }
        let own = Snapshot(version: options.version ?? "", remoteEntry: "")
        own.remotesInfo = LiveMap()
        registry.snapshots[options.name] = own
        return own
    }

    /// Completes the host's own snapshot with a remote that it was made without.
    private func noteRemote(_ remote: Remote, in own: Snapshot) {
        guard let remotes = own.remotesInfo, SnapshotKeys.value(of: remote.name, in: remotes) == nil else { return }
        guard let matched = remote.version ?? remote.entry else { return }
        remotes[remote.name] = SnapshotRemote(matchedVersion: matched)
    }

    /// What is known of a remote, and whether the host's own snapshot says in which version it is used.
    private func knownSnapshot(of remote: Remote, in own: Snapshot) -> (isNoted: Bool, snapshot: Snapshot?) {
        let matched = own.remotesInfo.flatMap { SnapshotKeys.value(of: remote.name, in: $0)?.matchedVersion } ?? ""
        if matched.isEmpty { return (false, registry.snapshot(name: remote.name, version: remote.version)) }
        return (true, registry.snapshot(name: remote.name, version: matched))
    }
}

// MARK: - Manifests

extension SnapshotStore {
    /// The snapshot of a manifest, made once per URL and runtime; a failure is not remembered.
    private func manifestSnapshot(_ url: String, remote: Remote, reason: ResourceContext) async throws -> Snapshot {
        let key = manifestKey(url, of: remote)
        if let known = registry.manifestLoads[key] { return try await known.value }
        let load = SingleFlight(
            on: loop, Activity("manifest of `\(remote.name)`", .part(of: remote.name))
        ) { [self] in
            let (manifest, giver) = try await manifest(url, key: key, remote: remote, reason: reason)
            let snapshot = Snapshot(from: manifest.content, url: url, answered: manifest.url)
            snapshot.givenBy = giver ?? remote.givenBy
            return try await hooks.emit(
                lifecycle.loadRemoteSnapshot,
                LoadRemoteSnapshot(
                    context: context, remote: remote, manifestJson: manifest.content.raw, manifestUrl: url,
                    remoteSnapshot: snapshot, from: "manifest")
            ).remoteSnapshot
        }
        registry.manifestLoads[key] = load
        do {
            return try await load.value
        } catch {
            if registry.manifestLoads[key] === load { registry.manifestLoads[key] = nil }
            throw error
        }
    }

    /// A manifest, fetched unless it is known; `errorLoadRemote` may give another for one that cannot be had.
    ///
    /// - Returns: The manifest, and the tenant whose plugin has given it, if one has.
    private func manifest(
        _ url: String, key: String, remote: Remote, reason: ResourceContext
    ) async throws -> (FetchedManifest, giver: String?) {
        if let known = registry.manifests[key] { return (known, nil) }
        let remoteInfo = remote.resolved()
        let (json, answered): (LuaValue, String)
        var giver: String?
        do {
            let (file, sender) = try await manifestFile(url, remoteInfo: remoteInfo, reason: reason)
            giver = sender
            (json, answered) = (try JSON.decode(file.body), file.url)
        } catch let error where !(error is CancellationError) {
            let (other, sender) = try await offer(error, url: url, remoteInfo: remoteInfo).given
            giver = sender
            guard other.isTruthy else { throw MFError.manifestFailed(url, remote: remote, host: name, cause: error) }
            (json, answered) = try manifest(offered: other, url: url)
        }
        let manifest: Manifest
        do {
            manifest = try Manifest(json.detached())
        } catch let error as MFError {
            // What is no table lacks everything.
            if let missing = error["missing"]
                ?? (json.luaTypeName == "table" ? nil : Manifest.required.joined(separator: ", "))
            {
                _ = try await offer(
                    MFError.manifestIncomplete(url, remote: remote, missing: missing), url: url, remoteInfo: remoteInfo)
            }
            throw MFError.manifestInvalid(url, remote: remote, host: name, cause: error)
        }
        let fetched = FetchedManifest(content: manifest, url: answered)
        if giver == nil { registry.manifests[key] = fetched }
        return (fetched, giver)
    }

    /// The key under which a manifest is known: a remote that tenants may change shares what it was given with no other.
    func manifestKey(_ url: String, of remote: Remote) -> String {
        if let tenant = remote.tenant { return "\(url) in \(tenant)" }
        return tenants.mayChange(remote) ? "\(url) of \(remote.name)" : url
    }

    /// All keys under which a manifest may be known for a remote.
    func manifestKeys(_ url: String, of remote: Remote) -> [String] {
        [url, "\(url) of \(remote.name)"] + (remote.tenant.map { ["\(url) in \($0)"] } ?? [])
    }

    /// What a listener of `errorLoadRemote` gave in a manifest's place: a response, or a table. Of a table that a response's
    /// `json` made it is known where it came from.
    private func manifest(offered value: LuaValue, url: String) throws -> (json: LuaValue, url: String) {
        if let response = try HookResponse(value) {
            return (try JSON.decode(response.successful(for: "errorLoadRemote", url).body), response.url ?? url)
        }
        return (value, try registry.origins.url(of: value) ?? url)
    }

    private func offer(_ error: any Error, url: String, remoteInfo: ResolvedRemote) async throws -> LuaValue {
        try await hooks.emit(
            lifecycle.errorLoadRemote,
            ErrorLoadRemote(
                id: url, error: error, from: "runtime", lifecycle: "afterResolve", remote: remoteInfo, expose: nil,
                showsOptions: false, context: context))
    }

    private func manifestFile(
        _ url: String, remoteInfo: ResolvedRemote, reason: ResourceContext
    ) async throws -> (file: FetchedFile, giver: String?) {
        let (fromHook, giver) = try await hooks.emit(
            lifecycle.fetch,
            FetchManifest(
                url: url, remoteInfo: remoteInfo,
                retry: .callable(ResourceHooks(context).retry(url, of: remoteInfo)), resourceContext: reason)
        ).given
        if let response = try HookResponse(fromHook) {
            return (try response.successful(for: lifecycle.fetch.name, url), giver)
        }
        let file = try await resources.fetchPart(
            remoteInfo.request(url), of: remoteInfo, as: try principal(of: remoteInfo))
        return (file, nil)
    }
}

extension MFError {
    /// A manifest could not be fetched or read.
    static func manifestFailed(_ url: String, remote: Remote, host: String, cause: any Error) -> MFError {
        if let cause = cause as? MFError, cause.isOfEndlessLoad { return cause }
        return MFError(
            .manifestFailed, "the manifest of remote `\(remote.name)` could not be loaded: \(text(of: cause))",
            context: [("host", host), ("remote", remote.name), ("manifest", URLParts.redacted(url))],
            hint: (cause as? MFError)?.hint ?? "open the URL and check the response", cause: cause)
    }

    /// A manifest lacks what makes it one; `errorLoadRemote` is told before the load fails.
    static func manifestIncomplete(_ url: String, remote: Remote, missing: String) -> MFError {
        MFError(
            .luaConversion,
            "`\(URLParts.redacted(url))` is not a manifest of remote `\(remote.name)`: it lacks \(missing)",
            context: [("remote", remote.name), ("missing", missing)])
    }

    /// A manifest that was read is none.
    static func manifestInvalid(_ url: String, remote: Remote, host: String, cause: MFError) -> MFError {
        MFError(
            .manifestInvalid,
            "`\(URLParts.redacted(url))` is not a manifest of remote `\(remote.name)`: \(cause.message)",
            context: [("host", host), ("remote", remote.name), ("missing", cause["missing"])],
            hint: cause.hint ?? "build the remote with a tool that writes `mf-manifest.json`", cause: cause)
    }

    /// A remote without entry, whose snapshot is not known.
    static func snapshotNotFound(_ remote: Remote, host: String) -> MFError {
        MFError(
            .snapshotNotFound,
            "there is no snapshot of remote `\(remote.name)`\(remote.version.map { " in version \(URLParts.redacted($0))" } ?? "")",
            context: [("host", host), ("remote", remote.name)],
            hint: "give the remote an `entry`, or add its snapshot with `mf.addGlobalSnapshot`")
    }
}
