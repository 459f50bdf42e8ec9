import EventLoops
import LuaBridge

extension FederationRegistry {
    /// Ends a call of Lua at once, or, where commands of secrets have to run first, when they have.
    ///
    /// Where the caller cannot wait, the commands hold up the loop.
    ///
    /// - Parameter value: What the secrets are looked for in.
    func afterCommands(
        in value: LuaValue, _ call: LuaCall, _ body: @escaping @Sendable (LuaCall) throws -> LuaValues
    ) throws -> CallOutcome {
        let secrets = Secret.commands(in: value)
        guard !secrets.isEmpty, call.state.canWait else { return .done(try body(call)) }
        let caller = call.state.caller()
        return .waiting(
            TenantPending { [self] in
                try await self.secrets.afterCommands(of: secrets, on: loop) {
                    self.caller = caller
                    defer { self.caller = nil }
                    return try body(call)
                }
            })
    }

    /// Does something when the commands of the secrets in a value have run.
    func afterCommands<T>(in value: LuaValue, _ body: () throws -> T) async throws -> T {
        try await secrets.afterCommands(of: Secret.commands(in: value), on: loop, body)
    }
}
