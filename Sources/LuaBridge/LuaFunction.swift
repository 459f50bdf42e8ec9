/// A Lua function that Swift holds. It is released when Swift lets go of it.
///
/// Call it with ``LuaState/call(_:_:)`` or ``LuaState/callAsync(_:_:)``.
public final class LuaFunction: LuaRef, @unchecked Sendable {
    // Nothing but a `LuaRef`: a function is called by handing it to `LuaState`.
}
