import Diagnostics
import EventLoops
public import LuaBridge

extension Host {
    /// Loads an exposed module from a remote.
    ///
    /// The remote's container is created on first use and shared by concurrent calls and by the hosts of the runtime.
    /// Hooks run in the order of ``Lifecycle``; `errorLoadRemote` may supply a replacement.
    ///
    /// ```swift
    /// let disk = try await host.loadRemote("checks/disk")
    /// ```
    ///
    /// - Parameters:
    ///   - request: A remote's name or alias and an expose, such as `checks/disk`.
    ///   - loadFactory: Whether the module's factory runs; else the factory is the result.
    ///   - deadline: How long the load may take; nil: any time.
    /// - Returns: The module, or what the last `onLoad` listener put in its place.
    /// - Throws: ``MFError`` with `RUNTIME-004` if no remote matches, `RUNTIME-003` if the manifest cannot be had,
    ///   `RUNTIME-008` if the entry cannot, `RUNTIME-014` if the remote does not expose the module, `LUA-013` when the
    ///   time is up; or what a listener threw. `CancellationError` when the calling task is cancelled.
    public func loadRemote(
        _ request: String, loadFactory: Bool = true, deadline: Duration? = nil
    ) async throws -> LuaValue {
        try await registry.loop.perform(deadline: deadline) { [self] in
            try await remotes.load(request, LoadRemoteOptions(loadFactory: loadFactory))
        }
    }

    /// Gets the factory of a shared module: a function returning it.
    ///
    /// - Parameters:
    ///   - package: The package, as it is declared in ``HostOptions/shared``.
    ///   - deadline: How long the load may take; nil: any time.
    /// - Throws: ``MFError`` when the package is not declared, no version satisfies a strict requirement, or with
    ///   `LUA-013` the time is up; `CancellationError` when the calling task is cancelled.
    public func loadShare(_ package: String, deadline: Duration? = nil) async throws -> LuaValue {
        try await registry.loop.perform(deadline: deadline) { [self] in
            try await shares.loadShare(package, LoadShareOptions())
        }
    }

    /// Fetches what later requests will need.
    ///
    /// - Parameter deadline: How long it may take; nil: any time.
    /// - Throws: ``MFError`` with `RUNTIME-008` when a resource could not be had (`afterPreloadRemote` tells of each),
    ///   with `LUA-013` when the time is up.
    public func preloadRemote(_ requests: [PreloadRequest], deadline: Duration? = nil) async throws {
        try await registry.loop.perform(deadline: deadline) { [self] in try await preloads.preload(LiveList(requests)) }
    }

    /// Registers remotes; with `force`, those of the same name are replaced.
    ///
    /// - Throws: ``MFError`` with `REMOTE-001` if a remote has no name or an ambiguous one, or the error of a
    ///   `registerRemote` listener.
    public func register(_ remotes: [Remote], force: Bool = false) async throws {
        try await registry.loop.perform { [self] in try RemoteRegistrar(self).registerRemotes(remotes, force: force) }
    }

    /// Attaches a Swift plugin. A plugin of the same name is kept; ``remove(plugins:)`` is the inverse.
    ///
    /// - Parameter options: What it is made with, where it declares options.
    /// - Throws: ``MFError`` with a `HOOK` code if its name is missing or invalid, `PLUGIN-001` if the options are not what
    ///   it declares, `PLUGIN-003` if a secret has no text.
    public func register(_ plugin: Plugin, options: LuaValue = .nil) async throws {
        try await register(.swift(plugin, options: options))
    }

    /// The options that a plugin declares, as JSON Schema: for forms in which they are filled in.
    ///
    /// - Returns: Nil where no plugin of the name is attached, or it declares nothing.
    /// - Throws: ``MFError`` with `LUA-010` if the runtime has ended.
    public func optionSchema(of plugin: String) async throws -> String? {
        try await registry.loop.perform { [self] in
            let plugin = plugins.first { $0.name == plugin }
            return try plugin?.schema.map { try $0.jsonSchema(title: plugin?.name ?? "") }
        }
    }

