import LuaBridge

/// A container that `args.retry` has loaded for a tenant's plugin: the plugin can return it, and not look into it.
final class TenantContainer: LuaObject {
    let value: LuaValue

    init(_ value: LuaValue) { self.value = value }

    static let luaTypeName = "mf.TenantContainer"
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
}

/// What a tenant has given where the host goes on to fetch or run it: that is done as the tenant.
final class TenantGift: LuaObject {
    let tenant: String
    let value: LuaValue

    init(_ value: LuaValue, by tenant: String) { (self.value, self.tenant) = (value, tenant) }

    static let luaTypeName = "mf.TenantGift"
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
}

extension LuaValue {
    /// The value itself, and the tenant that gave it, if one did.
    var given: (value: LuaValue, tenant: String?) {
        guard case .object(let object) = self, let gift = object as? TenantGift else { return (self, nil) }
        return (gift.value, gift.tenant)
    }
}
