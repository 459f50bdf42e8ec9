import Diagnostics
import EventLoops
import Fetch
import Logging
import LuaBridge
import OrderedCollections
import Posix

/// A new version of a remote on its way: what has changed, and what it is made from.
struct RemoteDraft {
    let changes: [ChangedResource]
    /// Where the new version is entered.
    var remoteInfo: ResolvedRemote
    var snapshot: Snapshot?
    /// The new manifest, where that has changed.
    var manifest: (url: String, fetched: FetchedManifest)?
}

/// A new version of a remote that took the place of the one before, in one host.
struct ReplacedModule {
    let old: RemoteModule
    let new: RemoteModule
}

extension RemoteUpdater {
    /// Fetches what has changed of a remote and, if anything has, replaces it in all hosts that have loaded it.
    ///
    /// - Parameter found: Is told what has changed, before anything is made of it.
    /// - Returns: What was replaced, host by host.
    func update(
        _ remote: Remote, _ module: RemoteModule, found: ([ChangedResource]) -> Void
    ) async throws -> [ReplacedModule] {
        let principal = try principal(of: remote)
        let changes = try await changes(of: remote, as: principal)
        guard !changes.isEmpty, moduleCache[remote.name] === module else { return [] }
        found(changes)
        let draft = try draft(of: remote, module, changes)
        let (last, key) = (registry.parts.all(of: remote.name), draft.remoteInfo.entryKey)
        let environment = registry.environments.environment(of: key)
        let shares = ShareScopeCheckpoint(registry)
        // What the new version reaches is what it is made of.
        let kept = remote.isPureEntry ? nil : remote.entry
        registry.parts.replace(last.filter { $0.key == kept }, of: remote.name)
        registry.absentFiles[remote.name] = nil
        // What was fetched ahead for the old version is not the new one's.
        for url in last.keys { principal.files.drop(url) }
        for change in changes where change.url != draft.manifest?.url {
            if let response = change.response {
                principal.files.put(change.url, FetchedFile(body: response.body, url: response.url))
            }
        }
        // What has changed and is no part of the new version is not kept for anybody.
        defer { for change in changes { principal.files.drop(change.url) } }
        var made: Container?
        do {
            let container = try await loader.makeContainer(draft.remoteInfo, snapshot: draft.snapshot)
            made = container
            let replaced = try await initialized(container, draft, like: module)
            let withdrawn = try await check(replaced, draft, of: remote)
            guard moduleCache[remote.name] === module else { throw CancellationError() }
            put(container, draft, of: remote, inPlaceOf: module)
            for module in replaced where module.old.isCurrent {
                module.old.context.moduleCache[remote.name] = module.new
            }
            for module in replaced { retire(module, of: remote) }
            if !withdrawn.isEmpty {
                let names = withdrawn.map { "`\($0)`" }.joined(separator: ", ")
                log.warning(
                    "remote `\(remote.name)` no longer exposes \(names); modules that are already loaded keep working")
            }
            return replaced
        } catch {
            made?.lifetime?.close()
            shares.undo(of: remote.name)
            if index.remote(exactly: remote.name, in: options.remotes) == nil {
                registry.parts.remove(remote.name)
                registry.environments.remove(key)
            } else {
                registry.parts.replace(last, of: remote.name)
                // The new version is tried again when what it lacked is there.
                for url in registry.absentFiles[remote.name] ?? [] { resources.note(part: url, .gone, of: remote) }
                registry.environments.restore(environment, of: key)
            }
            throw error
        }
    }

    /// Ends what the old version has begun, once the loads of it and the remote's `grace` have passed: what somebody waits
    /// for is finished first. What is left of it then ends with the new version.
    private func retire(_ replaced: ReplacedModule, of remote: Remote) {
        guard let last = replaced.old.container?.lifetime else { return }
        let next = replaced.new.container?.lifetime
        let token = next?.own { last.close() }
        let end: @Sendable () -> Void = {
            replaced.old.afterLoads {
                last.retire()
                if !last.hasTasks, let token { next?.release(token) }
            }
        }
        guard let grace = remote.grace.flatMap(Duration.init(text:)) else { return end() }
        let timer = loop.schedule(after: grace, end)
        last.own { [loop] in loop.cancel(timer) }
    }

