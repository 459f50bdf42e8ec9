import Diagnostics
import LuaBridge

extension Preloader {
    /// The plan of a preload: the built-in one, or the last one that a listener of generatePreloadAssets returned.
    func plan(
        _ preloadOptions: PreloadOptions, remoteInfo: ResolvedRemote, snapshot: Snapshot?, global: LiveMap<Snapshot>?
    ) async throws -> PreloadPlan? {
        let builtIn = try builtInPlan(preloadOptions, remoteInfo: remoteInfo, snapshot: snapshot, global: global)
        let (result, giver) = try await hooks.emit(
            lifecycle.generatePreloadAssets,
            GeneratePreloadAssets(
                preloadOptions: preloadOptions, remote: preloadOptions.remote, remoteInfo: remoteInfo,
                remoteSnapshot: snapshot, globalSnapshot: global, context: context)
        ).given
        if case .boolean(false) = result { return nil }
        guard !result.isNil else { return builtIn }
        var plan = try PreloadPlan.fromLua(result, givenBy: giver)
        plan.unknownDependencies = builtIn.unknownDependencies
        return plan
    }

    /// The plan that follows from the snapshots.
    func builtInPlan(
        _ preloadOptions: PreloadOptions, remoteInfo: ResolvedRemote, snapshot: Snapshot?, global: LiveMap<Snapshot>?
    ) throws -> PreloadPlan {
        let remote = preloadOptions.remote
        guard !remote.isPureEntry, let snapshot else {
            let url = remote.entry ?? ""
            return PreloadPlan(entryAssets: [.init(name: remote.name, url: url, remoteInfo: remoteInfo)])
        }
        try remoteInfo.take(snapshot, manifest: remote.entry)
        var builder = PreloadPlanBuilder(context, root: preloadOptions.config, global: global ?? registry.snapshots)
        try builder.visit(remoteInfo, snapshot: snapshot, isRoot: true)
        try builder.noteUnknownDependencies()
        try builder.leaveOutLoadedShares(of: snapshot)
        return builder.plan
    }
}

/// Goes through a remote's snapshot, and through those of its own remotes where they are asked for.
private struct PreloadPlanBuilder: HostService {
    let context: HostContext
    let root: PreloadRequest
    let global: LiveMap<Snapshot>
    var plan = PreloadPlan()
    private var visited: Set<String> = []
    /// The remotes of the remote, and theirs.
    private var dependencies: Set<String> = []

    init(_ context: HostContext, root: PreloadRequest, global: LiveMap<Snapshot>) {
        (self.context, self.root, self.global) = (context, root, global)
    }

    mutating func visit(_ remote: ResolvedRemote, snapshot given: Snapshot?, isRoot: Bool) throws {
        guard let snapshot = given ?? global[SnapshotKeys.find(remote.snapshotKey, in: global)],
            !snapshot.isManifestProvider
        else { return }
        if let config = try isRoot ? root : dependency(remote) {
            try add(snapshot, of: remote, config: config)
        }
        for (key, info) in snapshot.remotesInfo?.pairs ?? [] where visited.insert(key).inserted {
            let parts = key.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            let dependency = Remote(name: parts.count > 2 ? parts[1] : parts[0], version: info.matchedVersion)
            dependencies.insert(dependency.name)
            // What a tenant's remote brings along runs where the remote itself does, and is none of somebody else's.
            let registered = index.remote(exactly: dependency.name, in: options.remotes)
            if let tenant = remote.tenant, let registered, registered.tenant != tenant { continue }
            let owner = registered ?? remote
            (dependency.tenant, dependency.declaredEntry) = (owner.tenant, owner.declaredEntry)
            dependency.timeout = owner.timeout
            try visit(dependency, snapshot: nil, isRoot: false)
        }
    }

    /// How a remote of the remote is preloaded, if it is.
    private func dependency(_ remote: Remote) throws -> PreloadRequest? {
        switch root.depsRemote {
        case .boolean(true): return root
        default:
            return try requestsForDependencies().first {
                $0.nameOrAlias == remote.name || $0.nameOrAlias == remote.alias
            }?.completed()
        }
    }

