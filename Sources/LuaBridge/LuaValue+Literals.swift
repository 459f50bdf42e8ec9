extension LuaValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    /// `nil`.
    public init(nilLiteral: ()) { self = .nil }
    /// `true`, `false`.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    /// `42`.
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension LuaValue: ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// `4.2`.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// `"text"`.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension LuaValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// `[1, "two"]`: a list.
    public init(arrayLiteral elements: LuaValue...) { self = .array(elements) }
    /// `["name": "a", "size": 3]`: a table, in this order.
    public init(dictionaryLiteral elements: (String, LuaValue)...) { self = .record(LuaRecord(elements)) }
}

extension LuaRecord: ExpressibleByDictionaryLiteral {
    /// `["name": "a", "size": 3]`, in this order.
    public init(dictionaryLiteral elements: (String, LuaValue)...) { self.init(elements) }
}
