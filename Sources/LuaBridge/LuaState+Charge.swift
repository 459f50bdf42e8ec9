internal import CLuaShim

extension LuaState {
    /// Counts bytes that are held outside of Lua for the state's code as if Lua had allocated them; fewer, when they are
    /// let go of. On the loop.
    public func charge(_ bytes: Int) {
        guard bytes != 0, let handle = open() else { return }
        mf_charge(handle, Int64(bytes))
    }

    /// Whether the state has gone over a limit by now: to be asked now and then by functions of Swift that take their
    /// time. On the loop, inside of a callable.
    public var isOverLimit: Bool { open().map { mf_over_limit($0) } ?? false }
}

extension LuaValue {
    /// About how many bytes a value takes outside of Lua.
    public var heldBytes: Int {
        switch self {
        case .string(let text): text.utf8.count + 32
        case .bytes(let bytes): bytes.count + 32
        case .array(let elements): elements.reduce(32) { $0 + $1.heldBytes }
        case .record(let record): record.entries.reduce(32) { $0 + $1.key.heldBytes + $1.value.heldBytes }
        default: 32
        }
    }
}
