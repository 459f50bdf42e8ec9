import Logging

extension Runtime {
    /// Warns once that a plugin's name does not follow the convention.
    func warnOnce(aboutPluginName name: String) {
        guard names.insert(name) else { return }
        log.info("plugin `\(name)`: by convention the name of a plugin ends in `-plugin`")
    }
}

/// The plugin names that were warned about.
final class WarnedNames: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private var names: Set<String> = []
    func insert(_ name: String) -> Bool { names.insert(name).inserted }
}
