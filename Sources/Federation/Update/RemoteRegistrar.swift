import Diagnostics
import Logging
import LuaBridge
import OrderedCollections
import Posix

/// Adds remotes to a host, and takes them away with all that was loaded of them.
struct RemoteRegistrar: HostService {
    let context: HostContext

    init(_ context: HostContext) { self.context = context }

    private var updater: RemoteUpdater { RemoteUpdater(context) }

    /// Registers remotes; with `force`, one of the same name is replaced.
    func registerRemotes(_ remotes: [Remote], force: Bool) throws {
        var checker = OptionChecker(path: "remotes", tenants: tenants.names)
        try OptionType.remotes.check(.object(LiveList(remotes)), &checker)
        try checker.finish(of: "registerRemotes")
        try boundedNow {
            for remote in remotes {
                let name = remote.name
                let isNew = index.remote(exactly: name, in: options.remotes) == nil
                try register(remote, in: options.remotes, force: force)
                context.claim("remote \(name)", isNew: isNew) { RemoteRegistrar($0).removeRemotes([name]) }
            }
        }
    }

    /// Registers one remote in a list that belongs to this host.
    func register(_ remote: Remote, in list: LiveList<Remote>, force: Bool) throws {
        if remote.declaredEntry == nil { remote.declaredEntry = remote.entry }
        if hooks.hears(lifecycle.beforeRegisterRemote) {
            _ = try hooks.emit(lifecycle.beforeRegisterRemote, RegisterRemote(remote: remote, context: context))
        }
        try tenants.expectDeclared(of: remote)
        if let text = remote.revalidate, Duration(text: text) == nil {
            throw MFError.badTime(text, in: "revalidate", of: remote)
        }
        if let text = remote.timeout, Duration(text: text) == nil {
            throw MFError.badTime(text, in: "timeout", of: remote)
        }
        if let known = index.remote(exactly: remote.name, in: list) {
            guard force else {
                if known.entry != remote.entry || known.version != remote.version {
                    log.warning(
                        """
                        remote `\(remote.name)` of host `\(name)` is registered already, from \(known.place); \(remote.place) is \
                        passed over: give it another name, or replace the first with `{ force = true }`
                        """)
                }
                return
            }
            remove(known, from: list)
            log.warning("remote \(remote.name) is already registered and is replaced")
        }
        if let conflict = index.aliasConflict(remote, in: list) {
            throw MFError.aliasRefused(conflict.alias, of: conflict.owner.name, other: conflict.other.name)
        }
        remote.shareScope = remote.shareScope ?? .one(ShareScopeName.standard)
        remote.type = remote.type ?? Remote.standardType
        remote.isWithdrawn = false
        remote.lastModule = nil
        index.append(remote, to: list)
        updater.scheduleRevalidation(of: remote)
        registry.reloads.feeds?.check()
        guard hooks.hears(lifecycle.registerRemote) else { return }
        do {
            _ = try hooks.emit(lifecycle.registerRemote, RegisterRemote(remote: remote, context: context))
            try tenants.expectDeclared(of: remote)
        } catch {
            index.remove(remote, from: list)
            updater.endRevalidation(of: remote)
            throw error
        }
    }

    /// Removes remotes by name and all that was loaded of them: the inverse of ``registerRemotes(_:force:)``.
    ///
    /// - Returns: The names that were registered.
    @discardableResult
    func removeRemotes(_ names: [String]) -> [String] {
        let removed = names.filter { name in
            guard let remote = index.remote(exactly: name, in: options.remotes) else { return false }
            remove(remote, from: options.remotes)
            return true
        }
        if !removed.isEmpty {
            let gone = Set(removed)
            context.idToRemoteMap.removeAll { gone.contains($0.value.name) }
        }
        return removed
    }

    private func remove(_ remote: Remote, from list: LiveList<Remote>) {
        index.remove(remote, from: list)
        forgetSnapshot(of: remote)
        remote.isWithdrawn = true
        updater.endRevalidation(of: remote)
        if !registry.hosts.contains(where: { $0 !== context && $0.moduleCache[remote.name] != nil }) {
            let files = (try? principal(of: remote))?.files
            for url in registry.parts.remove(remote.name) { files?.drop(url) }
            registry.reloads.feeds?.check()
        }
        if let module = moduleCache.removeValue(forKey: remote.name) {
            remote.lastModule = module
            module.retire()
            registry.entryLoads[module.remoteInfo.entryKey] = nil
            registry.containers[module.remoteInfo.containerKey] = nil
            removeShares(of: module.remoteInfo)
            registry.environments.remove(module.remoteInfo.entryKey)
        }
        registry.environments.remove(remote.entryKey)
    }

    private func forgetSnapshot(of remote: Remote) {
        let key = SnapshotKeys.find(remote.snapshotKey, in: registry.snapshots)
        registry.snapshots.removeValue(forKey: key)
        if let entry = remote.entry {
            for key in updater.loader.snapshots.manifestKeys(entry, of: remote) {
                registry.manifests[key] = nil
                registry.manifestLoads[key] = nil
            }
        }
        if let remotes = updater.loader.snapshots.ownSnapshot?.remotesInfo {
            remotes.removeValue(forKey: SnapshotKeys.find(remote.name, in: remotes))
        }
        registry.plannedExposes[remote.name] = nil
        registry.absentFiles[remote.name] = nil
    }

    /// Takes what a remote, or its own instance, put into the share scopes back, unless somebody uses it.
    private func removeShares(of remote: ResolvedRemote) {
        let position = registry.hosts.firstIndex { isInstance($0, of: remote) }
        if position == nil, registry.isProvider(remote.name) { return }
        let isUsed = registry.removeShares(from: remote.name)
        guard let position else { return }
        if !isUsed { registry.shareScopes.removeValue(forKey: registry.hosts[position].name) }
        registry.hosts.remove(at: position)
    }

    private func isInstance(_ host: HostContext, of remote: ResolvedRemote) -> Bool {
        guard let build = remote.buildVersion, !build.isEmpty else { return host.name == remote.name }
        return host.options.id == "\(remote.name):\(build)"
    }
}

extension MFError {
    /// A time of a remote that is none.
    static func badTime(_ text: String, in key: String, of remote: Remote) -> MFError {
        MFError(
            .remoteInvalid, "invalid `\(key)` `\(text)` of remote `\(remote.name)`",
            context: [("remote", remote.name), (key, text)],
            hint: "write a number and `us`, `ms`, `s`, `min`, `h` or `d`, such as `30s`")
    }
}
