/// A Lua value of another kind that Swift holds: foreign userdata, a coroutine.
public final class LuaReference: LuaRef, @unchecked Sendable {
    // A `LuaRef` and a constant: there is no method that would look at the value.

    /// Whether it is a coroutine, which Lua's `type` calls a thread.
    public let isCoroutine: Bool

    init(state: LuaState, slot: Int32, identity: UInt, isCoroutine: Bool = false) {
        self.isCoroutine = isCoroutine
        super.init(state: state, slot: slot, identity: identity)
    }
}
