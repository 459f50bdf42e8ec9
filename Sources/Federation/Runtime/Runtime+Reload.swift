import Diagnostics
import EventLoops
import LuaBridge
import LuaLibrary

/// What hot reload needs to know of a runtime, and what it can have done. On the loop only.
extension Runtime {
    /// Called whenever ``watchedFiles`` may have changed.
    public var onWatchedFilesChange: (() -> Void)? {
        get { reloads.onFilesChange }
        set { reloads.onFilesChange = newValue }
    }

    /// Called with what came of each reload of a plugin and each update of a remote, the refused ones included.
    public var onReload: ((ReloadReport) -> Void)? {
        get { reloads.onReload }
        set { reloads.onReload = newValue }
    }

    /// The files of the plugins of all hosts that want to be watched.
    public var watchedFiles: Set<String> {
        registry.hosts.reduce(into: []) { files, host in
            guard host.isWatching else { return }
            for plugin in host.reloadablePlugins { files.formUnion(plugin.source?.generation.files ?? []) }
        }
    }

    /// Whether there is a host.
    public var hasHosts: Bool { !registry.hosts.isEmpty }

    /// Whether some plugin was read from a file.
    public var hasReloadablePlugins: Bool { registry.hosts.contains { $0.hooks.mayReload } }

    /// Reloads every plugin that is made of one of these files, but for those that are made of an unfinished one too.
    ///
    /// - Returns: The files whose plugins were left as they are.
    public func reloadPlugins(madeOf changed: Set<String>, without unfinished: Set<String> = []) -> Set<String> {
        var left: Set<String> = []
        for host in registry.hosts {
            for plugin in host.reloadablePlugins {
                guard let files = plugin.source?.generation.files else { continue }
                let own = files.intersection(changed)
                if own.isEmpty { continue }
                if files.isDisjoint(with: unfinished) {
                    _ = reload(plugin, of: host, changed: own.sorted())
                } else {
                    left.formUnion(own)
                }
            }
        }
        return left
    }

    /// Reloads every plugin that was read from a file.
    @discardableResult
    public func reloadAllPlugins() -> [ReloadReport] {
        registry.hosts.flatMap { host in host.reloadablePlugins.map { reload($0, of: host, changed: []) } }
    }

    func reload(
        _ plugin: RegisteredPlugin, of host: Host, changed: [String], options: LuaValue? = nil
    ) -> ReloadReport {
        let start = loop.now
        var failure: MFError?
        var generation = plugin.source?.generation.number ?? 1
        do {
            generation = try host.reload(plugin, options: options).number
        } catch let error as MFError {
            failure = error
        } catch {
            failure = MFError.reloadFailed(plugin.name, path: plugin.source?.path ?? "", cause: error)
        }
        let report = ReloadReport(
            kind: .plugin, name: plugin.name, host: host.name, changed: changed, generation: generation,
            duration: start.duration(to: loop.now), error: failure)
        reloads.onFilesChange?()
        reloads.onReload?(report)
        return report
    }

    /// Notes that something is watched, which keeps the runtime from being idle.
    public func beginWork() -> Int { work.begin {} }

    /// Ends what ``beginWork()`` began.
    public func endWork(_ id: Int) { work.end(id) }

    /// Runs a part of a plugin's making: what it registers or starts meanwhile is the scope's.
    func owning<T>(_ scope: Lifetime?, _ body: () throws -> T) rethrows -> T {
        guard let scope else { return try body() }
        let outer = reloads.owner
        reloads.owner = scope
        defer { reloads.owner = outer }
        return try body()
    }
}

extension Host {
    /// Whether what it is made of is taken over when it changes.
    var isWatching: Bool { runtime.configuration.watchesFiles || options.watch == true }
}

/// What a runtime keeps for hot reload.
final class ReloadState: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    var onFilesChange: (() -> Void)?
    var onReload: ((ReloadReport) -> Void)?
    /// What tells of changed remotes, while somebody watches.
    var feeds: OriginFeeds?
    /// The generation whose code is being run, when that is known.
    var owner: Lifetime?
    private var loadGuards: (begin: LuaFunction, end: LuaFunction)?

    /// The functions of lua/mf/guard.lua.
    func guards(of state: LuaState) throws -> (begin: LuaFunction, end: LuaFunction) {
        if let loadGuards { return loadGuards }
        let parts = try state.call(state.load(LuaLibrary.source(of: "mf/guard.lua"), name: "@mf/guard.lua"))
        guard parts.count == 2, case .function(let begin) = parts[0], case .function(let end) = parts[1] else {
            throw MFError(.luaRuntime, "lua/mf/guard.lua did not return two functions")
        }
        loadGuards = (begin, end)
        return (begin, end)
    }
}
