internal import CLuaShim
internal import Diagnostics
internal import EventLoops

/// A coroutine of the C side that waits.
struct LuaTask: @unchecked Sendable {
    // A pointer that means something to the C side alone; `drive` and `drop`, which take it, check the thread.
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }
}

extension LuaState {
    /// Drives a coroutine as an activity, for which the running task's activity waits meanwhile.
    func drive(
        _ task: LuaTask, _ first: Int32, emission: inout mf_emission, as activity: Activity?
    ) async throws -> (Int32, mf_span) {
        guard let activity else { return try await drive(task, first, emission: &emission) }
        let waited = pending
        pending = nil
        var isDriven = false
        do {
            return try await activity.run {
                isDriven = true
                pending = waited
                return try await drive(task, first, emission: &emission, noting: activity)
            }
        } catch {
            if !isDriven { drop(task) }
            throw error
        }
    }

    /// Awaits what a coroutine waits for, hands the results in, until it has ended.
    ///
    /// - Parameter emission: What is known of the emission, if it is one.
    /// - Parameter activity: Is told which listener of the emission runs.
    /// - Returns: The last status and output.
    func drive(
        _ task: LuaTask, _ first: Int32, emission: inout mf_emission, noting activity: Activity? = nil
    ) async throws -> (Int32, mf_span) {
        var status = first
        var span = mf_span()
        while true {
            switch Int(status) {
            case MF_WAITING:
                activity?.listener = Int(emission.listener)
                var (values, isError) = try await wait(task, isCounted: emission.tallies != nil)
                do { try write(values) } catch {
                    (values, isError) = ([.error(error, in: self)], true)
                    try write(values)
                }
                let reply = Int32(isError ? MF_REPLY_ERROR : MF_REPLY_VALUES)
                status = withExtendedLifetime(values) { mf_task_resume(task.pointer, reply, &emission, &span) }
            case MF_SLICED:
                try await yieldFairly(task)
                try write([])
                status = mf_task_resume(task.pointer, Int32(MF_REPLY_VALUES), &emission, &span)
            default: return (status, span)
            }
        }
    }

    /// Runs the function that the coroutine called; what it returns, or its error as a value.
    private func wait(_ task: LuaTask, isCounted: Bool) async throws -> (values: LuaValues, isError: Bool) {
        guard let waited = pending else {
            preconditionFailure("a coroutine waits for nothing: this is a bug, please file an issue")
        }
        pending = nil
        let outcome: Swift.Result<LuaValues, any Error>
        let held = isTenant ? waited.call.arguments.reduce(0) { $0 + $1.heldBytes } : 0
        charge(held)
        let (begun, turn) = (isTenant || isCounted ? loop.now : nil, loop.turnCount)
        do {
            outcome = .success(
                moduleLoads.isEmpty
                    ? try await waited.body(waited.call) : try await asModules(of: task, waited.body, waited.call))
        } catch {
            outcome = .failure(error)
        }
        // A task that does not prefer the loop comes back elsewhere.
        loop.checkOnLoop("LuaState", "callAsync(_:_:)")
        charge(-held)
        try checkUse(of: task)
        if let begun {
            let time = begun.duration(to: loop.now).wholeNanoseconds
            mf_task_waited(task.pointer, UInt64(clamping: time))
            // When nothing else ran meanwhile, the time was spent for this call.
            if isTenant, turn == loop.turnCount { mf_task_charge(task.pointer, time) }
        }
        switch outcome {
        case .success(let values): return (values, false)
        case .failure(let error): return ([.error(error, in: self)], true)
        }
    }

    /// Runs what a coroutine waits for; the innermost of the modules that it is loading waits for it.
    private func asModules(
        of task: LuaTask, _ body: @Sendable (LuaCall) async throws -> LuaValues, _ call: LuaCall
    ) async throws -> LuaValues {
        guard let (outermost, innermost) = moduleLoads.ends(of: LuaModuleLoads.Call(task: task.pointer)) else {
            return try await body(call)
        }
        return try await outermost.awaited {
            try await Activity.$running.withValue(innermost) { try await body(call) }
        }
    }

    private func write(_ values: LuaValues) throws {
        var writer = try LuaWireWriter(self, try alive())
        for value in values { writer.write(value) }
        try writer.finish()
    }

    private func yieldFairly(_ task: LuaTask) async throws {
        await loop.yieldFairly(self)
        loop.checkOnLoop("LuaState", "callAsync(_:_:)")
        try checkUse(of: task)
    }

    /// Ends a coroutine that waits: its `<close>` variables are closed, as by `coroutine.close`; nothing in Lua can catch
    /// that. In a state that is over a limit nothing is closed.
    func drop(_ task: LuaTask) {
        guard handle != nil else { return }
        mf_task_close(task.pointer)
        for gates in gates { gates.value?.open(ofTask: Int64(Int(bitPattern: task.pointer)), in: self) }
    }

    /// Ends all coroutines that wait, as a dropped one ends, and closes the state.
    package func closeWithTasks() {
        if let handle = open() { mf_tasks_close(handle) }
        close()
    }

    /// Throws when the coroutine is not to be resumed any more.
    private func checkUse(of task: LuaTask) throws {
        if handle == nil { throw MFError.stateClosed() }
        if Task.isCancelled {
            drop(task)
            throw CancellationError()
        }
    }
}

extension Duration {
    /// Rounded towards zero and clamped.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return Int64(clamping: Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000))
    }
}
