internal import Diagnostics

/// A Swift object that Lua sees as a live view.
///
/// The view is a userdata: `view.key`, `view.key = value`, `#view`, `pairs`, `ipairs`, `tostring` and `view:method(…)`
/// work and reach the object; `next`, `rawget` and `rawset` do not. `table.insert`, `remove`, `unpack` and `concat` work
/// on views that answer integer keys. As long as Lua holds a view, the same object is the same userdata.
///
/// All requirements are called on the loop's thread.
///
/// ```swift
/// final class Counter: LuaObject, @unchecked Sendable {
///     static let luaTypeName = "mf.Counter"
///     private var count = 0
///     func luaGet(_ key: LuaKey) -> LuaValue { key == .string("count") ? .integer(Int64(count)) : .nil }
/// }
/// ```
public protocol LuaObject: AnyObject, Sendable {
    /// The name of the type in Lua, such as `mf.Remote`: there is one metatable a name and state.
    static var luaTypeName: String { get }

    /// The methods, `view:method(…)`. They are found before ``luaGet(_:)`` is asked, and get the object as argument 0.
    /// One with the name `__close` is called where a `<close>` variable that holds the view ends; it cannot wait.
    static var luaMethods: [LuaCallable] { get }

    /// Reads `view.key`.
    ///
    /// - Throws: Any error; it is raised in Lua.
    func luaGet(_ key: LuaKey) throws -> LuaValue

    /// Writes `view.key = value`.
    ///
    /// - Throws: Any error; it is raised in Lua.
    func luaSet(_ key: LuaKey, _ value: LuaValue) throws

    /// The keys that `pairs` visits, in this order.
    var luaKeys: [LuaKey] { get }

    /// What `#view` says.
    var luaCount: Int { get }

    /// What `tostring(view)` says.
    var luaDescription: String { get }
}

extension LuaObject {
    /// No methods.
    public static var luaMethods: [LuaCallable] { [] }

    /// Refuses every write.
    ///
    /// - Throws: ``MFError`` with `LUA-004`.
    public func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        throw MFError.readOnlyView(Self.luaTypeName, key: key)
    }

    /// No keys.
    public var luaKeys: [LuaKey] { [] }

    /// Zero.
    public var luaCount: Int { 0 }

    /// The type's name.
    public var luaDescription: String { Self.luaTypeName }
}
