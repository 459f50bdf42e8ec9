internal import CLuaShim
internal import Diagnostics
public import EventLoops

extension LuaState {
    /// Calls a function and returns its results.
    ///
    /// - Throws: ``MFError``: `LUA-002` with what was raised (or the very error that Swift raised below it), `LUA-005`
    ///   when something inside wants to wait, `LUA-008` when the state is closed.
    public func call(_ function: LuaFunction, _ arguments: [LuaValue] = []) throws -> [LuaValue] {
        let handle = try alive()
        try write(arguments, callee: function, handle)
        var span = mf_span()
        let status = withExtendedLifetime(arguments) {
            mf_call(handle, function.slot, Int32(arguments.count), &span)
        }
        try check(status)
        return read(span)
    }

    /// Calls a function in a pooled coroutine; where it waits, this task waits and the loop goes on. From anywhere.
    ///
    /// When this task is cancelled while Lua waits, or computes, the coroutine is dropped: nothing in Lua can catch that.
    ///
    /// - Parameters:
    ///   - deadline: How long the call may take, its waits included; nil: any time.
    ///   - activity: What the call is part of while it waits; asked for when it does.
    /// - Throws: as ``call(_:_:)``; ``MFError`` with `LUA-013` when the time is up, `LOAD-001` when the activity would wait
    ///   for itself; `CancellationError` when the task was cancelled.
    public func callAsync(
        _ function: LuaFunction, _ arguments: [LuaValue] = [], deadline: Duration? = nil,
        as activity: () -> Activity? = { nil }
    ) async throws -> [LuaValue] {
        guard loop.isOnLoop, deadline == nil else {
            return try await loop.perform(deadline: deadline) { try await self.callAsync(function, arguments) }
        }
        return try await run(function, arguments, chained: false, as: activity)
    }

    /// Calls a function and, when it returns a function, that one too, both in one go: as a container's `get` and the
    /// module factory that it gives.
    ///
    /// - Returns: Whether a function came back and was called; its first result, else what came back instead.
    /// - Throws: as ``callAsync(_:_:)``, of either call.
    public func callThrough(
        _ function: LuaFunction, _ arguments: [LuaValue] = [], as activity: () -> Activity? = { nil }
    ) async throws -> (isResult: Bool, value: LuaValue) {
        guard loop.isOnLoop else { return try await loop.perform { try await self.callThrough(function, arguments) } }
        let values = try await run(function, arguments, chained: true, as: activity)
        if values.count == 2 { return (true, values[1]) }
        return (false, values.first ?? .nil)
    }

    private func run(
        _ function: LuaFunction, _ arguments: [LuaValue], chained: Bool, as activity: () -> Activity?
    ) async throws -> [LuaValue] {
        let handle = try alive()
        try write(arguments, callee: function, handle)
        var span = mf_span()
        var task: OpaquePointer?
        let status = withExtendedLifetime(arguments) {
            mf_task_call(handle, function.slot, Int32(arguments.count), chained, &task, &span)
        }
        if status == Int32(MF_OK) { return read(span) }
        guard let task else { try fail(status) }
        var emission = mf_emission()
        let (last, results) = try await drive(LuaTask(task), status, emission: &emission, as: activity())
        try check(last)
        return read(results)
    }

    /// `tostring(value)`; a sentence about it when a metamethod raises.
    public func toString(_ value: LuaValue) -> String {
        do {
            let handle = try alive()
            var writer = try LuaWireWriter(self, handle)
            writer.write(value)
            try writer.finish()
            var span = mf_span()
            try check(withExtendedLifetime(value) { mf_to_string(handle, &span) })
            var reader = LuaWireReader(self, span)
            return reader.value().lossyString
        } catch {
            return "(a \(value.luaTypeName))"
        }
    }

    func write(_ arguments: [LuaValue], callee: LuaFunction, _ handle: OpaquePointer) throws {
        if callee.state !== self { throw MFError.foreignValue("function") }
        var writer = try LuaWireWriter(self, handle)
        for argument in arguments { writer.write(argument) }
        try writer.finish()
    }

    func read(_ span: mf_span) -> [LuaValue] {
        var reader = LuaWireReader(self, span)
        return reader.values()
    }
}