    /// Attaches a Lua plugin from a file, with the options it is made with.
    ///
    /// - Parameter tenant: The tenant whose sandbox it runs in; nil: the host's own state.
    /// - Throws: ``MFError`` with a `HOOK` code when the file is missing or is no plugin, `LIMIT-009` when the tenant is not
    ///   declared.
    public func register(pluginFile path: String, options: LuaValue = .nil, tenant: String? = nil) async throws {
        try await register(.file(path, options: options, tenant: tenant))
    }

    /// Attaches a Lua plugin from memory, with the options it is made with.
    ///
    /// ```swift
    /// try await host.register(pluginSource: row.text, name: "acme.lua", options: ["plan": "gold"], tenant: "acme")
    /// ```
    ///
    /// - Parameters:
    ///   - source: The text that a plugin's file would hold.
    ///   - name: What messages and tracebacks call it.
    ///   - options: What the plugin is made with.
    ///   - tenant: The tenant whose sandbox it runs in; nil: the host's own state.
    /// - Throws: ``MFError`` with a `HOOK` code when the text is no plugin, `LIMIT-009` when the tenant is not declared.
    public func register(
        pluginSource source: String, name: String, options: LuaValue = .nil, tenant: String? = nil
    ) async throws {
        try await register(.source(source, name: name, options: options, tenant: tenant))
    }

    /// Attaches a Lua plugin from memory, given as bytes; see ``register(pluginSource:name:options:tenant:)``.
    ///
    /// - Throws: ``MFError`` with a `HOOK` code if the text is no plugin, `LIMIT-009` if the tenant is not declared.
    public func register(
        pluginSource source: [UInt8], name: String, options: LuaValue = .nil, tenant: String? = nil
    ) async throws {
        try await register(.source(source, name: name, options: options, tenant: tenant))
    }

    /// Attaches a plugin of any kind. One of the same name is kept; ``remove(plugins:)`` is the inverse.
    ///
    /// - Throws: ``MFError`` with a `HOOK` code if it is no plugin, `LIMIT-009` if the tenant is not declared.
    public func register(_ plugin: HostPlugin) async throws {
        try await registry.loop.perform { [self] in
            let value = LuaValue.object(HostPluginView(plugin))
            try await registry.afterCommands(in: value) { try PluginRegistrar(self).registerPlugins([value]) }
        }
    }

    /// What is known of each plugin, in the order in which they were attached; then of those that are not attached.
    ///
    /// - Throws: ``MFError`` with `LUA-010` if the runtime has ended.
    public func plugins() async throws -> [PluginReport] {
        try await registry.loop.perform { [self] in PluginRegistrar(self).reports }
    }

    /// How the host is: what the `health` of each plugin says, and what the host knows itself of plugins, shared modules,
    /// tenants and the servers of its remotes.
    ///
    /// ```swift
    /// let isReady = try await host.health().allSatisfy { $0.level < .error }
    /// ```
    ///
    /// - Returns: The lines of plugins in their order, then the host's own. A plugin whose `health` throws, or takes more
    ///   than 5 seconds, has an error among its lines.
    /// - Throws: ``MFError`` with `LUA-010` if the runtime has ended.
    public func health() async throws -> [HealthLine] {
        try await registry.loop.perform { [self] in await HealthService(self).lines() }
    }

    /// What is left of the versions of a plugin that were removed or replaced: tasks, listeners, and what holds their code.
    ///
    /// Collects the garbage and walks through everything that the main Lua state holds, which takes its time. The code of a
    /// tenant's plugin is not looked for, nor that of one that was not read from a file or a text.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-004` for a name that no plugin has or had.
    public func unloaded(plugin name: String) async throws -> UnloadReport {
        try await registry.loop.perform { [self] in try await PluginRegistrar(self).unloaded(name) }
    }

