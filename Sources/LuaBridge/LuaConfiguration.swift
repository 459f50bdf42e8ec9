internal import CLuaShim

/// What a new ``LuaState`` starts with.
public struct LuaConfiguration: Sendable {
    /// How many bytes Lua may use; nil: any number.
    ///
    /// The cap is soft: an allocation beyond it succeeds within ``memoryMargin``, and the state is stopped.
    public var memoryCap: Int?
    /// How far allocations may go beyond the cap before they fail.
    public var memoryMargin = 1 << 20

    /// Opens the libraries.
    let open: @Sendable (LuaState) throws -> Void
    // Set before the state is made, by a test that keeps what it points to until the state is closed.
    /// Fault injection, for tests.
    nonisolated(unsafe) var fault: UnsafeMutablePointer<mf_fault>?

    /// Whether the state is a tenant's.
    let isTenant: Bool

    init(isTenant: Bool = false, open: @escaping @Sendable (LuaState) throws -> Void) {
        (self.isTenant, self.open) = (isTenant, open)
    }

    /// All of Lua's standard libraries, with a `coroutine` library and a `require` through which code can wait.
    public static let host = host(ignoringEnvironment: false)

    /// The same, for which `LUA_PATH` and `LUA_CPATH` may be passed over, as `lua -E` does it.
    public static func host(ignoringEnvironment: Bool) -> LuaConfiguration {
        LuaConfiguration { state in
            try state.check(mf_open_host_libraries(try state.alive(), ignoringEnvironment))
            try state.installRequire()
        }
    }
}
