public import LuaBridge

/// A plugin as Swift lists it in ``HostOptions``: one of its own, a file of Lua, or Lua text from memory.
///
/// ```swift
/// HostOptions(
///     name: "platform", plugins: [.swift(rename), .file("plugins/trace.lua"), .source(text, name: "acme.lua", tenant: "acme")],
///     tenants: [("acme", TenantOptions())])
/// ```
public struct HostPlugin: Sendable {
    enum Kind: Sendable {
        case swift(Plugin)
        case file(String)
        case source([UInt8], name: String)
    }

    let kind: Kind
    var options: LuaValue = .nil
    var tenant: String?
    var settings = PluginSettings()

    /// The same plugin with another policy for its failures.
    ///
    /// ```swift
    /// .file("plugins/metrics.lua").with(PluginPolicy(fail: .observe))
    /// ```
    public func with(_ policy: PluginPolicy) -> HostPlugin {
        var copy = self
        copy.settings.policy = policy
        return copy
    }

    /// The same plugin, called only for what the patterns match.
    ///
    /// ```swift
    /// .file("plugins/audit.lua").only(["remote": ["billing"], "id": ["billing/*", "!billing/health"]])
    /// ```
    ///
    /// - Parameter patterns: By argument of the hook, or `remote`, `code`, `initiator`. A hook that has no such argument
    ///   makes the registration fail with `HOOK-008`.
    public func only(_ patterns: [String: [String]]) -> HostPlugin {
        var copy = self
        copy.settings.only = HookFilter.Patterns(patterns.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        return copy
    }

    /// The same plugin, said to be needed or not.
    ///
    /// ```swift
    /// .file("plugins/metrics.lua").required(false)
    /// ```
    ///
    /// - Parameter isRequired: False: where the plugin does not load, the host does without it, ``PluginReport/state`` is
    ///   `failed`, and it is tried again when its file changes. True: it is attached also where
    ///   ``RuntimeConfiguration/attachesOnlyRequiredPlugins`` is set.
    public func required(_ isRequired: Bool = true) -> HostPlugin {
        var copy = self
        copy.settings.isRequired = isRequired
        return copy
    }

    /// The same plugin, attached or not: nothing of one that is not enabled runs until `enable(plugins:)` attaches it.
    ///
    /// ```swift
    /// .file("plugins/trace.lua").enabled(isDevelopment)
    /// ```
    public func enabled(_ isEnabled: Bool) -> HostPlugin {
        var copy = self
        copy.settings.enabled = .boolean(isEnabled)
        return copy
    }

    /// The same plugin at another place among the plugins of its host: what is said here wins over what the plugin says.
    ///
    /// ```swift
    /// .file("plugins/audit.lua").placed(PluginPlacement(order: .pre, after: ["auth-plugin"]))
    /// ```
    ///
    /// - Parameter placement: Its place. The registration fails with `LUA-012` if a range of versions is none, with
    ///   `PLUGIN-021` if the places of plugins contradict each other, with `PLUGIN-022` if something required is missing.
    public func placed(_ placement: PluginPlacement) -> HostPlugin {
        var copy = self
        copy.settings.placement = placement
        return copy
    }

    /// A plugin written in Swift.
    ///
    /// - Parameters:
    ///   - plugin: The plugin.
    ///   - options: What it is made with, where it declares options.
    public static func swift(_ plugin: Plugin, options: LuaValue = .nil) -> HostPlugin {
        HostPlugin(kind: .swift(plugin), options: options)
    }

    /// A file of Lua, looked up beside the script, then below the working directory.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - options: What the plugin is made with.
    ///   - tenant: The tenant whose sandbox it runs in; nil: the host's own state.
    public static func file(_ path: String, options: LuaValue = .nil, tenant: String? = nil) -> HostPlugin {
        HostPlugin(kind: .file(path), options: options, tenant: tenant)
    }

    /// Lua text, as the file of a plugin would hold it.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - name: What messages and tracebacks call it, such as `acme.lua`.
    ///   - options: What the plugin is made with.
    ///   - tenant: The tenant whose sandbox it runs in; nil: the host's own state.
    public static func source(
        _ text: String, name: String, options: LuaValue = .nil, tenant: String? = nil
    ) -> HostPlugin {
        HostPlugin(kind: .source(Array(text.utf8), name: name), options: options, tenant: tenant)
    }

    /// Lua text as bytes; see ``source(_:name:options:tenant:)-(String,_,_,_)``.
    public static func source(
        _ text: [UInt8], name: String, options: LuaValue = .nil, tenant: String? = nil
    ) -> HostPlugin {
        HostPlugin(kind: .source(text, name: name), options: options, tenant: tenant)
    }
}

/// A listed plugin until it is attached.
final class HostPluginView: LuaObject {
    let plugin: HostPlugin
    init(_ plugin: HostPlugin) { self.plugin = plugin }
    static let luaTypeName = "mf.HostPlugin"
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
}

extension HostPluginView: SecretContainer {
    var contentWithSecrets: LuaValue { plugin.options }
}

/// A Swift plugin as `options.plugins` shows it.
final class SwiftPluginView: LuaObject {
    // Immutable.
    let plugin: Plugin
    init(_ plugin: Plugin) { self.plugin = plugin }
    static let luaTypeName = "mf.SwiftPlugin"
    var luaKeys: [LuaKey] { [.string("name"), .string("version")] }
    func luaGet(_ key: LuaKey) -> LuaValue {
        switch key {
        case .string("name"): .string(plugin.name)
        case .string("version"): .optional(plugin.version)
        default: .nil
        }
    }
}
