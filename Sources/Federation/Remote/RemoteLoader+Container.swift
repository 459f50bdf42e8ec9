import Diagnostics
import EventLoops
import Logging
import LuaBridge
import OrderedCollections

/// A module's container: loaded at its first use, and initialised once.
extension RemoteLoader {
    /// The container of a module.
    func container(of module: RemoteModule, expose: String? = nil) async throws -> Container {
        if let container = module.container { return container }
        let remoteInfo = module.remoteInfo
        let loaded = try await loadContainer(
            remoteInfo,
            reason: ResourceContext(
                initiator: "loadRemote", id: RemoteRequest.id(remote: remoteInfo.name, expose: expose),
                resourceType: "remoteEntry", url: remoteInfo.entry ?? ""))
        module.container = loaded
        // Removed while it was loaded: the requests in progress end on it, and nobody else finds it.
        if !module.isCurrent { forgetUnregistered(module.remoteInfo) }
        return loaded
    }

    /// Initialises the container once; later calls only say so to `afterInitRemote`.
    func initialize(
        _ module: RemoteModule, id: String? = nil, snapshot: Snapshot? = nil, initScope: LiveList<LuaValue>? = nil,
        expose: String? = nil
    ) async throws -> Container {
        let container = try await container(of: module, expose: expose)
        if module.isInitialized {
            try await afterInit(module, id, snapshot, container, cached: true)
            return container
        }
        let isFirst = module.initialization == nil
        let running: SingleFlight<Void>
        if let initialization = module.initialization {
            running = initialization
        } else {
            module.isInitializing = true
            let name = module.remoteInfo.name
            running = SingleFlight(on: loop, Activity("init of `\(name)`", .part(of: name))) { [self] in
                try await runInit(module, container, id: id, snapshot: snapshot, initScope: initScope)
            }
            module.initialization = running
        }
        defer {
            if isFirst {
                module.isInitializing = false
                module.initialization = nil
            }
        }
        do {
            try await running.value
        } catch {
            try await afterInit(module, id, snapshot, container, error: error, cached: !isFirst)
            throw error
        }
        try await afterInit(module, id, snapshot, container, cached: !isFirst)
        return container
    }

    private func afterInit(
        _ module: RemoteModule, _ id: String?, _ snapshot: Snapshot?, _ container: Container,
        error: (any Error)? = nil, cached: Bool
    ) async throws {
        try await hooks.emit(
            lifecycle.afterInitRemote,
            AfterInitRemote(
                id: id, remoteInfo: module.remoteInfo, remoteSnapshot: snapshot, remoteEntryExports: container.value,
                error: error, cached: cached, context: context))
    }

    private func runInit(
        _ module: RemoteModule, _ container: Container, id: String?, snapshot: Snapshot?,
        initScope: LiveList<LuaValue>?
    ) async throws {
        let remoteInfo = module.remoteInfo
        try await hooks.emit(
            lifecycle.beforeInitRemote,
            BeforeInitRemote(id: id, remoteInfo: remoteInfo, remoteSnapshot: snapshot, context: context))
        let scopes = module.remoteInfo.scopeNames
        for scope in scopes where shareScopeMap[scope] == nil { shareScopeMap[scope] = ShareScope() }
        let options = RemoteEntryInitOptions(
            version: module.remoteInfo.version ?? "",
            shareScopeKeys: module.remoteInfo.shareScope ?? .one(ShareScopeName.standard), shareScopeMap: shareScopeMap)
        let arguments = try await hooks.emit(
            lifecycle.beforeInitContainer,
            BeforeInitContainer(
                shareScope: .optional(shareScopeMap[scopes[0]]), initScope: .object(initScope ?? LiveList([])),
                remoteEntryInitOptions: .object(options), remoteInfo: module.remoteInfo, context: context))
        guard container.hasInit else { throw MFError.containerWithoutInit(module.remoteInfo, host: name) }
        do {
            try await container.initialize(
                [arguments.shareScope, arguments.initScope, arguments.remoteEntryInitOptions], in: state)
        } catch let error where !(error is CancellationError) {
            throw MFError.initFailed(module.remoteInfo, host: name, cause: error)
        }
        for scope in scopes { markShares(in: scope, by: module.remoteInfo) }
        _ = try await hooks.emit(
            lifecycle.initContainer,
            InitContainer(
                shareScope: arguments.shareScope, initScope: arguments.initScope,
                remoteEntryInitOptions: arguments.remoteEntryInitOptions, remoteInfo: module.remoteInfo,
                remoteEntryExports: container.value, remoteSnapshot: snapshot, id: id, context: context))
        module.isInitialized = true
    }

    /// Names the remote as provider of what its container has shared without saying from whom: it goes with the remote.
    private func markShares(in scope: String, by remoteInfo: ResolvedRemote) {
        for versions in shareScopeMap[scope]?.values ?? [] {
            for shared in versions.values where shared.from == nil { shared.from = remoteInfo.name }
        }
    }

    /// Waits until a load of the container that is under way has ended, one way or the other.
    ///
    /// - Throws: ``MFError`` with `LOAD-001` when the load waits for the caller.
    func settle(_ module: RemoteModule) async throws {
        if module.container == nil, let load = registry.entryLoads[module.remoteInfo.entryKey] {
            try await load.ending()
        }
        if !module.isInitialized, let initialization = module.initialization { try await initialization.ending() }
    }

    /// Forgets what the load of a remote has left that no host has any more.
    private func forgetUnregistered(_ remoteInfo: ResolvedRemote) {
        guard !registry.isRegistered(remoteInfo.name) else { return }
        registry.entryLoads[remoteInfo.entryKey] = nil
        registry.containers[remoteInfo.containerKey] = nil
        let files = (try? principal(of: remoteInfo))?.files
        for url in registry.parts.remove(remoteInfo.name) { files?.drop(url) }
        registry.environments.remove(remoteInfo.entryKey)
    }
}
