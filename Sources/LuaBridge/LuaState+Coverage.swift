internal import CLuaShim

extension LuaState {
    /// Counts from now on how often each line of a file runs.
    ///
    /// - Parameter counts: Gets a table a file, by its name, of runs by line. It has to live as long as code runs.
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed.
    package func countLines(in counts: LuaTable) throws {
        mf_count_lines(try alive(), counts.slot)
    }
}
