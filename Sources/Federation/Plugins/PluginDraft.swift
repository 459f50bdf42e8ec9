import Diagnostics
import EventLoops
import LuaBridge

/// A plugin whose options are checked, and of which nothing has run but its file: all plugins of a list come to this
/// point before the first is made.
struct PluginDraft {
    /// The options of an entry and what they are held against.
    struct Options {
        let given: LuaValue
        let schema: OptionSchema
        /// The plugin's name.
        let name: String
        /// Where the entry is written.
        let place: @Sendable () -> String?
    }

    /// What the plugin has started, if it has a lifetime.
    let scope: Lifetime?
    /// Whether its options are what it declares.
    let prepared: Result<Void, any Error>
    private let make: () throws -> RegisteredPlugin

    init(scope: Lifetime?, prepared: Result<Void, any Error>, make: @escaping () throws -> RegisteredPlugin) {
        (self.scope, self.prepared, self.make) = (scope, prepared, make)
    }

    /// A plugin that declares no options.
    static func made(_ plugin: RegisteredPlugin) -> PluginDraft {
        PluginDraft(scope: plugin.source?.generation.scope, prepared: .success(())) { plugin }
    }

    /// The plugin, made of its options.
    func made() throws -> RegisteredPlugin {
        do {
            try prepared.get()
            return try make()
        } catch {
            scope?.close()
            throw error
        }
    }

    /// The same draft with something around its making.
    func making(_ around: @escaping (() throws -> RegisteredPlugin) throws -> RegisteredPlugin) -> PluginDraft {
        PluginDraft(scope: scope, prepared: prepared) { [make] in try around(make) }
    }

    /// The same draft of a plugin that is listed somewhere.
    func listed(at place: @escaping @Sendable () -> String?) -> PluginDraft {
        making { make in
            var plugin = try make()
            plugin.listedAt = place
            return plugin
        }
    }

    /// The same draft of a plugin about which the owner says something.
    func with(_ settings: PluginSettings) -> PluginDraft {
        making { make in
            var plugin = try make()
            plugin.settings = settings
            return plugin
        }
    }

    /// Everything that is wrong with the options of several plugins, as one error.
    static func expectPrepared(_ drafts: [PluginDraft]) throws {
        var failures: [any Error] = []
        for case .failure(let error) in drafts.map(\.prepared) { failures.append(error) }
        guard let first = failures.first else { return }
        let errors = failures.compactMap { $0 as? MFError }.filter { $0.code == .pluginOptions }
        guard errors.count > 1 else { throw first }
        throw MFError(
            .pluginOptions, errors.map(\.message).joined(separator: "; "),
            context: errors.flatMap { $0.context.map { ($0.key, Optional($0.value)) } },
            hint: errors.compactMap(\.hint).joined(separator: "; "))
    }
}
