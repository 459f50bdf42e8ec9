/// Lua listeners that are called one after another in one go.
public final class LuaListeners: Sendable {
    /// The state the listeners live in.
    public let state: LuaState
    /// The listeners in order.
    public let functions: [LuaFunction]
    let list: LuaTable

    /// Compiles a list of listeners.
    ///
    /// - Throws: ``MFError`` with `LUA-004` when a function belongs to another state.
    public init(state: LuaState, functions: [LuaFunction]) throws {
        self.state = state
        self.functions = functions
        list = try state.makeTable(.array(functions.map(LuaValue.function)))
    }
}
