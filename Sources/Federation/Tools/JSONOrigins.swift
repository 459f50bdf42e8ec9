import Diagnostics
import LuaBridge

/// Remembers of tables that `response:json()` made where the response came from, for as long as the tables are there: a
/// manifest that a plugin returns is taken for one of that place.
final class JSONOrigins {
    private var functions: (note: LuaFunction, find: LuaFunction)?

    /// A decoded value as Lua gets it; a table is noted with its URL.
    func noted(_ value: LuaValue, from url: String, in state: LuaState) throws -> LuaValue {
        guard value.luaTypeName == "table", !url.isEmpty else { return value }
        let table = LuaValue.table(try state.makeTable(value))
        _ = try state.call(try functions(in: state).note, [table, .string(url)])
        return table
    }

    /// Where a table came from, if that is known.
    func url(of value: LuaValue) throws -> String? {
        guard case .table(let table) = value, let functions else { return nil }
        return try table.state.call(functions.find, [value]).first?.stringValue
    }

    /// Forgets everything, when the runtime ends.
    func removeAll() { functions = nil }

    private func functions(in state: LuaState) throws -> (note: LuaFunction, find: LuaFunction) {
        if let functions { return functions }
        let made = try state.call(state.load(Array(Self.source.utf8), name: "=origins"))
        guard made.count == 2, case .function(let note) = made[0], case .function(let find) = made[1] else {
            throw MFError.stateGone()
        }
        functions = (note, find)
        return (note, find)
    }

    private static let source = """
        local origins = setmetatable({}, { __mode = "k" })
        return function(value, url) origins[value] = url end, function(value) return origins[value] end
        """
}
