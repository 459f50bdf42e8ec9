import Diagnostics
import EventLoop
import Logging
import LuaBridge

extension MFLibrary {
    /// Work beside work: `mf.sleep`, `mf.spawn`, `mf.all`.
    static let taskFunctions = [
        Function(
            name: "now", signature: "fun(): number",
            summary: "Milliseconds on a clock that only runs forward; for measuring, not for dates."
        ) { runtime in
            let start = runtime.loop.now
            return LuaCallable("now") { _ in
                let elapsed = start.duration(to: runtime.loop.now).components
                return [.number(Double(elapsed.seconds) * 1_000 + Double(elapsed.attoseconds) / 1e15)]
            }
        },
        Function(name: "sleep", signature: "fun(ms: number)", summary: "Waits; other work goes on.") { runtime in
            LuaCallable(async: "sleep") { call in
                let milliseconds = try call.number(0)
                guard milliseconds.isFinite, milliseconds >= 0 else { throw call.mismatch(0, "number of milliseconds") }
                try await runtime.loop.sleep(for: .microseconds(Int64(min(milliseconds, 1e12) * 1_000)))
                return []
            }
        },
        Function(
            name: "spawn", signature: "fun(f: fun(...): any, ...): mf.Task",
            summary: """
                Starts a function beside the caller; `task:wait()` gives its results or raises its error, `task:cancel()` \
                ends it. An error that nobody is waiting for is printed; the host goes on, and `mflua` ends with exit code \
                1 once its work is done.
                """
        ) { runtime in
            LuaCallable("spawn") { call in
                let function = try call.function(0)
                return [.object(LuaTask(function, Array(call.arguments.dropFirst()), in: runtime))]
            }
        },
        Function(
            name: "all", signature: "fun(functions: (fun(): any)[]): any[]",
            summary: "Runs functions side by side and returns their first results; the first failure is raised at once."
        ) { runtime in
            LuaCallable(async: "all") { call in
                let functions = try call[0].entries(expecting: "a list of functions").map { $0.1 }
                return [.table(try await runtime.all(functions))]
            }
        },
    ]
}

extension Runtime {
    /// Runs functions side by side; the results in their order.
    fileprivate func all(_ functions: [LuaValue]) async throws -> LuaTable {
        let gathering = Gathering(count: functions.count)
        let tasks = functions.enumerated().map { index, function in
            loop.start { [self] in
                do {
                    gathering.finish(index, try await call(function, []))
                } catch {
                    gathering.fail(error)
                }
            }
        }
        let results = try await withTaskCancellationHandler {
            try await gathering.results()
        } onCancel: {
            for task in tasks { task.cancel() }
        }
        let table = try state.makeTable()
        for (index, result) in results.enumerated() { try table.rawSet(index + 1, result) }
        return table
    }
}

/// Results that come in one by one.
private final class Gathering: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private var values: [LuaValue]
    private var missing: Int
    private var failure: (any Error)?
    private var waiter: CheckedContinuation<[LuaValue], any Error>?

    init(count: Int) {
        values = Array(repeating: .nil, count: count)
        missing = count
    }

    func finish(_ index: Int, _ value: LuaValue) {
        values[index] = value
        missing -= 1
        guard missing == 0 else { return }
        waiter?.resume(returning: values)
        waiter = nil
    }

    func fail(_ error: any Error) {
        if failure == nil { failure = error }
        waiter?.resume(throwing: error)
        waiter = nil
    }

    func results() async throws -> [LuaValue] {
        if let failure { throw failure }
        if missing == 0 { return values }
        return try await withCheckedThrowingContinuation { waiter = $0 }
    }
}

/// A function that runs beside the one that started it.
final class LuaTask: LuaObject, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private var task: Task<[LuaValue], any Error>!
    private var isAwaited = false
    private var state = "running"

    init(_ function: LuaFunction, _ arguments: [LuaValue], in runtime: Runtime) {
        let starter = Starter()
        let work = runtime.work.begin { starter.task?.cancel() }
        let owner = runtime.reloads.owner
        let token = owner?.own(inDispatch: PinnedView.isInDispatch) { starter.task?.cancel() }
        // What a load starts beside itself is no part of the load.
        task = PinnedView.$current.withValue(nil) {
            runtime.loop.start { [weak self] in
                defer {
                    runtime.work.end(work)
                    if let token { owner?.release(token) }
                }
                do {
                    let results = try await function.state.callAsync(function, arguments)
                    self?.state = "done"
                    return results
                } catch {
                    self?.state = error is CancellationError ? "cancelled" : "failed"
                    // What a cancelled task fails with is no news, whatever it is.
                    if !Task.isCancelled, self?.isAwaited != true { runtime.report(unhandled: error) }
                    throw error
                }
            }
        }
        starter.task = task
        if let owner, let token, !owner.holds(token) { task.cancel() }
    }

    /// Hands the task to its own cancellation.
    private final class Starter: @unchecked Sendable {
        // Written before the registration can be used: both happen on the loop's thread.
        var task: Task<[LuaValue], any Error>?
    }

    static let luaTypeName = "mf.Task"
    var luaKeys: [LuaKey] { [.string("status")] }
    func luaGet(_ key: LuaKey) -> LuaValue { key == .string("status") ? .string(state) : .nil }

    static let luaMethods = [
        LuaCallable(async: "wait") { call in
            let task = try call.object(0, as: LuaTask.self)
            task.isAwaited = true
            do {
                return try await task.task.value
            } catch is CancellationError {
                throw MFError.taskCancelled()
            }
        },
        LuaCallable("cancel") { call in
            try call.object(0, as: LuaTask.self).task.cancel()
            return []
        },
    ]
}

extension MFError {
    /// Somebody waits for a task that was cancelled.
    static func taskCancelled() -> MFError {
        MFError(.luaRuntime, "the task was cancelled", hint: "look at `task.status` before waiting")
    }
}
