internal import CLuaShim

extension LuaState {
    /// Counts bytes that are held outside of Lua for the state's code as if Lua had allocated them; fewer, when they are
    /// let go of. On the loop.
    public func charge(_ bytes: Int) {
        guard let handle else { return }
        mf_charge(handle, Int64(bytes))
    }
}
