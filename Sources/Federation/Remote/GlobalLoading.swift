import Diagnostics
import LuaBridge
import OrderedCollections

/// `args.globalLoading`: the entries that load or are loaded; assigning nil makes the next load start again.
final class GlobalLoading: LuaObject, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private let registry: FederationRegistry
    init(registry: FederationRegistry) { self.registry = registry }
    static let luaTypeName = "mf.GlobalLoading"
    var luaKeys: [LuaKey] { registry.entryLoads.keys.map { .string($0) } }
    func luaGet(_ key: LuaKey) -> LuaValue {
        if case .string(let name) = key, registry.entryLoads[name] != nil { .boolean(true) } else { .nil }
    }
    func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        guard case .string(let name) = key, value.isNil else {
            throw MFError.readOnlyField("globalLoading", of: Self.luaTypeName)
        }
        registry.entryLoads[name] = nil
    }
}
