import LuaBridge

/// Recognises a host in `initScope`; shows whose it is.
final class InitToken: LuaObject {
    // Immutable.
    let from: String
    init(from: String) { self.from = from }
    static let luaTypeName = "mf.InitToken"
    var luaKeys: [LuaKey] { [.string("from")] }
    func luaGet(_ key: LuaKey) -> LuaValue { key == .string("from") ? .string(from) : .nil }
}
