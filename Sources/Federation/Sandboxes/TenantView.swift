import Diagnostics
import LuaBridge
import OrderedCollections

/// A host's object as a tenant sees it: its data, read-only, without functions, and of some types only a part.
///
/// Going back to the host it is the very object again.
class TenantView: LuaObject, @unchecked Sendable {
    // Constants, but for a weak reference that is only ever cleared, by the end of what it refers to.
    let object: any LuaObject
    fileprivate weak var instance: InProcessSandbox?

    init(_ object: any LuaObject, in instance: InProcessSandbox) {
        (self.object, self.instance) = (object, instance)
    }

    deinit { instance?.forget(object) }

    class var luaTypeName: String { "mf.TenantView" }
    class var luaMethods: [LuaCallable] { [] }
    var luaCount: Int { object.luaCount }
    var luaDescription: String { object.luaDescription }
    var luaKeys: [LuaKey] { object.luaKeys.filter(isVisible) }

    private func isVisible(_ key: LuaKey) -> Bool { TenantFields.shows(key, of: object) }

    func luaGet(_ key: LuaKey) throws -> LuaValue {
        guard isVisible(key), let instance else { return .nil }
        return try instance.visible(try object.luaGet(key))
    }

    func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        throw MFError(
            .luaConversion, "\(type(of: object).luaTypeName) is read-only in a tenant",
            hint: "return what is to change from the hook")
    }
}

/// A host as its tenants see it, `origin` in hooks: some data, and what the tenant may do.
final class TenantHostView: TenantView, @unchecked Sendable {
    // Adds no property to `TenantView`, and methods that a state calls on its loop.
    override class var luaTypeName: String { "mf.TenantHost" }
    override class var luaMethods: [LuaCallable] { methods }

    private static let methods = ["loadShare", "loadRemote"].map { name in
        LuaCallable(async: name) { call in
            let view = try call.object(0, as: TenantHostView.self)
            guard let verb = view.instance?.verbs[name] else { throw MFError.stateGone() }
            return try await verb.start(call.withoutSelf()).finish()
        }
    }
}
