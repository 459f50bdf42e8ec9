import Diagnostics
import EventLoops
import Fetch
import Logging
import LuaBridge

/// What became of one resource of a preload.
struct PreloadResult: Sendable {
    var reason: ResourceContext
    /// `success`, `cached`, `error` or `timeout`.
    var status: String
    var error: (any Error)?

    var isFailure: Bool { status == "error" || status == "timeout" }

    func luaValue(in state: LuaState) -> LuaValue {
        [
            "url": .string(reason.url), "status": .string(status), "resourceType": .string(reason.resourceType),
            "initiator": .string(reason.initiator), "id": .string(reason.id),
            "error": error.map { LuaValue.error($0, in: state) } ?? .nil,
        ]
    }
}

/// Fetches what later loads will need.
struct Preloader: HostService {
    /// Loads the container of a remote.
    typealias LoadContainer =
        @Sendable (_ context: HostContext, _ remoteInfo: ResolvedRemote, _ reason: ResourceContext) async throws ->
        Container

    let context: HostContext
    let loadContainer: LoadContainer

    init(_ context: HostContext, loadContainer: @escaping LoadContainer) {
        (self.context, self.loadContainer) = (context, loadContainer)
    }

    private var snapshots: SnapshotStore { SnapshotStore(context) }
    var hooked: ResourceHooks { ResourceHooks(context) }
}

extension Preloader {
    /// Fetches what requests will need before they are made.
    func preload(_ requests: LiveList<PreloadRequest>) async throws {
        try await bounded { try await preloadAll(requests) }
    }

    private func preloadAll(_ requests: LiveList<PreloadRequest>) async throws {
        try await hooks.emit(lifecycle.beforePreloadRemote, BeforePreloadRemote(preloadOps: requests, context: context))
        let operations = try requests.elements.map { request in
            guard let remote = index.remote(named: request.nameOrAlias ?? "", in: options.remotes) else {
                throw MFError.cannotPreload(request.nameOrAlias ?? "", host: options)
            }
            return PreloadOptions(remote: remote, config: request.completed())
        }.flatMap(eachExpose)
        let tasks = operations.map { operation in
            loop.start { [self] in await preload(operation.options, id: operation.id) }
        }
        var results: [Outcome] = []
        for task in tasks { if let result = try await task.value { results.append(result) } }
        var told: Set<String> = []
        for line in results.flatMap(\.warnings) where told.insert(line).inserted { log.warning("\(line)") }
        let error = MFError.preloadFailed(results.flatMap(\.errors))
        let values = LuaValue.array(results.map(\.value))
        try await hooks.emit(
            lifecycle.afterPreloadRemote,
            AfterPreloadRemote(preloadOps: requests, results: values, error: error, context: context))
        if let error { throw error }
    }

    /// One operation for each expose, or one for the whole remote.
    private func eachExpose(_ options: PreloadOptions) -> [(options: PreloadOptions, id: String)] {
        let exposes = options.config.exposes?.elements ?? []
        guard !exposes.isEmpty else { return [(options, "\(options.remote.name)/*")] }
        return exposes.map { expose in
            let config = options.config.copied()
            config.exposes = LiveList([expose])
            return (
                PreloadOptions(remote: options.remote, config: config),
                RemoteRequest.id(remote: options.remote.name, expose: expose)
            )
        }
    }

    /// What became of one operation.
    private struct Outcome {
        let value: LuaValue
        let errors: [any Error]
        /// What its `depsRemote` names in vain.
        let warnings: [String]
    }

