internal import CLuaShim
internal import Diagnostics

extension LuaState {
    /// One operation on a table, with what it answers.
    func tableOperation(
        _ operation: Int, _ table: LuaTable, _ key: LuaValue? = nil, _ value: LuaValue? = nil, argument: Int32 = 0,
        member: StaticString = #function
    ) throws -> LuaValue {
        one(try run(operation, table, key, value, argument, member))
    }

    /// One operation on a table that answers any number of values.
    func tableList(
        _ operation: Int, _ table: LuaTable, member: StaticString = #function
    ) throws -> [LuaValue] {
        read(try run(operation, table, nil, nil, 0, member))
    }

    private func run(
        _ operation: Int, _ table: LuaTable, _ key: LuaValue?, _ value: LuaValue?, _ argument: Int32,
        _ member: StaticString
    ) throws -> mf_span {
        let handle = try alive("LuaTable", member)
        var writer = try LuaWireWriter(self, handle)
        if let key { writer.write(key) }
        if let value { writer.write(value) }
        try writer.finish()
        var span = mf_span()
        try check(
            withExtendedLifetime((table, key, value)) {
                mf_table(handle, Int32(operation), table.slot, argument, &span)
            })
        // A tree of values takes several times what it takes on the wire.
        guard mf_has_room(6 * span.count) else { throw MFError.outOfMemory() }
        return span
    }
}
