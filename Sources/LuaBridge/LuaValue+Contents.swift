/// A view that is a list: what turns values into data (JSON, copies) makes an array of it, also when it is empty.
public protocol LuaSequenceObject: LuaObject {}

/// A view that stands for a text: what turns values into data writes what `tostring` says.
public protocol LuaTextObject: LuaObject {}

extension LuaValue {
    /// The pairs of a table, a record, a list or a view, in the order they are kept; nil for everything else.
    ///
    /// - Throws: ``MFError`` when a metamethod or a view raises.
    public func luaEntries() throws -> [(key: LuaValue, value: LuaValue)]? {
        switch self {
        case .table(let table):
            return try table.pairs().map { (key: $0.0, value: $0.1) }
        case .record(let record):
            return record.entries.map { (key: $0.key, value: $0.value) }
        case .array(let elements):
            return elements.enumerated().map { (key: .integer(Int64($0.offset + 1)), value: $0.element) }
        case .object(let object):
            return try object.luaKeys.compactMap { key in
                switch key {
                case .string(let name): (key: .string(name), value: try object.luaGet(key))
                case .integer(let index): (key: .integer(index), value: try object.luaGet(key))
                default: nil
                }
            }
        default:
            return nil
        }
    }

    /// The elements of a list: of an array, or of a table, record or view whose keys are exactly 1 … n.
    ///
    /// An empty table is an empty list. Nil for everything else.
    ///
    /// - Throws: ``MFError`` when a metamethod or a view raises.
    public func luaElements() throws -> [LuaValue]? {
        if case .array(let elements) = self { return elements }
        guard let entries = try luaEntries() else { return nil }
        var elements = [LuaValue?](repeating: nil, count: entries.count)
        for (key, value) in entries {
            guard case .integer(let position) = key, position >= 1, position <= Int64(entries.count) else { return nil }
            elements[Int(position) - 1] = value
        }
        return elements.compactMap { $0 }
    }
}