    private func preload(_ preloadOptions: PreloadOptions, id: String) async -> Outcome? {
        let remote = preloadOptions.remote
        let remoteInfo = remote.resolved()
        let results: [PreloadResult]
        var warnings: [String] = []
        do {
            var snapshot: Snapshot?
            var global: LiveMap<Snapshot>?
            if !remote.isPureEntry {
                (snapshot, global) = try await snapshots.loadSnapshot(of: remote, id: id, initiator: "preloadRemote")
                try expectExposes(of: preloadOptions.config, in: snapshot, of: remoteInfo, id: id)
            }
            guard let plan = try await plan(preloadOptions, remoteInfo: remoteInfo, snapshot: snapshot, global: global)
            else { return nil }
            warnings = plan.unknownDependencies.map {
                "`depsRemote` of the preload of `\(remote.name)` names \($0), which is none of its remotes"
            }
            let reason = ResourceContext(initiator: "preloadRemote", id: id, resourceType: "", url: "")
            results = await fetch(
                plan, remoteInfo: remoteInfo, reason: reason, asLinks: true,
                records: preloadOptions.config.recordPreloadedAssets ?? true)
        } catch {
            let entry = remoteInfo.entry ?? ""
            let type = Remote.isManifest(entry: entry) ? "manifest" : "remoteEntry"
            results = [
                PreloadResult(
                    reason: ResourceContext(initiator: "preloadRemote", id: id, resourceType: type, url: entry),
                    status: "error", error: error)
            ]
        }
        let value: LuaValue = [
            "remote": .object(remote), "remoteInfo": .object(remoteInfo),
            "preloadConfig": .object(preloadOptions.config),
            "id": .string(id), "results": .array(results.map { $0.luaValue(in: state) }),
        ]
        return Outcome(
            value: value,
            errors: results.filter(\.isFailure).map {
                $0.error ?? MFError.resourceNotLoaded($0.reason.url, status: $0.status)
            }, warnings: warnings)
    }

    /// Refuses to preload what a manifest does not list; other snapshots may know of none.
    private func expectExposes(
        of config: PreloadRequest, in snapshot: Snapshot?, of remote: ResolvedRemote, id: String
    ) throws {
        guard let known = snapshot?.moduleNames, !known.isEmpty else { return }
        for expose in config.exposes?.elements ?? [] where !known.contains(PreloadRequest.moduleName(of: expose)) {
            throw MFError.exposeNotFound(
                "./" + PreloadRequest.moduleName(of: expose), remote: remote, request: id, host: name,
                snapshot: snapshot)
        }
    }
}

extension MFError {
    /// A preload of a remote that is not registered.
    static func cannotPreload(_ name: String, host: HostOptions) -> MFError {
        let names = host.remotes.elements.flatMap { [$0.name] + ($0.alias.map { [$0] } ?? []) }
        return MFError(
            .preloadUnknown, "Unable to preload \(name)",
            context: [("host", host.name), ("remote", name)],
            hint: name.closestMatch(in: names).map { "did you mean `\($0)`?" } ?? "register the remote first")
    }

    /// Some resources of a preload could not be had. Exposes that are not there are named: asking again does not help.
    static func preloadFailed(_ errors: [any Error]) -> MFError? {
        if errors.isEmpty { return nil }
        if let endless = errors.lazy.compactMap({ $0 as? MFError }).first(where: \.isOfEndlessLoad) { return endless }
        let unknown = errors.compactMap { $0 as? MFError }.filter { $0.code == .exposeNotFound }
        guard let first = unknown.first, unknown.count == errors.count else {
            let names = unknown.isEmpty ? "" : " " + unknown.map(\.message).joined(separator: "; ")
            return MFError(
                .preloadFailed, "preloadRemote failed to load \(errors.count) resource(s).\(names)",
                context: [("failed", "\(errors.count)")],
                hint: "`results` of `afterPreloadRemote` lists the outcome for each resource", cause: errors.first)
        }
        guard unknown.count > 1 else { return first }
        return MFError(.exposeNotFound, unknown.map(\.message).joined(separator: "; "), hint: first.hint)
    }

    /// A resource of a preload whose transfer tells nothing but its end.
    fileprivate static func resourceNotLoaded(_ url: String, status: String) -> MFError {
        MFError(.preloadFailed, "`\(URLParts.redacted(url))` was not loaded: \(status)")
    }
}
