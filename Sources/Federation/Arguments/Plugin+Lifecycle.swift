public import LuaBridge

extension Plugin {
    /// Adds a listener of a hook that does not wait.
    ///
    /// - Parameter patterns: For which calls it is called, by argument: `["id": ["billing/*", "!billing/health"]]`. `remote`
    ///   is the registered name, `code` that of an error. A key that the hook does not have makes the registration fail
    ///   with `HOOK-008`.
    public func on<A>(
        _ hook: any KeyPath<Lifecycle, SyncHook<A>> & Sendable, where patterns: [String: [String]] = [:],
        _ listener: @escaping @Sendable (A) throws -> LuaValue
    ) -> Plugin {
        adding(Lifecycle.declared[keyPath: hook], where: patterns, .sync(listener))
    }

    /// Adds a listener of a hook that may wait.
    public func on<A>(
        _ hook: any KeyPath<Lifecycle, AsyncHook<A>> & Sendable, where patterns: [String: [String]] = [:],
        _ listener: @escaping @Sendable (A) async throws -> LuaValue
    ) -> Plugin {
        adding(Lifecycle.declared[keyPath: hook], where: patterns, .async(listener))
    }

    /// Adds a listener of a waterfall that does not wait.
    public func on<A>(
        _ hook: any KeyPath<Lifecycle, SyncWaterfallHook<A>> & Sendable, where patterns: [String: [String]] = [:],
        _ listener: @escaping @Sendable (A) throws -> A
    ) -> Plugin {
        adding(Lifecycle.declared[keyPath: hook], where: patterns, .syncWaterfall(listener))
    }

    /// Adds a listener of a waterfall that may wait.
    public func on<A>(
        _ hook: any KeyPath<Lifecycle, AsyncWaterfallHook<A>> & Sendable, where patterns: [String: [String]] = [:],
        _ listener: @escaping @Sendable (A) async throws -> A
    ) -> Plugin {
        adding(Lifecycle.declared[keyPath: hook], where: patterns, .asyncWaterfall(listener))
    }
}
