extension LuaValue {
    /// Whether the value is `nil`.
    public var isNil: Bool {
        if case .nil = self { true } else { false }
    }

    /// Whether the value is `nil` or `mf.null`.
    public var isNothing: Bool {
        switch self {
        case .nil, .null: true
        default: false
        }
    }

    /// Whether Lua's `if` takes the value as true: everything but `nil` and `false`.
    public var isTruthy: Bool {
        switch self {
        case .nil, .boolean(false): false
        default: true
        }
    }

    /// The boolean, when it is one.
    public var boolValue: Bool? {
        if case .boolean(let flag) = self { flag } else { nil }
    }

    /// The integer, when the value is one or a float without a fraction.
    public var intValue: Int? {
        switch self {
        case .integer(let integer): Int(exactly: integer)
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }

    /// The number, integer or float.
    public var doubleValue: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }

    /// The string, when it is valid UTF-8.
    public var stringValue: String? {
        if case .string(let string) = self { string } else { nil }
    }

    /// The bytes of a string, valid UTF-8 or not.
    public var bytesValue: [UInt8]? {
        switch self {
        case .string(let string): Array(string.utf8)
        case .bytes(let bytes): bytes
        default: nil
        }
    }

    /// The referenced table.
    public var tableValue: LuaTable? {
        if case .table(let table) = self { table } else { nil }
    }

    /// The referenced function.
    public var functionValue: LuaFunction? {
        if case .function(let function) = self { function } else { nil }
    }

    /// The Swift object behind a view.
    public var objectValue: (any LuaObject)? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The elements of a copied list; an empty record is an empty list.
    public var arrayValue: [LuaValue]? {
        switch self {
        case .array(let elements): elements
        case .record(let record) where record.isEmpty: []
        default: nil
        }
    }

    /// The copied table.
    public var recordValue: LuaRecord? {
        if case .record(let record) = self { record } else { nil }
    }

    /// A field of a table, copied or not, or of a view: `module["usage"]`; `.nil` when there is none, or the value has no
    /// fields.
    ///
    /// A table that Lua holds, such as a loaded module, is read on its loop, and so is a view. Where a metamethod raises
    /// the result is `.nil`; ``LuaTable`` has accessors that throw the error.
    public subscript(_ key: String) -> LuaValue {
        switch self {
        case .record(let record): record[key]
        case .table(let table): (try? table.get(key)) ?? .nil
        case .object(let object): (try? object.luaGet(.string(key))) ?? .nil
        default: .nil
        }
    }

    /// An element of a list, copied or not, counted from 1 as in Lua; `.nil` when there is none. Tables that Lua holds are
    /// read on their loop.
    public subscript(_ index: Int) -> LuaValue {
        switch self {
        // The index may be anything: the smallest integer has no predecessor.
        case .array(let elements): elements.indices.contains(index &- 1) ? elements[index &- 1] : .nil
        case .record(let record): record[index]
        case .table(let table): (try? table.get(index)) ?? .nil
        case .object(let object): (try? object.luaGet(.integer(Int64(index)))) ?? .nil
        default: .nil
        }
    }

    /// What Lua's `type` says of the value.
    public var luaTypeName: String {
        switch self {
        case .nil: "nil"
        case .boolean: "boolean"
        case .integer, .number: "number"
        case .string, .bytes: "string"
        case .table, .array, .record: "table"
        case .function, .callable: "function"
        case .userdata(let reference) where reference.isCoroutine: "thread"
        case .userdata, .object, .null: "userdata"
        }
    }
}

extension LuaValue: CustomStringConvertible {
    /// The value as a person would write it.
    public var description: String {
        switch self {
        case .nil: "nil"
        case .null: "null"
        case .boolean(let flag): "\(flag)"
        case .integer(let integer): "\(integer)"
        case .number(let number): "\(number)"
        case .string(let string): "\"\(string)\""
        case .bytes(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
        case .table: "table"
        case .function: "function"
        case .callable(let callable): "function \(callable.name)"
        case .userdata: luaTypeName
        case .object(let object): object.luaDescription
        case .array(let elements): "{\(elements.map(\.description).joined(separator: ", "))}"
        case .record(let record): record.description
        }
    }
}
