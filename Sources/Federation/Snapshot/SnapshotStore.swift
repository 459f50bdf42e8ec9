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
                ? remote.snapshotKey : Federation.snapshotKey(name: remote.name, version: remote.version, entry: url)
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