    /// Asks for all that the remote is made of. Where the manifest is another, the new version may be made of other
    /// things, and those of the old one may be gone: they are not asked for.
    private func changes(of remote: Remote, as principal: FetchPrincipal) async throws -> [ChangedResource] {
        let urls = registry.parts.urls(of: remote.name)
        if let manifest = remote.entry, !remote.isPureEntry, urls.contains(manifest),
            let changed = try await resources.fetchIfChanged(manifest, of: remote, as: principal)
        {
            return [changed]
        }
        let tasks = urls.filter { $0 != remote.entry || remote.isPureEntry }.sorted().map { url in
            loop.start { [resources] in try await resources.fetchIfChanged(url, of: remote, as: principal) }
        }
        return try await withTaskCancellationHandler {
            var changes: [ChangedResource] = []
            for task in tasks { if let change = try await task.value { changes.append(change) } }
            return changes
        } onCancel: {
            for task in tasks { task.cancel() }
        }
    }

    private func draft(of remote: Remote, _ module: RemoteModule, _ changes: [ChangedResource]) throws -> RemoteDraft {
        var draft = RemoteDraft(
            changes: changes, remoteInfo: module.remoteInfo, snapshot: registry.snapshot(readBy: module.remoteInfo))
        guard let url = remote.entry, !remote.isPureEntry, let change = changes.first(where: { $0.url == url }) else {
            return draft
        }
        guard let response = change.response else { throw MFError.manifestGone(url, remote: remote, host: name) }
        let manifest = try Manifest(try JSON.decode(response.body).detached())
        let snapshot = Snapshot(from: manifest, url: url, answered: response.url)
        draft.manifest = (url, FetchedManifest(content: manifest, url: response.url))
        draft.snapshot = snapshot
        draft.remoteInfo = remote.resolved()
        try draft.remoteInfo.take(snapshot, manifest: url)
        return draft
    }

    /// The new container's module in each host that has loaded the old one.
    private func initialized(
        _ container: Container, _ draft: RemoteDraft, like old: RemoteModule
    ) async throws -> [ReplacedModule] {
        var replaced: [ReplacedModule] = []
        for host in registry.hosts {
            guard let known = host.moduleCache[draft.remoteInfo.name], known.isInitialized,
                known.remoteInfo.entryKey == old.remoteInfo.entryKey
            else { continue }
            let module = RemoteModule(host, remoteInfo: draft.remoteInfo)
            module.container = container
            module.generation = known.generation + 1
            _ = try await RemoteLoader(host).initialize(module, snapshot: draft.snapshot)
            replaced.append(ReplacedModule(old: known, new: module))
        }
        return replaced
    }

    /// Makes what the hosts have loaded of the old version of the new one, too: a version one of whose modules does not
    /// load is not put in place. An expose that it does not offer any more is its own business.
    ///
    /// - Returns: The exposes that it does not offer any more.
    private func check(
        _ replaced: [ReplacedModule], _ draft: RemoteDraft, of remote: Remote
    ) async throws -> [String] {
        let listed = remote.isPureEntry ? nil : draft.snapshot?.moduleNames
        var withdrawn: [String] = []
        var checked: Set<String> = []
        for module in replaced {
            for target in module.new.context.idToRemoteMap.values
            where target.name == draft.remoteInfo.name && checked.insert(target.expose).inserted {
                let name = target.expose.removing(prefix: "./") ?? target.expose
                let isMade = try await RemoteLoader(module.new.context).makes(
                    module.new, expose: target.expose, isListed: listed?.contains(name), snapshot: draft.snapshot)
                if !isMade { withdrawn.append(target.expose) }
            }
        }
        return withdrawn
    }

    /// Puts a new version in place in the runtime. Nothing here can fail or wait.
    private func put(_ container: Container, _ draft: RemoteDraft, of remote: Remote, inPlaceOf module: RemoteModule) {
        for change in draft.changes { registry.parts.refresh(change.url, change.resource) }
        if let manifest = draft.manifest, let snapshot = draft.snapshot {
            let key = loader.snapshots.manifestKey(manifest.url, of: remote)
            registry.manifests[key] = manifest.fetched
            registry.manifestLoads[key] = SingleFlight(on: loop, snapshot)
            registry.snapshots[SnapshotKeys.find(remote.snapshotKey, in: registry.snapshots)] = snapshot
        }
        let (old, new) = (module.remoteInfo, draft.remoteInfo)
        registry.entryLoads[old.entryKey] = nil
        registry.containers[old.containerKey] = nil
        if old.entryKey != new.entryKey { registry.environments.remove(old.entryKey) }
        registry.entryLoads[new.entryKey] = SingleFlight(on: loop, container)
        if new.tenant == nil { registry.containers[new.containerKey] = container }
    }
}

extension MFError {
    /// The manifest of a remote that is loaded cannot be found any more.
    static func manifestGone(_ url: String, remote: Remote, host: String) -> MFError {
        MFError(
            .manifestFailed, "the manifest of remote `\(remote.name)` is gone",
            context: [("host", host), ("remote", remote.name), ("manifest", URLParts.redacted(url))],
            hint: "the previous version stays in use; `removeRemotes` removes it")
    }
}