    /// Stops calling plugins, which keep their places; ``enable(plugins:)`` is the inverse.
    ///
    /// - Parameters:
    ///   - time: After how long they are called again; nil: when they are enabled.
    ///   - reason: What ``plugins()`` says of them.
    ///   - cascade: Whether the plugins that need them wait until they are called again.
    /// - Throws: ``MFError`` with `PLUGIN-004` for a name that no plugin has, with `PLUGIN-023` where other plugins of the
    ///   owner need them; nothing is done then.
    public func disable(
        plugins names: [String], for time: Duration? = nil, why reason: String? = nil, cascade: Bool = false
    ) async throws {
        try await registry.loop.perform { [self] in
            try PluginRegistrar(self).disablePlugins(names, for: time, why: reason, cascade: cascade)
        }
    }

    /// Calls plugins again that were disabled or have tripped, and attaches those that were left out or did not load.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-004` for a name that no plugin has; nothing is done then. What attaching throws,
    ///   for the first that does not load.
    public func enable(plugins names: [String]) async throws {
        try await registry.loop.perform { [self] in
            let entries = LuaValue.array(PluginRegistrar(self).absentEntries(names))
            try await registry.afterCommands(in: entries) { try PluginRegistrar(self).enablePlugins(names) }
        }
    }

    /// Makes a plugin that was read from a file or a text anew with other options, at its place.
    ///
    /// - Returns: The number of the generation.
    /// - Throws: ``MFError`` with `PLUGIN-004` for a name that no plugin has, a `RELOAD` code when the old version stays.
    @discardableResult
    public func configure(plugin name: String, options: LuaValue) async throws -> Int {
        try await registry.loop.perform { [self] in try PluginRegistrar(self).configurePlugin(name, options) }
    }

    /// Detaches plugins by name.
    ///
    /// - Parameter cascade: Whether the plugins that need them are removed, too.
    /// - Returns: The names that the host had.
    /// - Throws: ``MFError`` with `PLUGIN-023` where other plugins of the owner need them; nothing is done then.
    @discardableResult
    public func remove(plugins names: [String], cascade: Bool = false) async throws -> [String] {
        try await registry.loop.perform { [self] in try PluginRegistrar(self).removePlugins(names, cascade: cascade) }
    }

    /// The plugins that listen to a hook in the order in which they are called, each with the reason for its place.
    ///
    /// ```swift
    /// for place in try await host.order(of: "beforeRequest") { print(place.plugin, place.why) }
    /// // rate-plugin after auth-plugin (its own requires)
    /// ```
    ///
    /// - Throws: ``MFError`` with `HOOK-001` where there is no such hook.
    public func order(of hook: String) async throws -> [PluginPlace] {
        try await registry.loop.perform { [self] in try PluginRegistrar(self).order(of: hook) }
    }

    /// Removes remotes by name, and all that was loaded of them.
    ///
    /// - Returns: The names that were registered.
    /// - Throws: ``MFError`` with `LUA-010` if the runtime has ended.
    @discardableResult
    public func remove(remotes names: [String]) async throws -> [String] {
        try await registry.loop.perform { [self] in RemoteRegistrar(self).removeRemotes(names) }
    }

    /// Declares a tenant, whose name plugins and remotes can then give as theirs.
    ///
    /// The same as an entry of `tenants` in `mf.init`. What is loaded already keeps its options.
    ///
    /// - Throws: ``MFError`` with `LUA-012` for a name that is empty or contains `/`, `,` or a control character.
    public func declareTenant(_ name: String, _ options: TenantOptions) async throws {
        try await registry.loop.perform { [self] in try tenants.declare(name, options) }
    }

    /// What a tenant has used, and how it is.
    ///
    /// - Throws: ``MFError`` with `LIMIT-009` when there is no such tenant.
    public func tenantStats(_ name: String) async throws -> TenantStats {
        try await registry.loop.perform { [self] in try tenants.tenant(name).stats }
    }

    /// Has a function told of limit violations and suspensions of the host's tenants. It is called on the runtime's loop.
    ///
    /// - Throws: ``MFError`` with `LUA-010` if the runtime has ended.
    public func onTenantEvent(_ listener: @escaping @Sendable (TenantServices.Event) -> Void) async throws {
        try await registry.loop.perform { [self] in tenants.onEvent = listener }
    }
}
