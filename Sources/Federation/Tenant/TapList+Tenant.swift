import Diagnostics
import LuaBridge
import Synchronization

/// The shapes of arguments that go to tenants, one a hook.
private let shapes = Mutex<[String: LuaShape]>([:])

extension TapList {
    /// Adds the listener of a plugin that runs in a tenant.
    func add(tenant plugin: TenantPlugin, hook: String, owner: PluginID) {
        let fields = fields
        let shape = shapes.withLock { shapes in
            if let known = shapes[hook] { return known }
            let shape = LuaShape(fields.map(\.name))
            shapes[hook] = shape
            return shape
        }
        let values: @Sendable (A) -> [LuaValue] = { arguments in fields.map { $0.get(arguments) } }
        let take: @Sendable (LuaEmission.Result, A) throws -> A = { result, arguments in
            var arguments = arguments
            for (field, value) in zip(fields, result.fields) {
                guard let set = field.set else { continue }
                do { try set(&arguments, value) } catch let error as MFError {
                    throw MFError.badHookField(field.name, hook: hook, cause: error)
                }
            }
            return arguments
        }
        let outcome: @Sendable (LuaEmission.Result) -> LuaValue = { result in
            result.aborted ? .boolean(false) : result.outcomeIsData ? .nil : result.outcome
        }
        let listener: SwiftListener<A> =
            switch kind {
            case .sync: .sync { outcome(try plugin.emit(.sync, hook: hook, shape, values($0))) }
            case .async: .async { outcome(try await plugin.emitAsync(.async, hook: hook, shape, values($0))) }
            case .syncWaterfall:
                .syncWaterfall { try take(try plugin.emit(.syncWaterfall, hook: hook, shape, values($0)), $0) }
            case .asyncWaterfall:
                .asyncWaterfall {
                    try take(try await plugin.emitAsync(.asyncWaterfall, hook: hook, shape, values($0)), $0)
                }
            }
        add(Tap(plugin: plugin.name, owner: owner, listener: .swift(listener)))
    }
}
