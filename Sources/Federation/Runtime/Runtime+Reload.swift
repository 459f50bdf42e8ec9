import Diagnostics
import EventLoops
import LuaBridge
import LuaLibrary

/// What hot reload needs to know of a runtime, and what it can have done. On the loop only.
extension Runtime {
    /// Called whenever ``watchedFiles`` may have changed.
    public var onWatchedFilesChange: (() -> Void)? {
        get { registry.reloads.onFilesChange }
        set { registry.reloads.onFilesChange = newValue }
    }

    /// Called with what came of each reload of a plugin and each update of a remote, the refused ones included.
    public var onReload: ((ReloadReport) -> Void)? {
        get { registry.reloads.onReload }
        set { registry.reloads.onReload = newValue }
    }

    /// The files of the plugins of all hosts that want to be watched.
    public var watchedFiles: Set<String> {
        registry.hosts.reduce(into: []) { files, host in
            guard host.isWatching else { return }
            for plugin in PluginRegistrar(host).reloadablePlugins {
                files.formUnion(plugin.source?.generation.files ?? [])
            }
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
            for plugin in PluginRegistrar(host).reloadablePlugins {
                guard let files = plugin.source?.generation.files else { continue }
                let own = files.intersection(changed)
                if own.isEmpty { continue }
                if files.isDisjoint(with: unfinished) {
                    _ = PluginRegistrar(host).reload(plugin, changed: own.sorted())
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
        registry.hosts.flatMap { host in
            let registrar = PluginRegistrar(host)
            return registrar.reloadablePlugins.map { registrar.reload($0, changed: []) }
        }
    }

    /// Notes that something is watched, which keeps the runtime from being idle.
    public func beginWork() -> Int { work.begin {} }

    /// Ends what ``beginWork()`` began.
    public func endWork(_ id: Int) { work.end(id) }
}
