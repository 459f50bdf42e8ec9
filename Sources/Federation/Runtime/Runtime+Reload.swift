import Diagnostics
import EventLoops
import LuaBridge
import LuaLibrary

/// What hot reload needs to know of a runtime, and what it can have done. On the loop only.
extension Runtime {
    /// Called whenever ``watchedFiles`` may have changed.
    package var onWatchedFilesChange: (() -> Void)? {
        get {
            loop.checkOnLoop("Runtime")
            return registry.reloads.onFilesChange
        }
        set {
            loop.checkOnLoop("Runtime")
            registry.reloads.onFilesChange = newValue
        }
    }

    /// Called with what came of each reload of a plugin and each update of a remote, the refused ones included.
    package var onReload: ((ReloadReport) -> Void)? {
        get {
            loop.checkOnLoop("Runtime")
            return registry.reloads.onReload
        }
        set {
            loop.checkOnLoop("Runtime")
            registry.reloads.onReload = newValue
        }
    }

    /// The files of the plugins of all hosts that want to be watched.
    package var watchedFiles: Set<String> {
        loop.checkOnLoop("Runtime")
        return registry.hosts.reduce(into: []) { files, host in
            guard host.isWatching else { return }
            for plugin in PluginRegistrar(host).reloadablePlugins {
                files.formUnion(plugin.source?.generation.files ?? [])
            }
            for plugin in PluginRegistrar(host).failedPlugins { files.formUnion(plugin.files) }
        }
    }

    /// Whether there is a host.
    package var hasHosts: Bool {
        loop.checkOnLoop("Runtime")
        return !registry.hosts.isEmpty
    }

    /// Whether some plugin was read from a file.
    package var hasReloadablePlugins: Bool {
        loop.checkOnLoop("Runtime")
        return registry.hosts.contains { $0.hooks.mayReload }
    }

    /// Reloads every plugin that is made of one of these files, but for those that are made of an unfinished one too.
    ///
    /// - Returns: The files whose plugins were left as they are.
    package func reloadPlugins(madeOf changed: Set<String>, without unfinished: Set<String> = []) -> Set<String> {
        loop.checkOnLoop("Runtime")
        var left: Set<String> = []
        for host in registry.hosts {
            for plugin in PluginRegistrar(host).reloadablePlugins {
                guard let files = plugin.source?.generation.files else { continue }
                let own = files.intersection(changed)
                if own.isEmpty { continue }
                if files.isDisjoint(with: unfinished) {
                    _ = PluginRegistrar(host).reloadWhenReady(plugin, changed: own.sorted())
                } else {
                    left.formUnion(own)
                }
            }
            for plugin in PluginRegistrar(host).failedPlugins where !plugin.files.isDisjoint(with: changed) {
                let own = plugin.files.intersection(changed)
                if plugin.files.isDisjoint(with: unfinished) {
                    PluginRegistrar(host).retryWhenReady(plugin, changed: own.sorted())
                } else {
                    left.formUnion(own)
                }
            }
        }
        return left
    }

    /// Reloads every plugin that was read from a file, and tries those again that did not load.
    ///
    /// - Returns: What came of each; a plugin for which commands print secrets is reloaded later, and told of by
    ///   ``onReload``.
    @discardableResult
    package func reloadAllPlugins() -> [ReloadReport] {
        loop.checkOnLoop("Runtime")
        return registry.hosts.flatMap { host in
            let registrar = PluginRegistrar(host)
            for plugin in registrar.failedPlugins { registrar.retryWhenReady(plugin, changed: []) }
            return registrar.reloadablePlugins.compactMap { registrar.reloadWhenReady($0, changed: []) }
        }
    }

    /// Whether a script has a handler of its own for `SIGHUP`: nothing is reloaded then.
    package var handlesHangUp: Bool {
        loop.checkOnLoop("Runtime")
        return facilities.hangUpHandlers > 0
    }

    /// What `mf.watch` watches with.
    package var watchPath:
        (@Sendable (_ path: String, _ report: @escaping @Sendable ([String]) -> Void) throws -> any PathWatching)?
    {
        get { facilities.watchPath }
        set { facilities.watchPath = newValue }
    }

    /// Is told, on the loop, when a script calls `mf.ready`.
    package var onReady: (@Sendable (_ status: String?) -> Void)? {
        get { facilities.onReady }
        set { facilities.onReady = newValue }
    }

    /// What `mf.serve` serves with.
    package var webServing: WebServing? {
        get { facilities.webServing }
        set { facilities.webServing = newValue }
    }

    /// Notes that something is watched, which keeps the runtime from being idle.
    package func beginWork() -> Int { work.begin {} }

    /// Ends what ``beginWork()`` began.
    package func endWork(_ id: Int) { work.end(id) }
}
