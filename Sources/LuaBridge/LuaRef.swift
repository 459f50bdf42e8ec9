/// A value that stays in Lua while Swift holds it: what tables, functions and all other references have in common.
///
/// The slot that keeps the value alive is given back when Swift lets go of the reference.
public class LuaRef: @unchecked Sendable {
    // Immutable. `deinit` may run on any thread: the state gives the slot back under a lock of its own.

    /// The state that the value lives in.
    public final let state: LuaState
    /// Lua's address of the value: two references with one identity are the same value.
    public final let identity: UInt
    final let slot: Int32

    init(state: LuaState, slot: Int32, identity: UInt) {
        self.state = state
        self.slot = slot
        self.identity = identity
    }

    deinit { state.release(slot) }
}

extension LuaRef: Hashable {
    /// Whether both are the same Lua value.
    public static func == (left: LuaRef, right: LuaRef) -> Bool {
        left.identity == right.identity && left.state === right.state
    }

    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(identity) }
}
