import Diagnostics
import EventLoops
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
        try await bounded { try await updateAll(names) }
    }

    private func updateAll(_ names: [String]?) async throws -> [String] {
        var updated: [String] = []
        for remote in options.remotes.elements where names?.contains(remote.name) ?? true {
            guard let module = moduleCache[remote.name] else { continue }
            try await module.settle()
            let attempt = UpdateAttempt(start: runtime.loop.now)
            do {
                let replaced = try await registry.updates.inTurn(remote.name, Activity("update of `\(remote.name)`")) {
                    attempt.hasBegun = true
                    guard let module = moduleCache[remote.name], module.isInitialized else { return [ReplacedModule]() }
                    return try await update(remote, module) { attempt.changed = $0.map { redacted($0.url) } }
                }
                guard let own = replaced.first(where: { $0.new.host === self }) else { continue }
                updated.append(remote.name)
                tell(of: remote, attempt, generation: own.new.generation)
                for module in replaced { await module.new.host.tellOfUpdate(of: remote.name, module) }
            } catch let error as MFError where error.code == .waitCircle && !attempt.hasBegun {
                // Of the caller's, and none of the remote's.
                throw error
            } catch let error where !(error is CancellationError) {
                tell(of: remote, attempt, generation: moduleCache[remote.name]?.generation ?? 1, error: error)
                try await hooks.emit(
                    lifecycle.errorLoadRemote,
                    ErrorLoadRemote(
                        id: remote.name, error: error, from: "runtime", lifecycle: "revalidate",
                        remote: module.remoteInfo, expose: nil, showsOptions: false, origin: self))
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
            duration: attempt.start.duration(to: runtime.loop.now), error: failure)
        if let onReload = runtime.onReload { return onReload(update) }
        if failure != nil { runtime.log.warning("\(update.line)") }
    }

    /// Brings live modules up to date and tells afterUpdateRemote.
    private func tellOfUpdate(of name: String, _ replaced: ReplacedModule) async {
        for live in lives.held where live.remote == name {
            do {
                live.value = try await load(live.id)
            } catch {
                runtime.log.warning("mf.live(\"\(live.id)\") keeps the module it has: \(MFError.text(of: error))")
            }
        }
        guard let remote = index.remote(exactly: name, in: options.remotes) else { return }
        do {
            try await hooks.emit(
                lifecycle.afterUpdateRemote,
                AfterUpdateRemote(
                    remote: remote, previous: replaced.old.versionRecord, current: replaced.new.versionRecord,
                    origin: self))
        } catch {
            runtime.log.warning("afterUpdateRemote of remote \(name): \(MFError.text(of: error))")
        }
    }

    /// Revalidates a remote again and again, as its `revalidate` says, until it is removed.
    func scheduleRevalidation(of remote: Remote) {
        endRevalidation(of: remote)
        guard let interval = remote.revalidate.flatMap(Duration.init(interval:)) else { return }
        remote.nextRevalidation = runtime.loop.schedule(after: interval) { [weak self, weak remote] in
            guard let self, let remote else { return }
            remote.nextRevalidation = nil
            runtime.loop.start { [self] in
                _ = try? await revalidate([remote.name])
                if !remote.isWithdrawn, !runtime.state.isClosed { scheduleRevalidation(of: remote) }
            }
        }
    }

    /// Undoes ``scheduleRevalidation(of:)``.
    func endRevalidation(of remote: Remote) {
        if let timer = remote.nextRevalidation { runtime.loop.cancel(timer) }
        remote.nextRevalidation = nil
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
    /// How often a remote is asked for a new version: a time such as `30s`, or a number of seconds.
    init?(interval text: String) {
        self.init(
            option: text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? text + "s" : text)
    }
}

extension MFError {
    /// A time of a remote that is none.
    static func badTime(_ text: String, in key: String, of remote: Remote) -> MFError {
        MFError(
            .remoteInvalid, "invalid `\(key)` `\(text)` of remote `\(remote.name)`",
            context: [("remote", remote.name), (key, text)],
            hint: "write a number and `ms`, `s`, `m` or `h`, such as `30s`")
    }
}
