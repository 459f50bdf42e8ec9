import Diagnostics
import LuaBridge

extension LuaKey {
    /// The key of a map: strings as they are, integers as decimal text.
    var mapKey: String? {
        switch self {
        case .string(let name): name
        case .integer(let index): String(index)
        default: nil
        }
    }

    /// The key in the words of an error message.
    var messageText: String {
        switch self {
        case .string(let name): "`\(name)`"
        case .integer(let index): "`\(index)`"
        default: "a key that is neither string nor integer"
        }
    }
}

extension LuaValue {
    /// The value as a key of a view.
    var asLuaKey: LuaKey {
        switch self {
        case .string(let name): .string(name)
        case .integer(let index): .integer(index)
        default: .other
        }
    }
}

extension MFError {
    static func notAListIndex(_ key: LuaKey, count: Int) -> MFError {
        MFError(
            .luaConversion, "\(key.messageText) is no index of a list of \(count)",
            hint: "write to the indices 1 to \(count + 1)")
    }

    static func listHole(_ index: Int, count: Int) -> MFError {
        MFError(
            .luaConversion, "removing element \(index) of \(count) would leave a hole in the list",
            hint: "use `table.remove(list, \(index))`")
    }

    static func notAMapKey(_ key: LuaKey) -> MFError {
        MFError(.luaConversion, "\(key.messageText) cannot be written", hint: "use a string")
    }
}
