import Diagnostics
import EventLoops
import Fetch
import Logging
import LuaBridge
import OrderedCollections
import Posix

/// Puts new versions of remotes in the place of those that are loaded.
struct RemoteUpdater: HostService {
    let context: HostContext

    init(_ context: HostContext) { self.context = context }

    var loader: RemoteLoader { RemoteLoader(context) }
}

extension RemoteUpdater {
    /// Asks for new versions of the remotes that are loaded, and puts those that there are in place.
    ///
    /// A new version is fetched, run and initialised beside the old one, then takes its place in one step. Requests under
    /// way end on the old one; modules that were handed out go on working. When a step fails, the old version serves on,
    /// and `errorLoadRemote` is told with lifecycle `revalidate`.
    ///
    /// - Parameter names: Which remotes; all where nothing is named.
    /// - Returns: The names of the remotes that were updated.
    func revalidate(_ names: [String]? = nil) async throws -> [String] {
        try await bounded { try await updateAll(names) }
    }

    /// Asks for new versions of the remotes that somebody names, by name or alias.
    ///
    /// - Throws: ``MFError`` with `RUNTIME-004` for a name that no remote of the host has; nothing is asked for then.
    func revalidate(named names: [String]?) async throws -> [String] {
        try await revalidate(
            try names?.map { name in
                let known = options.remotes.elements.first { $0.name == name || $0.alias == name }
                guard let known else { throw MFError.remoteNotFound(name, host: options) }
                return known.name
            })
    }

    private func updateAll(_ names: [String]?) async throws -> [String] {
        var updated: [String] = []
        for remote in options.remotes.elements where names?.contains(remote.name) ?? true {
            guard let module = moduleCache[remote.name] else { continue }
            try await loader.settle(module)
            let attempt = UpdateAttempt(start: loop.now)
            do {
                let replaced = try await registry.updates.inTurn(remote.name, Activity("update of `\(remote.name)`")) {
                    attempt.hasBegun = true
                    guard let module = moduleCache[remote.name], module.isInitialized else { return [ReplacedModule]() }
                    return try await update(remote, module) { attempt.changed = $0.map { URLParts.redacted($0.url) } }
                }
                guard let own = replaced.first(where: { $0.new.context === context }) else { continue }
                updated.append(remote.name)
                tell(of: remote, attempt, generation: own.new.generation)
                for module in replaced { await RemoteUpdater(module.new.context).tellOfUpdate(of: remote.name, module) }
            } catch let error as MFError where error.code == .waitCircle && !attempt.hasBegun {
                // Of the caller's, and none of the remote's.
                throw error
            } catch let error where !(error is CancellationError) {
                tell(of: remote, attempt, generation: moduleCache[remote.name]?.generation ?? 1, error: error)
                try await hooks.emit(
                    lifecycle.errorLoadRemote,
                    ErrorLoadRemote(
                        id: remote.name, error: error, from: "runtime", lifecycle: "revalidate",
                        remote: module.remoteInfo, expose: nil, showsOptions: false, context: context))
            }
        }
        return updated
    }

    /// What is known of an update that may fail.
    private final class UpdateAttempt {
        let start: ContinuousClock.Instant
        var changed: [String] = []
        var hasBegun = false
        init(start: ContinuousClock.Instant) { self.start = start }
    }

    /// Tells whoever looks after reloads, or the log where nobody does and something failed.
    private func tell(of remote: Remote, _ attempt: UpdateAttempt, generation: Int, error: (any Error)? = nil) {
        let failure = error.map { $0 as? MFError ?? MFError(.reloadFailed, "\($0)") }
        let update = ReloadReport(
            kind: .remote, name: remote.name, host: name, changed: attempt.changed, generation: generation,
            duration: attempt.start.duration(to: loop.now), error: failure)
        if let onReload = registry.reloads.onReload { return onReload(update) }
        if failure != nil { log.warning("\(update.line)") }
    }

    /// Brings live modules up to date and tells afterUpdateRemote.
    private func tellOfUpdate(of name: String, _ replaced: ReplacedModule) async {
        for live in context.lives.held where live.remote == name {
            do {
                live.value = try await loader.load(live.id)
            } catch {
                log.warning("mf.live(\"\(live.id)\") keeps the module it has: \(MFError.text(of: error))")
            }
        }
        guard let remote = index.remote(exactly: name, in: options.remotes) else { return }
        do {
            try await hooks.emit(
                lifecycle.afterUpdateRemote,
                AfterUpdateRemote(
                    remote: remote, previous: replaced.old.versionRecord, current: replaced.new.versionRecord,
                    context: context))
        } catch {
            log.warning("afterUpdateRemote of remote \(name): \(MFError.text(of: error))")
        }
    }

    /// Revalidates a remote again and again, as its `revalidate` says, until it is removed.
    func scheduleRevalidation(of remote: Remote) {
        endRevalidation(of: remote)
        guard let interval = remote.revalidate.flatMap(Duration.init(text:)) else { return }
        let key = ObjectIdentifier(remote)
        context.revalidations[key] = loop.schedule(after: interval) { [weak context, weak remote] in
            guard let context, let remote else { return }
            context.revalidations[key] = nil
            let updater = RemoteUpdater(context)
            updater.loop.start {
                _ = try? await updater.revalidate([remote.name])
                if !remote.isWithdrawn, !updater.state.isClosed { updater.scheduleRevalidation(of: remote) }
            }
        }
    }

    /// Undoes ``scheduleRevalidation(of:)``.
    func endRevalidation(of remote: Remote) {
        if let timer = context.revalidations.removeValue(forKey: ObjectIdentifier(remote)) { loop.cancel(timer) }
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
