import Diagnostics
import EventLoops
import Fetch
import LuaBridge

extension Remote {
    /// The key under which the remote's snapshot is kept.
    var snapshotKey: String { Federation.snapshotKey(name: name, version: version, entry: entry) }
}

/// Keys of the global snapshot: `name`, `name:version`, or either with a type before it.
enum SnapshotKeys {
    /// What is there for a name and version.
    static func value<Value>(of key: String, in map: LiveMap<Value>) -> Value? {
        map[key] ?? map[find(key, in: map)]
    }

    /// The key that is there for a name and version, or the one that would be used.
    static func find<Value>(_ key: String, in map: LiveMap<Value>) -> String {
        if map[key] != nil { return key }
        let (tail, colon) = (key.utf8, UInt8(ascii: ":"))
        // All keys are gone through for each remote that is new: most are ruled out by one byte.
        return map.firstKey { candidate in
            let bytes = candidate.utf8
            guard bytes.count > tail.count else { return false }
            let end = bytes.index(bytes.endIndex, offsetBy: -tail.count - 1)
            return bytes[end] == colon && bytes.dropFirst(bytes.count - tail.count).elementsEqual(tail)
                && !bytes[..<end].contains(colon)
        } ?? key
    }
}

extension FederationRegistry {
    /// The snapshot of a remote or a host, if it is known.
    func snapshot(of remote: Remote) -> Snapshot? {
        snapshot(name: remote.name, version: remote.version, entry: remote.entry)
    }

    /// The same for code that runs: what a tenant has given is for code of that tenant only.
    func snapshot(readBy remote: Remote) -> Snapshot? {
        guard let known = snapshot(of: remote) else { return nil }
        return known.givenBy == nil || known.givenBy == remote.tenant ? known : nil
    }

    func snapshot(name: String, version: String?, entry: String? = nil) -> Snapshot? {
        let key = snapshotKey(name: name, version: version, entry: entry)
        if let known = SnapshotKeys.value(of: key, in: snapshots) {
            if (known.version ?? "").isEmpty, let version, !version.isEmpty { known.version = version }
            return known
        }
        guard let version, !version.isEmpty else { return nil }
        let bare = SnapshotKeys.value(of: snapshotKey(name: name, version: nil, entry: entry), in: snapshots)
        return bare?.version == version ? bare : nil
    }
}

extension Host {
    /// The host's own snapshot, if there is one.
    var ownSnapshot: Snapshot? { registry.snapshot(name: options.name, version: options.version) }