    /// The list that `depsRemote` is, if it is one.
    private func requestsForDependencies() throws -> [PreloadRequest] {
        if root.depsRemote.isNil || root.depsRemote.boolValue != nil { return [] }
        return try root.depsRemote.entries(expecting: "`depsRemote`").map { try PreloadRequest.fromLua($0.1) }
    }

    /// Notes what `depsRemote` names in vain, once all remotes of the remote were visited.
    mutating func noteUnknownDependencies() throws {
        for name in try requestsForDependencies().compactMap(\.nameOrAlias) where !dependencies.contains(name) {
            let meant = name.closestMatch(in: dependencies.sorted()).map { " (did you mean `\($0)`?)" } ?? ""
            plan.unknownDependencies.append("`\(name)`\(meant)")
        }
    }

    private mutating func add(_ snapshot: Snapshot, of remote: ResolvedRemote, config: PreloadRequest) throws {
        if let entry = snapshot.remoteEntry, !entry.isEmpty {
            let info = Remote(
                name: remote.name, entry: try snapshot.checked(snapshot.resourceURL(entry)), version: snapshot.version,
                tenant: remote.tenant)
            (info.declaredEntry, info.timeout) = (remote.declaredEntry, remote.timeout)
            info.type = snapshot.remoteEntryType ?? Remote.standardType
            info.entryGlobalName = snapshot.globalName ?? remote.name
            info.shareScope = .one("")
            (info.tenant, info.givenBy) = (remote.tenant, remote.givenBy)
            plan.entryAssets.append(.init(name: remote.name, url: info.entry ?? "", remoteInfo: info))
        }
        let wanted = config.exposeNames
        for module in snapshot.modules?.elements ?? [] where wanted.isEmpty || wanted.contains(module.moduleName) {
            let path = RemoteRequest.id(remote: remote.name, expose: module.moduleName)
            try hooks.emit(
                lifecycle.handlePreloadModule,
                HandlePreloadModule(
                    id: path, name: remote.name, remote: remote,
                    remoteSnapshot: snapshot, preloadConfig: config, context: context))
            guard registry.plannedExposes[remote.name, default: []].insert(module.moduleName).inserted else {
                continue
            }
            let assets = module.assets
            if config.resourceCategory == "all" {
                plan.cssAssets += try urls(assets.css.async, snapshot, config) + urls(assets.css.sync, snapshot, config)
                plan.jsAssetsWithoutEntry +=
                    try urls(assets.js.async, snapshot, config) + urls(assets.js.sync, snapshot, config)
            } else if config.resourceCategory == "sync" {
                plan.cssAssets += try urls(assets.css.sync, snapshot, config)
                plan.jsAssetsWithoutEntry += try urls(assets.js.sync, snapshot, config)
            }
        }
    }

    private func urls(_ assets: [String], _ snapshot: Snapshot, _ config: PreloadRequest) throws -> [String] {
        let urls = try assets.map { try snapshot.checked(snapshot.resourceURL($0)) }
        guard config.filter.isCallable else { return urls }
        return try urls.filter { try state.invokeNow(config.filter, [.string($0)]).isTruthy }
    }

    /// Assets of shared modules that are loaded already are not fetched.
    mutating func leaveOutLoadedShares(of snapshot: Snapshot) throws {
        for shared in snapshot.shared?.elements ?? [] {
            let own = options.shared[shared.sharedName]?.elements ?? []
            for entry in own where (shared.version ?? "").isEmpty || entry.version == shared.version {
                let resolver = ShareResolver(context: context, package: shared.sharedName, shareInfo: entry)
                guard try resolver.resolve()?.lib.isCallable == true else { continue }
                let js = Set(shared.assets.js.sync.map { snapshot.resourceURL($0) })
                let css = Set(shared.assets.css.sync.map { snapshot.resourceURL($0) })
                plan.jsAssetsWithoutEntry.removeAll(where: js.contains)
                plan.cssAssets.removeAll(where: css.contains)
            }
        }
    }
}
