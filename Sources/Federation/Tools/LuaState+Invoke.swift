import Diagnostics
import EventLoops
import LuaBridge

/// Calling functions of either side: of Lua, and of Swift.
extension LuaState {
    /// Calls a function that may wait and returns its first result.
    ///
    /// - Parameter activity: What the call is part of while it waits.
    func invoke(
        _ function: LuaValue, _ arguments: [LuaValue], as activity: () -> Activity? = { nil }
    ) async throws -> LuaValue {
        let function = try self.function(function)
        return try await function.state.callAsync(function, arguments, as: activity).first ?? .nil
    }

    /// Calls a function that gives another, and that one; see ``callThrough(_:_:)``.
    func invokeThrough(
        _ function: LuaValue, _ arguments: [LuaValue], as activity: () -> Activity?
    ) async throws -> (isResult: Bool, value: LuaValue) {
        let function = try self.function(function)
        return try await function.state.callThrough(function, arguments, as: activity)
    }

    /// Calls a function that may not wait and returns its first result.
    func invokeNow(_ function: LuaValue, _ arguments: [LuaValue]) throws -> LuaValue {
        let function = try self.function(function)
        return try function.state.call(function, arguments).first ?? .nil
    }

    /// Calls a function of no arguments; nothing when it would have to wait.
    func invokeWithoutWaiting(_ function: LuaValue) throws -> LuaValue? {
        do {
            return try invokeNow(function, [])
        } catch MFError.Code.cannotWait {
            return nil
        }
    }

    private func function(_ value: LuaValue) throws -> LuaFunction {
        switch value {
        case .function(let function): return function
        case .callable(let callable): return try makeFunction(callable)
        default: throw MFError.wrongType(expected: "function", found: value)
        }
    }
}
