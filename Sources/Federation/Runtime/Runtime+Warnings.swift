import Diagnostics
import Logging
import LuaBridge
import OrderedCollections

// What only looks right is no error: it is told of, and left as it is for plugins.
extension Runtime {
    /// Warns of options that look like misspelt ones; others are kept for plugins.
    func warn(aboutOptionsOf options: HostOptions) {
        for name in options.extra.keys {
            guard let meant = closestMatch(to: name, in: HostOptions.fields.list.map(\.name)) else { continue }
            log.warning("host `\(options.name)` has an option `\(name)` that nothing reads: did you mean `\(meant)`?")
        }
        if let strategy = options.shareStrategy,
            ![ShareStrategy.versionFirst, ShareStrategy.loadedFirst].contains(strategy)
        {
            log.warning(
                """
                host `\(options.name)` has the `shareStrategy` `\(strategy)`, which there is not: write `version-first` or \
                `loaded-first`
                """)
        }
        for (package, entries) in options.shared.pairs {
            for entry in entries.elements { warn(aboutShared: package, entry) }
        }
    }

    private func warn(aboutShared package: String, _ entry: SharedModule) {
        for (name, value) in [("lib", entry.lib), ("get", entry.get)] where !value.isNil && !value.isCallable {
            log.warning("shared `\(package)` has a `\(name)` that is a \(value.luaTypeName), not a function")
        }
        guard !entry.extra.isEmpty else { return }
        let misplaced = ShareRequirement.fields.list.map(\.name).filter { entry.extra[$0] != nil }
        for name in misplaced {
            log.warning("shared `\(package)` has `\(name)` in the wrong place: write `shareConfig = { \(name) = … }`")
        }
        warn(
            aboutFieldsOf: "shared `\(package)`", entry.extra.filter { !misplaced.contains($0.key) },
            known: SharedModule.fields.list.map(\.name))
    }

    /// Warns of fields that look like misspelt ones; others are kept for plugins.
    func warn(aboutFieldsOf thing: String, _ extra: OrderedDictionary<String, LuaValue>, known: [String]) {
        for name in extra.keys {
            guard let meant = closestMatch(to: name, in: known) else { continue }
            log.warning("\(thing) has a field `\(name)` that nothing reads: did you mean `\(meant)`?")
        }
    }

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
