import Diagnostics

/// A Swift type that has a counterpart in Lua.
///
/// Values (`String`, `Int`, arrays …) cross by copy. Classes that are ``LuaObject``s cross as live views and come back as
/// the very instance.
///
/// ```swift
/// let names = try [String].fromLua(value)      // throws: "`[2]`: expected a string, found the number 5"
/// ```
public protocol LuaConvertible: SendableMetatype {
    /// The type as the editor stubs spell it: `string`, `mf.Remote`, `string[]`.
    static var luaType: String { get }

    /// This value in Lua.
    var luaValue: LuaValue { get }

    /// The Swift value of a Lua value.
    ///
    /// - Throws: ``MFError`` with `LUA-004` when it is of another type; the message says where and what was found.
    static func fromLua(_ value: LuaValue) throws -> Self
}

extension LuaConvertible where Self: LuaObject {
    public static var luaType: String { luaTypeName }

    public var luaValue: LuaValue { .object(self) }

    /// The instance behind a view.
    ///
    /// - Throws: ``MFError`` with `LUA-004` if it is of another type.
    public static func fromLua(_ value: LuaValue) throws -> Self {
        guard case .object(let object) = value, let instance = object as? Self else {
            throw MFError.mismatch(expected: luaType, found: value)
        }
        return instance
    }
}

extension LuaValue: LuaConvertible {
    public static var luaType: String { "any" }

    public var luaValue: LuaValue { self }

    public static func fromLua(_ value: LuaValue) throws -> LuaValue { value }
}

extension String: LuaConvertible {
    public static var luaType: String { "string" }

    public var luaValue: LuaValue { .string(self) }

    public static func fromLua(_ value: LuaValue) throws -> String {
        guard case .string(let string) = value else { throw MFError.mismatch(expected: "string", found: value) }
        return string
    }
}

extension Bool: LuaConvertible {
    public static var luaType: String { "boolean" }

    public var luaValue: LuaValue { .boolean(self) }

    public static func fromLua(_ value: LuaValue) throws -> Bool {
        guard case .boolean(let flag) = value else { throw MFError.mismatch(expected: "boolean", found: value) }
        return flag
    }
}

extension Int: LuaConvertible {
    public static var luaType: String { "integer" }

    public var luaValue: LuaValue { .integer(Int64(self)) }

    /// An integer, or a float with an integral value.
    ///
    /// - Throws: ``MFError`` with `LUA-004` if it is of another type.
    public static func fromLua(_ value: LuaValue) throws -> Int {
        switch value {
        case .integer(let integer):
            if let exact = Int(exactly: integer) { return exact }
        case .number(let number):
            if let exact = Int(exactly: number) { return exact }
        default:
            break
        }
        throw MFError.mismatch(expected: "integer", found: value)
    }
}

extension Double: LuaConvertible {
    public static var luaType: String { "number" }

    public var luaValue: LuaValue { .number(self) }

    public static func fromLua(_ value: LuaValue) throws -> Double {
        switch value {
        case .number(let number): return number
        case .integer(let integer): return Double(integer)
        default: throw MFError.mismatch(expected: "number", found: value)
        }
    }
}

extension Optional: LuaConvertible where Wrapped: LuaConvertible {
    public static var luaType: String { "\(Wrapped.luaType)?" }

    public var luaValue: LuaValue { self?.luaValue ?? .nil }

    /// Nil for `nil` and `mf.null`.
    ///
    /// - Throws: ``MFError`` with `LUA-004` if it is of another type.
    public static func fromLua(_ value: LuaValue) throws -> Wrapped? {
        switch value {
        case .nil, .null: return nil
        default: return try Wrapped.fromLua(value)
        }
    }
}

extension Array: LuaConvertible where Element: LuaConvertible {
    public static var luaType: String { "\(Element.luaType)[]" }

    public var luaValue: LuaValue { .array(map(\.luaValue)) }

    public static func fromLua(_ value: LuaValue) throws -> [Element] {
        guard let elements = try value.luaElements() else {
            throw MFError.mismatch(expected: "list", found: value)
        }
        var result: [Element] = []
        result.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            do {
                result.append(try Element.fromLua(element))
            } catch let error as MFError {
                throw error.inside(index: index + 1)
            }
        }
        return result
    }
}
