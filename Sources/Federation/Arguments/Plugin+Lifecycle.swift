public import LuaBridge

extension Plugin {
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
}
