internal import CLuaShim
internal import Diagnostics
internal import EventLoop

/// A coroutine of the C side that waits.
struct LuaTask: @unchecked Sendable {
    // Used on the loop's thread only, and by one driver.
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }
}

extension LuaState {
    /// Awaits what a coroutine waits for, hands the results in, until it has ended.
    ///
    /// - Parameter emission: What is known of the emission, if it is one.
    /// - Returns: The last status and output.
    func drive(_ task: LuaTask, _ first: Int32, emission: inout mf_emission) async throws -> (Int32, mf_span) {
        var status = first
        var span = mf_span()
        while true {
            var reply = Int32(MF_REPLY_VALUES)
            switch Int(status) {
            case MF_WAITING: reply = try await wait(task)
            case MF_SLICED: try await giveWay(task)
            default: return (status, span)
            }
            status = mf_task_resume(task.pointer, reply, &emission, &span)
        }
    }

    /// Runs the function that the coroutine called, and writes its answer.
    private func wait(_ task: LuaTask) async throws -> Int32 {
        guard let waited = pending else {
            preconditionFailure("a coroutine waits for nothing: this is a bug, please file an issue")
        }
        pending = nil
        let outcome: Swift.Result<LuaValues, any Error>
        do { outcome = .success(try await waited.body(waited.call)) } catch { outcome = .failure(error) }
        try checkUse(of: task)
        return reply(outcome)
    }

    private func giveWay(_ task: LuaTask) async throws {
        await loop.yield()
        try checkUse(of: task)
        guard let handle else { return }
        _ = mf_input(handle)
    }

    /// Lets go of a coroutine that waits: it never goes on, and nothing in Lua can catch that.
    func drop(_ task: LuaTask) {
        guard handle != nil else { return }
        mf_task_drop(task.pointer)
        for observer in dropObservers { observer(Int64(Int(bitPattern: task.pointer))) }
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
