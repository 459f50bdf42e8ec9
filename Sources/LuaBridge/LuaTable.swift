internal import CLuaShim

/// A Lua table that Swift holds. It is released when Swift lets go of it.
///
/// Every access is one protected call; to read many fields, ``copied(depth:)`` or ``pairs()`` them at once.
public final class LuaTable: LuaRef, @unchecked Sendable {
    // The properties are those of `LuaRef`; the methods go through `LuaState`, which checks the thread.
}

// MARK: - Access that honours metamethods

extension LuaTable {
    /// Reads `table[key]`.
    ///
    /// - Throws: ``MFError`` when a metamethod raises.
    public func get(_ key: String) throws -> LuaValue { try get(.string(key)) }

    /// Reads `table[index]`.
    ///
    /// - Throws: ``MFError``: the error a metamethod raises, `LUA-008` if the state is closed.
    public func get(_ index: Int) throws -> LuaValue { try get(.integer(Int64(index))) }

    /// Reads `table[key]`.
    ///
    /// - Throws: ``MFError``: the error a metamethod raises, `LUA-008` if the state is closed.
    public func get(_ key: LuaValue) throws -> LuaValue {
        try state.tableOperation(MF_TABLE_GET, self, key)
    }

    /// Writes `table[key] = value`.
    ///
    /// - Throws: ``MFError`` when a metamethod raises.
    public func set(_ key: String, _ value: LuaValue) throws { try set(.string(key), value) }

    /// Writes `table[index] = value`.
    ///
    /// - Throws: ``MFError``: the error a metamethod raises, `LUA-008` if the state is closed.
    public func set(_ index: Int, _ value: LuaValue) throws { try set(.integer(Int64(index)), value) }

    /// Writes `table[key] = value`.
    ///
    /// - Throws: ``MFError``: the error a metamethod raises, `LUA-008` if the state is closed.
    public func set(_ key: LuaValue, _ value: LuaValue) throws {
        _ = try state.tableOperation(MF_TABLE_SET, self, key, value)
    }

    /// `#table`; 0 when a metamethod raises.
    public var count: Int {
        ((try? state.tableOperation(MF_TABLE_COUNT, self)) ?? .nil).intValue ?? 0
    }

    /// All pairs, as `pairs(table)` visits them.
    ///
    /// - Throws: ``MFError`` when a metamethod raises.
    public func pairs() throws -> [(LuaValue, LuaValue)] {
        let flat = try state.tableList(MF_TABLE_PAIRS, self)
        return stride(from: 0, to: flat.count - 1, by: 2).map { (flat[$0], flat[$0 + 1]) }
    }
}

// MARK: - Access to the table alone

extension LuaTable {
    /// Reads `rawget(table, key)`.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed, `LUA-004` if the key or value belongs to another
    ///   state.
    public func rawGet(_ key: String) throws -> LuaValue { try rawGet(.string(key)) }

    /// Reads `rawget(table, index)`.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed, `LUA-004` if the key or value belongs to another
    ///   state.
    public func rawGet(_ index: Int) throws -> LuaValue { try rawGet(.integer(Int64(index))) }

    /// Reads `rawget(table, key)`.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed, `LUA-004` if the key or value belongs to another
    ///   state.
    public func rawGet(_ key: LuaValue) throws -> LuaValue {
        try state.tableOperation(MF_TABLE_RAW_GET, self, key)
    }

    /// Writes `rawset(table, key, value)`.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed, `LUA-004` if the key or value belongs to another
    ///   state.
    public func rawSet(_ key: String, _ value: LuaValue) throws { try rawSet(.string(key), value) }

    /// Writes `rawset(table, index, value)`.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed, `LUA-004` if the key or value belongs to another
    ///   state.
    public func rawSet(_ index: Int, _ value: LuaValue) throws { try rawSet(.integer(Int64(index)), value) }

    /// Writes `rawset(table, key, value)`.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed, `LUA-004` if the key or value belongs to another
    ///   state.
    public func rawSet(_ key: LuaValue, _ value: LuaValue) throws {
        _ = try state.tableOperation(MF_TABLE_RAW_SET, self, key, value)
    }

    /// Removes every pair.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed.
    public func removeAll() throws {
        _ = try state.tableOperation(MF_TABLE_CLEAR, self)
    }

    /// A deep copy, made in one call: a list becomes ``LuaValue/array(_:)``, every other table ``LuaValue/record(_:)``
    /// (an empty one, too). Functions and userdata stay references. Metamethods are not asked.
    ///
    /// - Parameter depth: How many tables may be nested in each other.
    /// - Throws: ``MFError`` with `LUA-007` when a table contains itself or is nested more deeply, and `LUA-004` when a
    ///   key is neither string nor integer; the message has the path of the value, such as `a.b[3].c`.
    public func copied(depth: Int = 64) throws -> LuaValue {
        try state.tableOperation(MF_TABLE_COPY, self, argument: Int32(clamping: depth))
    }

    /// A table with the same keys and values, without the metatable.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed.
    public func shallowCopy() throws -> LuaTable {
        let copy = try state.makeTable(.record([:]))
        for (key, value) in try pairs() { try copy.rawSet(key, value) }
        return copy
    }

    /// Sets the metatable; nil takes it away.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed, `LUA-004` if the metatable belongs to another
    ///   state.
    public func setMetatable(_ metatable: LuaTable?) throws {
        _ = try state.tableOperation(MF_TABLE_SET_METATABLE, self, metatable.map(LuaValue.table) ?? .nil)
    }

    /// The metatable, also when it is protected.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed.
    public func metatable() throws -> LuaTable? {
        try state.tableOperation(MF_TABLE_METATABLE, self).tableValue
    }
}
