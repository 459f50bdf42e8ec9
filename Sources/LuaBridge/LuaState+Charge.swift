internal import CLuaShim
public import Diagnostics

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
        case .object(let object): (object as? LuaErrorObject).map { 512 + $0.error.heldBytes } ?? 512
        case .callable: 512
        default: 32
        }
    }
}

extension MFError {
    /// About how many bytes the error takes outside of Lua, with what caused it.
    public var heldBytes: Int {
        var bytes = 0
        var next: MFError? = self
        while let error = next {
            bytes += 512 + error.message.utf8.count + (error.hint?.utf8.count ?? 0) + (error.traceback?.utf8.count ?? 0)
            bytes += error.context.reduce(0) { $0 + 64 + $1.key.utf8.count + $1.value.utf8.count }
            bytes += (error.thrown as? LuaValue)?.heldBytes ?? 0
            next = error.cause as? MFError
        }
        return bytes
    }
}
