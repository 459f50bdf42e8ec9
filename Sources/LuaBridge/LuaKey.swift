/// A key by which Lua reads or writes a view.
public enum LuaKey: Sendable, Hashable {
    /// `view.name`, `view["name"]`.
    case string(String)
    /// `view[1]`.
    case integer(Int64)
    /// Anything else: floats, booleans, tables …
    case other
}

extension LuaKey: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// `"name"`.
    public init(stringLiteral value: String) { self = .string(value) }
    /// `1`.
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension LuaKey: CustomStringConvertible {
    /// The key as one writes it in Lua.
    public var description: String {
        switch self {
        case .string(let name): name
        case .integer(let index): "[\(index)]"
        case .other: "[?]"
        }
    }
}
