public import LuaBridge

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
    public let name: String
    public var version: String?
    var listeners: [@Sendable (HookBus, PluginID) -> Void] = []

    /// Names a plugin; by convention the name ends in `-plugin`.
    public init(_ name: String, version: String? = nil) {
        self.name = name
        self.version = version
    }

    /// Adds a listener of a hook that does not wait.
    public func on<A>(
        _ hook: any KeyPath<Lifecycle, SyncHook<A>> & Sendable, _ listener: @escaping @Sendable (A) throws -> LuaValue
    ) -> Plugin {
        adding(Lifecycle.declared[keyPath: hook], .sync(listener))
    }

    /// Adds a listener of a hook that may wait.
    public func on<A>(
        _ hook: any KeyPath<Lifecycle, AsyncHook<A>> & Sendable,
        _ listener: @escaping @Sendable (A) async throws -> LuaValue
    ) -> Plugin {
        adding(Lifecycle.declared[keyPath: hook], .async(listener))
    }

    /// Adds a listener of a waterfall that does not wait.
    public func on<A>(
        _ hook: any KeyPath<Lifecycle, SyncWaterfallHook<A>> & Sendable, _ listener: @escaping @Sendable (A) throws -> A
    ) -> Plugin {
        adding(Lifecycle.declared[keyPath: hook], .syncWaterfall(listener))
    }

    /// Adds a listener of a waterfall that may wait.
    public func on<A>(
        _ hook: any KeyPath<Lifecycle, AsyncWaterfallHook<A>> & Sendable,
        _ listener: @escaping @Sendable (A) async throws -> A
    ) -> Plugin {
        adding(Lifecycle.declared[keyPath: hook], .asyncWaterfall(listener))
    }

    private func adding<A, M>(_ hook: Hook<A, M>, _ listener: SwiftListener<A>) -> Plugin {
        var copy = self
        copy.listeners.append { [name] bus, owner in
            bus.taps(hook).add(Tap(plugin: name, owner: owner, listener: .swift(listener)))
        }
        return copy
    }
}
