import Diagnostics
import EventLoops
import LuaBridge
import OrderedCollections

/// How a remote module is asked for.
struct LoadRemoteOptions: Sendable {
    /// Whether to call the factory; if false, the factory is the result.
    var loadFactory = true
    /// `runtime`, or `build` when generated code asks.
    var from = "runtime"
    /// What the caller gave, for `afterLoadRemote`.
    var given: LuaValue = .nil
    /// The tenant that asks: it gets its own remotes only.
    var tenant: String?
}

/// A request whose remote and expose are known.
struct ResolvedRequest: Sendable {
    let module: RemoteModule
    let moduleOptions: ModuleOptions
    let match: AfterResolve
    let remote: Remote
    let expose: String
}

/// Loads the modules that remotes expose.
///
/// A load reads in this order:
/// 1. ``load(_:_:)`` in this file: the request from its first hook to its last;
/// 2. `RemoteLoader+Resolve`: which remote and which expose it names;
/// 3. ``SnapshotStore``: what the remote's manifest says;
/// 4. `Preloader+Load`: the expose's files, fetched in the background;
/// 5. `RemoteLoader+Container`: the remote's container, initialised once;
/// 6. `RemoteLoader+Entry`: the entry that gives the container, fetched and run;
/// 7. ``ResourceFetcher``: how any of these files is fetched;
/// 8. `RemoteLoader+Expose`: the factory and the module.
///
/// A load of what is loaded passes 1, 2, 5 and 8.
struct RemoteLoader: HostService {
    let context: HostContext

    init(_ context: HostContext) { self.context = context }

    var snapshots: SnapshotStore { SnapshotStore(context) }
    var preloads: Preloader { Preloader(context, loadContainer: RemoteLoader.loadContainer) }
    var hooked: ResourceHooks { ResourceHooks(context) }

    /// Loads an expose: beforeRequest … onLoad, errorLoadRemote where a step fails, afterLoadRemote at the end.
    func load(_ id: String, _ loadOptions: LoadRemoteOptions = LoadRemoteOptions()) async throws -> LuaValue {
        guard hooks.mayReload else { return try await loadPinned(id, loadOptions) }
        return try await hooks.pinned { try await bounded { try await loadPinned(id, loadOptions) } }
    }

    /// The load itself: from its first hook to its last it sees the same listeners.
    private func loadPinned(_ id: String, _ loadOptions: LoadRemoteOptions) async throws -> LuaValue {
        var progress = LoadProgress(id: id)
        let result: LuaValue
        do {
            result = try await loadModule(id, loadOptions, &progress)
        } catch let error where !(error is CancellationError) {
            return try await recover(id, loadOptions, progress, from: error)
        }
        try await afterLoad(progress, loadOptions)
        return result
    }

    /// What is known of a request while it is loaded, for the hooks that tell of its end.
    private struct LoadProgress {
        var id: String
        var expose: String?
        var remote: Remote?

        /// What the request names by itself, where it could not be resolved.
        mutating func match(in host: HostContext) {
            guard remote == nil, let found = host.index.match(id, in: host.options.remotes) else { return }
            (expose, remote) = (found.request.expose, found.remote)
        }
    }

    private func loadModule(
        _ id: String, _ loadOptions: LoadRemoteOptions, _ progress: inout LoadProgress
    ) async throws -> LuaValue {
        let request = try await resolve(id)
        // Hooks may have led the request elsewhere.
        if let tenant = loadOptions.tenant, request.module.remoteInfo.tenant != tenant {
            throw MFError.foreignRemote(id, tenant: tenant)
        }
        progress = LoadProgress(id: request.match.id, expose: request.expose, remote: request.remote)
        let module = try await get(
            of: request.module, id: request.match.id, expose: request.expose, loadFactory: loadOptions.loadFactory,
            snapshot: request.match.remoteSnapshot)
        let wrapper = try await hooks.emit(
            lifecycle.onLoad,
            OnLoad(
                id: request.match.id, pkgNameOrAlias: request.match.pkgNameOrAlias, expose: request.expose,
                remote: request.remote, moduleOptions: request.moduleOptions,
                exposeModule: loadOptions.loadFactory ? module : .nil,
                exposeModuleFactory: loadOptions.loadFactory ? .nil : module, moduleInstance: request.module,
                context: context))
        remember(id, request)
        return wrapper.isCallable ? wrapper : module
    }

    private func recover(
        _ id: String, _ loadOptions: LoadRemoteOptions, _ reached: LoadProgress, from error: any Error
    ) async throws -> LuaValue {
        var progress = reached
        progress.match(in: context)
        let replacement: LuaValue
        do {
            replacement = try await hooks.emit(
                lifecycle.errorLoadRemote,
                ErrorLoadRemote(
                    id: id, error: error, from: loadOptions.from, lifecycle: "onLoad",
                    remote: progress.remote?.resolved(), expose: progress.expose, showsOptions: false, context: context)
            )
        } catch let hookError {
            try await afterLoad(progress, loadOptions, error: hookError)
            throw hookError
        }
        guard replacement.isTruthy else {
            try await afterLoad(progress, loadOptions, error: error)
            throw error
        }
        try await afterLoad(progress, loadOptions, error: error, recovered: true)
        return replacement
    }

    private func afterLoad(
        _ progress: LoadProgress, _ loadOptions: LoadRemoteOptions, error: (any Error)? = nil, recovered: Bool = false
    ) async throws {
        try await hooks.emit(
            lifecycle.afterLoadRemote,
            AfterLoadRemote(
                id: progress.id, expose: progress.expose, remote: progress.remote?.resolved(),
                loadOptions: loadOptions.given, error: error, recovered: recovered, context: context))
    }

    /// Notes what was loaded under a request, under its alias or its name as well.
    private func remember(_ id: String, _ request: ResolvedRequest) {
        let target = (name: request.remote.name, expose: request.expose)
        if let known = context.idToRemoteMap[id], known == target { return }
        context.idToRemoteMap[id] = target
        guard let alias = request.remote.alias else { return }
        if let rest = id.removing(prefix: request.remote.name) {
            context.idToRemoteMap[alias + rest] = target
        } else if let rest = id.removing(prefix: alias) {
            context.idToRemoteMap[request.remote.name + rest] = target
        }
    }
}
