import Diagnostics
import EventLoop
import Fetch
import Logging
import LuaBridge
import OrderedCollections

extension Host {
    /// Asks for new versions of the remotes that are loaded, and puts those that there are in place.
    ///
    /// A new version is fetched, run and initialised beside the old one, then takes its place in one step. Requests under
    /// way end on the old one; modules that were handed out go on working. When a step fails, the old version serves on,
    /// and `errorLoadRemote` is told with lifecycle `revalidate`.
    ///
    /// - Parameter names: Which remotes; all where nothing is named.
    /// - Returns: The names of the remotes that were updated.
    func revalidate(_ names: [String]? = nil) async throws -> [String] {
        var updated: [String] = []
        for remote in options.remotes.elements where names?.contains(remote.name) ?? true {
            guard let module = moduleCache[remote.name], module.isInitialized else { continue }
            do {
                if try await update(remote, module) { updated.append(remote.name) }
            } catch let error where !(error is CancellationError) {
                runtime.log.warning("remote \(remote.name) was not updated: \(MFError.text(of: error))")
                try await hooks.emit(
                    lifecycle.errorLoadRemote,
                    ErrorLoadRemote(
                        id: remote.name, error: error, from: "runtime", lifecycle: "revalidate",
                        remote: module.remoteInfo, expose: nil, showsOptions: false, origin: self))
            }
        }
        return updated
    }

    /// Fetches what has changed of a remote and, if anything has, replaces it in all hosts that have loaded it.
    private func update(_ remote: Remote, _ module: RemoteModule) async throws -> Bool {
        let parts = registry.parts[remote.name] ?? []
        var changed: [String: FetchResponse] = [:]
        for url in parts.sorted() {
            if let response = try await runtime.fetchIfChanged(url) { changed[url] = response }
        }
        guard !changed.isEmpty, moduleCache[remote.name] === module else { return false }
        var remoteInfo = module.remoteInfo
        var manifest: Manifest?
        var snapshot = registry.snapshot(of: remote)
        if let url = remote.entry, let response = changed[url], !remote.isPureEntry {
            let read = try Manifest(try JSON.decode(response.body).detached())
            manifest = read
            snapshot = makeSnapshot(from: read, url: url)
            remoteInfo = remote.resolved()
            if let snapshot { try remoteInfo.take(snapshot, manifest: url) }
        }
        for (url, response) in changed where url != remote.entry || remote.isPureEntry {
            registry.sources.put(url, response.body)
        }
        let container = try await makeContainer(remoteInfo)
        let modules = try await initialized(container, remoteInfo, snapshot, like: module)
        // From here on nothing can fail, and nothing waits: the new version is there for everybody at once.
        for (url, response) in changed { registry.known[url] = KnownResource(response) }
        if let url = remote.entry, let manifest, let snapshot {
            registry.manifests[url] = manifest
            registry.manifestLoads[url] = Flight(on: runtime.loop) { snapshot }
            registry.snapshots[SnapshotKeys.find(remote.snapshotKey, in: registry.snapshots)] = snapshot
        }
        registry.entryLoads[module.remoteInfo.entryKey] = nil
        registry.entryLoads[remoteInfo.entryKey] = Flight(on: runtime.loop) { container }
        registry.containers[remoteInfo.containerKey] = container
        for new in modules { new.host.moduleCache[remote.name] = new }
        for new in modules { await new.host.tellOfUpdate(of: remote.name, from: module, to: new) }
        return true
    }

    /// The new container's module in each host that has loaded the old one.
    private func initialized(
        _ container: Container, _ remoteInfo: ResolvedRemote, _ snapshot: Snapshot?, like old: RemoteModule
    ) async throws -> [RemoteModule] {
        var modules: [RemoteModule] = []
        for host in registry.hosts {
            guard let known = host.moduleCache[remoteInfo.name], known.isInitialized,
                known.remoteInfo.entryKey == old.remoteInfo.entryKey
            else { continue }
            let module = RemoteModule(host: host, remoteInfo: remoteInfo)
            module.container = container
            module.generation = known.generation + 1
            _ = try await module.initialize(snapshot: snapshot)
            modules.append(module)
        }
        return modules
    }

    /// Brings live modules up to date and tells afterUpdateRemote.
    private func tellOfUpdate(of name: String, from old: RemoteModule, to new: RemoteModule) async {
        for live in lives.compactMap(\.module) where live.remote == name {
            do {
                live.value = try await load(live.id)
            } catch {
                runtime.log.warning("mf.live(\"\(live.id)\") keeps the module it has: \(MFError.text(of: error))")
            }
        }
        lives.removeAll { $0.module == nil }
        guard let remote = index.remote(exactly: name, in: options.remotes) else { return }
        do {
            try await hooks.emit(
                lifecycle.afterUpdateRemote,
                AfterUpdateRemote(
                    remote: remote, previous: old.versionRecord, current: new.versionRecord, origin: self))
        } catch {
            runtime.log.warning("afterUpdateRemote of remote \(name): \(MFError.text(of: error))")
        }
    }

    /// Revalidates a remote again and again, as its `revalidate` says, until it is removed.
    func scheduleRevalidation(of remote: Remote) {
        guard let text = remote.revalidate, let interval = Duration(interval: text) else { return }
        runtime.loop.schedule(after: interval) { [weak self, weak remote] in
            guard let self, let remote, !remote.isWithdrawn else { return }
            runtime.loop.start { [self] in
                _ = try? await revalidate([remote.name])
                scheduleRevalidation(of: remote)
            }
        }
    }
}

extension RemoteModule {
    /// What `afterUpdateRemote` tells of a version.
    var versionRecord: LuaValue {
        .record(
            LuaRecord([
                ("version", .optional(remoteInfo.version)), ("buildVersion", .optional(remoteInfo.buildVersion)),
                ("entry", .optional(remoteInfo.entry)), ("generation", .integer(Int64(generation))),
            ]))
    }
}

extension Duration {
    /// Reads `500ms`, `30s`, `5m`, `1h`; nothing for anything else.
    init?(interval text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number > 0 else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": self = .milliseconds(number)
        case "s", "": self = .seconds(number)
        case "m": self = .seconds(number * 60)
        case "h": self = .seconds(number * 3600)
        default: return nil
        }
    }
}
