/// A Lua function that Swift holds. It is released when Swift lets go of it.
///
/// Call it with ``LuaState/call(_:_:)`` or ``LuaState/callAsync(_:_:)``.
public final class LuaFunction: @unchecked Sendable {
    // Immutable, apart from what its state does under its own lock when the slot is given back.

    /// The state that the function lives in.
    public let state: LuaState
    /// Lua's address of the function: two references with one identity are the same function.
    public let identity: UInt
    let slot: Int32

    init(state: LuaState, slot: Int32, identity: UInt) {
        self.state = state
        self.slot = slot
        self.identity = identity
    }

    deinit { state.release(slot) }
}

extension LuaFunction: Hashable {
    /// Whether both are the same Lua function.
    public static func == (left: LuaFunction, right: LuaFunction) -> Bool {
        left.identity == right.identity && left.state === right.state
    }

    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(identity) }
}
