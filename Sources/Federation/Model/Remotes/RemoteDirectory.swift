/// Finds a host's remotes by request, name and alias, whatever their number.
///
/// The truth is `options.remotes`, which hooks may change at any time; the index is made anew when it no longer fits.
final class RemoteDirectory {
    private var index = RemoteIndex<Remote>()
    private var list: LiveList<Remote>?
    private var revision = -1
    /// What requests named: most are made again and again.
    @exclusivity(unchecked)
    private var known: [String: RemoteIndex<Remote>.Match] = [:]
    private static let rememberedRequests = 1_000

    /// The remote and expose that a request names.
    func match(_ id: String, in remotes: LiveList<Remote>) -> (remote: Remote, request: RemoteRequest)? {
        refresh(remotes)
        if let match = known[id], isCurrent(match.value, as: match.request.pkgNameOrAlias) {
            return (match.value, match.request)
        }
        return find(id, in: remotes).map { match in
            if known.count >= Self.rememberedRequests { known.removeAll() }
            known[id] = match
            return (match.value, match.request)
        }
    }

    private func find(_ id: String, in remotes: LiveList<Remote>) -> RemoteIndex<Remote>.Match? {
        if let match = index.match(id), isCurrent(match.value, as: match.request.pkgNameOrAlias) { return match }
        // A hook may have renamed a remote in place.
        rebuild(remotes)
        return index.match(id)
    }

    /// The remote with a name or alias.
    func remote(named nameOrAlias: String, in remotes: LiveList<Remote>) -> Remote? {
        refresh(remotes)
        if let remote = index.remote(named: nameOrAlias), isCurrent(remote, as: nameOrAlias) { return remote }
        rebuild(remotes)
        return index.remote(named: nameOrAlias)
    }

    /// The remote with a name.
    func remote(exactly name: String, in remotes: LiveList<Remote>) -> Remote? {
        refresh(remotes)
        if let remote = index.remote(named: name), remote.name == name { return remote }
        return nil
    }

    /// An alias with which another remote's name or alias begins: the new remote's, or one that is there.
    func aliasConflict(
        _ remote: Remote, in remotes: LiveList<Remote>
    ) -> (alias: String, owner: Remote, other: Remote)? {
        refresh(remotes)
        return index.aliasConflict(name: remote.name, alias: remote.alias).map { conflict in
            conflict.isNew ? (conflict.alias, remote, conflict.other) : (conflict.alias, conflict.other, remote)
        }
    }

    /// Appends to the list and to the index together.
    func append(_ remote: Remote, to remotes: LiveList<Remote>) {
        refresh(remotes)
        remotes.append(remote)
        index.add(remote, name: remote.name, alias: remote.alias)
        forgetRequests()
        revision = remotes.revision
    }

    /// Removes from the list and from the index together.
    func remove(_ remote: Remote, from remotes: LiveList<Remote>) {
        refresh(remotes)
        guard let position = remotes.elements.firstIndex(where: { $0 === remote }) else { return }
        remotes.elements.remove(at: position)
        index.remove(name: remote.name)
        forgetRequests()
        revision = remotes.revision
    }

    private func forgetRequests() {
        if !known.isEmpty { known.removeAll() }
    }

    private func isCurrent(_ remote: Remote, as name: String) -> Bool { remote.name == name || remote.alias == name }

    private func refresh(_ remotes: LiveList<Remote>) {
        if list !== remotes || revision != remotes.revision { rebuild(remotes) }
    }

    private func rebuild(_ remotes: LiveList<Remote>) {
        index.removeAll()
        forgetRequests()
        for remote in remotes.elements { index.add(remote, name: remote.name, alias: remote.alias) }
        list = remotes
        revision = remotes.revision
    }
}
