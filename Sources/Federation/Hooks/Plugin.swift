import LuaBridge

/// A plugin written in Swift: a name and listeners with typed arguments.
///
/// ```swift
/// let redirect = Plugin("redirect-plugin")
///     .on(\.beforeRequest) { arguments in
///         var arguments = arguments
///         if arguments.id == "old/disk" { arguments.id = "checks/disk" }
///         return arguments
///     }
///     .on(\.onLoad) { print("loaded", $0.id); return .nil }
/// try await host.register(redirect)
/// ```
///
/// A listener of a waterfall returns the arguments, others return what ``Lifecycle`` says of their hook; `.nil` for
/// nothing. What a listener throws is the error of the step.
public struct Plugin: Sendable {
    /// The name, unique within a host; by convention it ends in `-plugin`.
    public let name: String
    /// The version, for logs and traces.
    public var version: String?
    /// What it says of its place.
    var placement = PluginPlacement()
    /// What it says of its place in single hooks.
    var hookPlacements: [String: PluginPlacement] = [:]
    var listeners: [@Sendable (HookBus, PluginID, PluginAccount, HookFilter.Patterns) throws -> Void] = []
    /// The hooks that it listens to, and what the filters of its listeners ask for.
    private(set) var heard: [(name: String, keys: [String])] = []
    /// The options that it declares, and what makes it of them.
    var declaration: Declaration?

    /// Says how the plugin is.
    var healthCheck: (@Sendable (HealthReport) async throws -> Void)?

    struct Declaration: Sendable {
        let schema: OptionSchema
        let make: @Sendable (Plugin, PluginOptionValues) throws -> Plugin
    }

    /// Names a plugin; by convention the name ends in `-plugin`.
    public init(_ name: String, version: String? = nil) {
        self.name = name
        self.version = version
    }

    /// Declares a plugin with options: it is made of them when it is attached.
    ///
    /// ```swift
    /// let slack = Plugin("slack-plugin", options: SlackOptions.self) { plugin, options in
    ///     plugin.on(\.onLoad) { arguments in … }
    /// }
    /// try await host.register(slack, options: ["url": try .secret("env:SLACK_URL")])
    /// ```
    ///
    /// - Parameters:
    ///   - name: The name; by convention it ends in `-plugin`.
    ///   - version: The version, for logs and traces.
    ///   - options: The type of its options.
    ///   - make: Adds the listeners to the plugin that it gets.
    public init<Options: PluginOptions>(
        _ name: String, version: String? = nil, options: Options.Type,
        _ make: @escaping @Sendable (Plugin, Options) throws -> Plugin
    ) {
        self.init(name, version: version)
        declaration = Declaration(schema: Options.schema) { try make($0, try Options($1)) }
    }

    /// The same plugin with a function that says how it is, for `host.health()` and `mflua doctor`.
    ///
    /// - Parameter check: May wait, at most 5 seconds; what it throws is told as an error.
    public func health(_ check: @escaping @Sendable (HealthReport) async throws -> Void) -> Plugin {
        var copy = self
        copy.healthCheck = check
        return copy
    }

    /// Whether a plugin may be called so: `/` parts a tenant from its plugin, `,` one name from the next.
    static func isName(_ name: String) -> Bool { !name.contains { $0 == "/" || $0 == "," } }

    /// The same plugin at another place among the plugins of a host.
    ///
    /// ```swift
    /// Plugin("rate-plugin", version: "1.3.0").placed(PluginPlacement(after: ["cache-plugin"], requires: ["auth-plugin": "^2"]))
    /// ```
    ///
    /// - Parameters:
    ///   - placement: Its place. The registration fails with `PLUGIN-002` if a range of versions is none, with `PLUGIN-021`
    ///     if the places of plugins contradict each other, with `PLUGIN-022` if something that it requires is missing.
    ///   - hook: The hook that it is for; nil: all.
    public func placed(_ placement: PluginPlacement, in hook: String? = nil) -> Plugin {
        var copy = self
        if let hook { copy.hookPlacements[hook] = placement } else { copy.placement = placement }
        return copy
    }

    /// The same plugin with one listener more.
    ///
    /// - Parameter patterns: For which calls it is called.
    func adding<A, M>(
        _ hook: Hook<A, M>, where patterns: [String: [String]], _ listener: SwiftListener<A>
    ) -> Plugin {
        var copy = self
        copy.heard.append((hook.name, patterns.keys.sorted()))
        copy.listeners.append { bus, owner, account, only in
            var filter = HookFilter()
            try filter.add(
                HookFilter.Patterns(patterns.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }), for: hook)
            try filter.add(only, for: hook, sharedAs: "only")
            bus.taps(hook).add(Tap(owner, account, hook: hook.name, filter: filter, .swift(listener)))
        }
        return copy
    }
}
