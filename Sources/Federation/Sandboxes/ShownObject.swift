import LuaBridge

/// An object of the host that is shown to a tenant. What of it is shown is its subclass's business: the border's.
class ShownObject: TenantStandIn, @unchecked Sendable {
    // Two constants; a subclass that adds more says why it may.
    final let object: any LuaObject
    /// Whether a hook has shown it; else it was handed to other code of the tenant, and is the object itself for the host.
    final let isOfHook: Bool

    init(_ object: any LuaObject, isOfHook: Bool) { (self.object, self.isOfHook) = (object, isOfHook) }

    final var shownTypeName: String { type(of: object).luaTypeName }

    class var luaTypeName: String { "mf.ShownObject" }
    final var luaDescription: String { shownTypeName }
    final var luaCount: Int { luaKeys.count }
    var luaKeys: [LuaKey] { [] }
    func luaGet(_ key: LuaKey) throws -> LuaValue { .nil }
}
