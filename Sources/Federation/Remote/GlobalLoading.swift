import Diagnostics
import EventLoops
import LuaBridge
import OrderedCollections

/// `args.globalLoading`: the entries that load or are loaded; assigning nil makes the next load start again.
final class GlobalLoading: LuaObject {
    private let registry: FederationRegistry
    init(registry: FederationRegistry) { self.registry = registry }
    static let luaTypeName = "mf.GlobalLoading"
    var luaKeys: [LuaKey] {
        registry.loop.checkOnLoop("GlobalLoading")
        return registry.entryLoads.keys.map { .string($0) }
    }
    func luaGet(_ key: LuaKey) -> LuaValue {
        registry.loop.checkOnLoop("GlobalLoading")
        return if case .string(let name) = key, registry.entryLoads[name] != nil { .boolean(true) } else { .nil }
    }
    func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        registry.loop.checkOnLoop("GlobalLoading")
        guard case .string(let name) = key, value.isNil else {
            throw MFError.readOnlyField("globalLoading", of: Self.luaTypeName)
        }
        registry.entryLoads[name] = nil
    }
}
