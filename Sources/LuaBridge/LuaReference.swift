/// A Lua value of another kind that Swift holds: foreign userdata, a thread.
public final class LuaReference: @unchecked Sendable {
    // Immutable, apart from what its state does under its own lock when the slot is given back.

    /// The state that the value lives in.
    public let state: LuaState
    /// Lua's address of the value: two references with one identity are the same value.
    public let identity: UInt
    let slot: Int32

    init(state: LuaState, slot: Int32, identity: UInt) {
        self.state = state
        self.slot = slot
        self.identity = identity
    }

    deinit { state.release(slot) }
}

extension LuaReference: Hashable {
    /// Whether both are the same Lua value.
    public static func == (left: LuaReference, right: LuaReference) -> Bool {
        left.identity == right.identity && left.state === right.state
    }

    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(identity) }
}
