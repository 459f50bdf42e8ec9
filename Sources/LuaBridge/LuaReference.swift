/// A Lua value of another kind that Swift holds: foreign userdata, a thread.
public final class LuaReference: LuaRef, @unchecked Sendable {
    // Nothing but a `LuaRef`: there is no method that would look at the value.
}