    /// The snapshot of a remote, through the hooks: from what is known, or from its manifest.
    func loadSnapshot(
        of remote: Remote, id: @autoclosure () -> String, initiator: String = "loadRemote"
    ) async throws -> (remote: Snapshot, global: LiveMap<Snapshot>) {
        try await hooks.emit(
            lifecycle.beforeLoadRemoteSnapshot, BeforeLoadRemoteSnapshot(remote: remote, origin: self))
        let own = ownSnapshotOrNew()
        noteRemote(remote, in: own)
        var (isNoted, known) = knownSnapshot(of: remote, in: own)
        if hooks.hears(lifecycle.loadSnapshot) {
            known = try await hooks.emit(
                lifecycle.loadSnapshot,
                LoadSnapshot(
                    host: self, remote: remote, hostGlobalSnapshot: isNoted ? own : nil,
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
                        host: self, remote: remote, manifestJson: .nil, manifestUrl: nil, remoteSnapshot: known,
                        from: "global")
                ).remoteSnapshot
            }
        } else {
            guard let url = known?.remoteEntry ?? remote.entry else {
                throw MFError.snapshotNotFound(remote, host: name)
            }
            snapshot = try await manifestSnapshot(
                url, remote: remote.given(by: known?.givenBy),
                context: ResourceContext(initiator: initiator, id: id(), resourceType: "manifest", url: url))
            let key =
                known == nil
                ? remote.snapshotKey : Federation.snapshotKey(name: remote.name, version: remote.version, entry: url)
            registry.snapshots[key] = snapshot
        }
        if hooks.hears(lifecycle.afterLoadSnapshot) {
            _ = try await hooks.emit(
                lifecycle.afterLoadSnapshot,
                AfterLoadSnapshot(id: id(), host: self, remote: remote, remoteSnapshot: snapshot))
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

extension Host {
    /// The snapshot of a manifest, made once per URL and runtime; a failure is not remembered.
    private func manifestSnapshot(_ url: String, remote: Remote, context: ResourceContext) async throws -> Snapshot {
        let key = manifestKey(url, of: remote)
        if let known = registry.manifestLoads[key] { return try await known.value }
        let load = SingleFlight(
            on: runtime.loop, Activity("manifest of `\(remote.name)`", .part(of: remote.name))
        ) { [self] in
            let (manifest, giver) = try await manifest(url, key: key, remote: remote, context: context)
            let snapshot = makeSnapshot(from: manifest.content, url: url, answered: manifest.url)
            snapshot.givenBy = giver ?? remote.givenBy
            return try await hooks.emit(
                lifecycle.loadRemoteSnapshot,
                LoadRemoteSnapshot(
                    host: self, remote: remote, manifestJson: manifest.content.raw, manifestUrl: url,
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
        _ url: String, key: String, remote: Remote, context: ResourceContext
    ) async throws -> (FetchedManifest, giver: String?) {
        if let known = registry.manifests[key] { return (known, nil) }
        let remoteInfo = remote.resolved()
        let (json, answered): (LuaValue, String)
        var giver: String?
        do {
            let (file, sender) = try await manifestFile(url, remoteInfo: remoteInfo, context: context)
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
        return (value, try runtime.origins.url(of: value) ?? url)
    }

    private func offer(_ error: any Error, url: String, remoteInfo: ResolvedRemote) async throws -> LuaValue {
        try await hooks.emit(
            lifecycle.errorLoadRemote,
            ErrorLoadRemote(
                id: url, error: error, from: "runtime", lifecycle: "afterResolve", remote: remoteInfo, expose: nil,
                showsOptions: false, origin: self))
    }

    private func manifestFile(
        _ url: String, remoteInfo: ResolvedRemote, context: ResourceContext
    ) async throws -> (file: FetchedFile, giver: String?) {
        let (fromHook, giver) = try await hooks.emit(
            lifecycle.fetch, FetchManifest(url: url, remoteInfo: remoteInfo, resourceContext: context)
        ).given
        if let response = try HookResponse(fromHook) {
            return (try response.successful(for: lifecycle.fetch.name, url), giver)
        }
        let file = try await runtime.fetchPart(
            remoteInfo.request(url), of: remoteInfo, as: try principal(of: remoteInfo))
        return (file, nil)
    }
}

/// A manifest, and the URL that answered with it.
struct FetchedManifest: Sendable {
    let content: Manifest
    let url: String
}

/// What a listener of `fetch` or `loadFileError` may return in place of asking the network: `mf.response{…}`, what
/// `mf.fetch` returned, or a table with a `body`.
struct HookResponse {
    var status = 200
    var body: [UInt8] = []
    /// Where it came from, if it says so.
    var url: String?

    /// Nothing for a value that is no response.
    init?(_ value: LuaValue) throws {
        if case .object(let object) = value, let response = object as? ResponseView {
            (status, body, url) = (response.response.status, response.response.body, response.response.url)
        } else {
            let fields: [String: LuaValue]
            switch value {
            case .table(let table):
                fields = [
                    "body": try table.get("body"), "status": try table.get("status"), "url": try table.get("url"),
                ]
            case .record(let record):
                fields = ["body": record["body"], "status": record["status"], "url": record["url"]]
            default: return nil
            }
            guard let bytes = fields["body"]?.bytesValue else { return nil }
            (body, status, url) = (bytes, fields["status"]?.intValue ?? 200, fields["url"]?.stringValue)
        }
        if url?.isEmpty == true { url = nil }
    }

    /// The file that it answers with.
    ///
    /// - Throws: ``MFError`` with `FETCH-002` for a status other than 2xx.
    func successful(for hook: String, _ asked: String) throws -> FetchedFile {
        guard (200..<300).contains(status) else {
            throw MFError.hookResponseStatus(status, hook: hook, url: url ?? asked)
        }
        return FetchedFile(body: body, url: url ?? asked)
    }
}

extension MFError {
    /// A manifest could not be fetched or read.
    static func manifestFailed(_ url: String, remote: Remote, host: String, cause: any Error) -> MFError {
        MFError(
            .manifestFailed, "the manifest of remote `\(remote.name)` could not be loaded: \(text(of: cause))",
            context: [("host", host), ("remote", remote.name), ("manifest", redacted(url))],
            hint: (cause as? MFError)?.hint ?? "open the URL and see what answers", cause: cause)
    }

    /// A manifest lacks what makes it one; `errorLoadRemote` is told before the load fails.
    static func manifestIncomplete(_ url: String, remote: Remote, missing: String) -> MFError {
        MFError(
            .luaConversion, "`\(redacted(url))` is not a manifest of remote `\(remote.name)`: it lacks \(missing)",
            context: [("remote", remote.name), ("missing", missing)])
    }

    /// A manifest that was read is none.
    static func manifestInvalid(_ url: String, remote: Remote, host: String, cause: MFError) -> MFError {
        MFError(
            .manifestInvalid, "`\(redacted(url))` is not a manifest of remote `\(remote.name)`: \(cause.message)",
            context: [("host", host), ("remote", remote.name), ("missing", cause["missing"])],
            hint: cause.hint ?? "build the remote with a tool that writes `mf-manifest.json`", cause: cause)
    }

    /// A remote without entry, whose snapshot is not known.
    static func snapshotNotFound(_ remote: Remote, host: String) -> MFError {
        MFError(
            .snapshotNotFound,
            "no snapshot is known of remote `\(remote.name)`\(remote.version.map { " in version \(redacted($0))" } ?? "")",
            context: [("host", host), ("remote", remote.name)],
            hint: "give the remote an `entry`, or add its snapshot with `mf.addGlobalSnapshot`")
    }

    /// A listener answered with a failure.
    static func hookResponseStatus(_ status: Int, hook: String, url: String) -> MFError {
        MFError(
            .fetchStatus, "a listener of `\(hook)` answered with status \(status)",
            context: [("url", redacted(url)), ("status", "\(status)")], hint: "return nothing to ask the network")
    }
}
