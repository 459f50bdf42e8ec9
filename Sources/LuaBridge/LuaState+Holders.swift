internal import CLuaShim
internal import Diagnostics

extension LuaState {
    /// A table whose keys keep nothing alive: what is in it after ``collectGarbage()`` is held by something else.
    package func makeWeakTable(holding key: LuaTable? = nil) throws -> LuaTable {
        let table = try makeTable()
        try table.setMetatable(try makeTable(["__mode": "k"]))
        if let key { try table.rawSet(.table(key), .boolean(true)) }
        return table
    }

    /// The shortest paths from the globals, the running code and the registry to code that should be gone.
    ///
    /// - Parameters:
    ///   - globals: A table whose keys are the environments of that code.
    ///   - chunks: A table whose keys are the names of chunks that nothing else was made of: functions that use no globals
    ///     are known by them alone.
    ///   - limit: How many paths are looked for.
    /// - Returns: Lines such as `_G.SHARED.helper = function at plugins/leak-plugin.lua:6`.
    package func holders(ofCodeIn globals: LuaTable, of chunks: LuaTable, limit: Int) throws -> [String] {
        let handle = try alive()
        var span = mf_span()
        try check(
            withExtendedLifetime((globals, chunks)) {
                mf_find_holders(handle, globals.slot, chunks.slot, Int32(clamping: limit), &span)
            })
        return read(span).map(\.lossyString)
    }
}
