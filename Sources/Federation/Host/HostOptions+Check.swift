import Diagnostics
import LuaBridge

extension HostOptions {
    /// Options as a call gives them, checked as a whole before anything is done with them.
    ///
    /// - Parameter host: The host that they are for, if it is there already: they may name its tenants.
    /// - Throws: ``MFError`` with `LUA-009` when the argument is no table, `LUA-012` that names everything wrong inside.
    static func read(_ call: LuaCall, for host: HostContext?) throws -> HostOptions {
        guard call[0].isTable else { throw call.mismatch(0, "table") }
        try check(call[0], for: host, of: call.name)
        return try fromLua(call[0])
    }

    /// Checks options as a whole.
    ///
    /// - Throws: ``MFError`` with `LUA-012` that names everything wrong with them.
    static func check(_ value: LuaValue, for host: HostContext?, of function: String) throws {
        let own = try value.field("tenants").luaEntries()?.compactMap(\.key.stringValue) ?? []
        var checker = OptionChecker(
            tenants: (host?.tenants.names ?? []).union(own), hooks: Lifecycle.table.names)
        try optionType().check(value, &checker)
        try checker.finish(of: function)
    }
}
