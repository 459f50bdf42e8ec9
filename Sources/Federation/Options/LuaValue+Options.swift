import Diagnostics
import LuaBridge

// How values of any origin are looked into: of Lua, copied, or views.

extension LuaValue {
    static func optional(_ text: String?) -> LuaValue { text.map { .string($0) } ?? .nil }
    static func optional(_ object: (any LuaObject)?) -> LuaValue { object.map { .object($0) } ?? .nil }

    static func optional(_ flag: Bool?) -> LuaValue { flag.map { .boolean($0) } ?? .nil }

    /// Whether it is a function on either side.
    var isCallable: Bool {
        switch self {
        case .function, .callable: true
        default: false
        }
    }

    /// A list of strings from a table, a copied list or a view.
    func strings(expecting what: String) throws -> [String] {
        if case .array(let elements) = self { return try elements.map(String.fromLua) }
        return try entries(expecting: what).map { try String.fromLua($0.1) }
    }

    /// Bytes as a Lua string.
    static func of(_ bytes: [UInt8]) -> LuaValue {
        String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .bytes(bytes)
    }

    /// Whether it has keys: a table on either side, or a view.
    var isTable: Bool { luaTypeName == "table" || objectValue != nil }

    /// A value under a name; nil where there is none, and for what has no keys.
    func field(_ name: String) throws -> LuaValue {
        switch self {
        case .table(let table): try table.get(name)
        case .record(let record): record[name]
        case .object(let object): try object.luaGet(.string(name))
        default: .nil
        }
    }

    /// The names among its keys; none for what has no keys.
    var textKeys: [String] {
        get throws { isTable ? try entries(expecting: "a table").compactMap(\.0.stringValue) : [] }
    }

    /// The entries of a table, a copied table, or a view.
    func entries(expecting typeName: String) throws -> [(LuaValue, LuaValue)] {
        switch self {
        case .table(let table): return try table.pairs()
        case .record(let record): return record.entries.map { ($0.key, $0.value) }
        case .array(let values): return values.enumerated().map { (.integer(Int64($0 + 1)), $1) }
        case .object(let object):
            return try object.luaKeys.compactMap { key in
                let value = try object.luaGet(key)
                switch key {
                case .string(let name): return (.string(name), value)
                case .integer(let index): return (.integer(index), value)
                default: return nil
                }
            }
        default: throw MFError.wrongType(expected: typeName, found: self)
        }
    }

    /// A table as a copy that no longer belongs to a state; views and functions inside stay what they are.
    func detached() throws -> LuaValue {
        if case .table(let table) = self { return try table.copied() }
        return self
    }
}

extension MFError {
    /// A value of the wrong type.
    static func wrongType(expected: String, found: LuaValue) -> MFError {
        .mismatch(expected: expected, found: found)
    }
}
