/// Lua listeners that are called one after another in one go.
public final class LuaListeners: Sendable {
    /// The state the listeners live in.
    public let state: LuaState
    /// The listeners in order.
    public let functions: [LuaFunction]
    let list: LuaTable
    let tallies: LuaTallies?
    let cpu: Duration?

    /// Compiles a list of listeners.
    ///
    /// - Parameters:
    ///   - tallies: Where their calls are counted, one a function; nil: nowhere.
    ///   - cpu: The processor time that an emission may take, without waits; nil: any. For the host's own state: tenants
    ///     have limits of their own.
    /// - Throws: ``MFError`` with `LUA-004` when a function belongs to another state.
    public init(
        state: LuaState, functions: [LuaFunction], tallies: [LuaTally]? = nil, cpu: Duration? = nil
    ) throws {
        precondition(tallies.map { $0.count == functions.count } ?? true, "one tally for each function")
        self.state = state
        self.functions = functions
        self.tallies = tallies.map { LuaTallies($0) }
        self.cpu = cpu
        list = try state.makeTable(.array(functions.map(LuaValue.function)))
    }
}
