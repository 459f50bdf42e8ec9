import LuaBridge

/// What is known of remotes and hosts.
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
        let key = Remote.snapshotKey(name: name, version: version, entry: entry)
        if let known = SnapshotKeys.value(of: key, in: snapshots) {
            if (known.version ?? "").isEmpty, let version, !version.isEmpty { known.version = version }
            return known
        }
        guard let version, !version.isEmpty else { return nil }
        let bare = SnapshotKeys.value(of: Remote.snapshotKey(name: name, version: nil, entry: entry), in: snapshots)
        return bare?.version == version ? bare : nil
    }
}
