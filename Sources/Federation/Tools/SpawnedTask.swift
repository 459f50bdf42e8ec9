import Diagnostics
import EventLoops
import LuaBridge

/// A function that runs beside the one that started it: what `mf.spawn` returns.
final class SpawnedTask: LuaObject, @unchecked Sendable {
    // Its methods are called by a state, its task and its waiters run on the loop of `runner`; `deinit` sends there what is left to
    // do.
    private let runner: TaskRunner
    /// Identifies the task among those of its runner.
    let number: Int
    /// The task, as those who wait for it see it.
    let activity: Activity
    /// Where it was started, for a tenant's; nil where that is not known.
    let place: String?
    private let held: HeldValues
    private var task: Task<Void, any Error>?
    private var outcome: Result<LuaValues, any Error>?
    private var waiters: [UInt64: CheckedContinuation<LuaValues, any Error>] = [:]
    private var lastWaiter: UInt64 = 0
    private var isCancelled = false
    /// Whether it ends as soon as nobody waits for it.
    private var isRetired = false

    init(
        _ number: Int, _ runner: TaskRunner, _ held: HeldValues, startedAt place: String?,
        name: @escaping @Sendable () -> String
    ) {
        (self.number, self.runner, self.held, self.place) = (number, runner, held, place)
        activity = Activity(name(), .task, number: -Int64(number))
    }

    deinit {
        let (runner, number, outcome) = (runner, number, outcome)
        guard let outcome else { return }
        switch outcome {
        case .failure: runner.loop.submit { runner.reportUnheard(number) }
        case .success(let results):
            // A result may be another task, and its result the next: they go one after another, and not inside of each
            // other.
            guard results.contains(where: { $0.objectValue != nil }) else { return }
            runner.loop.submit { withExtendedLifetime(results) {} }
        }
    }

    func run(_ body: @escaping @Sendable () async throws -> LuaValues) {
        // What a load starts beside itself is no part of the load.
        Activity.$running.withValue(activity) {
            PinnedView.$current.withValue(nil) {
                task = runner.loop.start { [self] in
                    do { end(.success(try await body())) } catch { end(.failure(error)) }
                }
            }
        }
    }

    private func end(_ outcome: Result<LuaValues, any Error>) {
        switch outcome {
        case .success(let results): held.hold(results)
        case .failure(let error):
            held.hold(error)
            // What a cancelled task fails with is no news, whatever it is.
            if waiters.isEmpty, !isCancelled, !(error is CancellationError) {
                runner.note(unheard: error, of: number, in: held.state)
            }
        }
        self.outcome = outcome
        task = nil
        for waiter in waiters.sorted(by: { $0.key < $1.key }) { waiter.value.resume(with: outcome) }
        waiters.removeAll()
    }

    /// Ends the task where it waits; its `<close>` variables are closed.
    func cancel() {
        if outcome == nil { isCancelled = true }
        task?.cancel()
    }

    /// Ends the task as soon as nobody waits for it.
    func retire() {
        isRetired = true
        if waiters.isEmpty { cancel() }
    }

    /// Its results, waited for.
    ///
    /// - Throws: what the task throws; ``MFError`` with `LOAD-001` when it waits for the caller.
    func value() async throws -> LuaValues {
        runner.forgetUnheard(number)
        if let outcome { return try outcome.get() }
        return try await activity.awaited { try await ending() }
    }

    private func ending() async throws -> LuaValues {
        lastWaiter += 1
        let waiter = lastWaiter
        let caller = Activity.current
        if let caller {
            runner.workerWaits?.begin(caller, for: activity) { [weak self] in self?.leave(waiter, with: $0) }
        }
        defer { if let caller { runner.workerWaits?.end(caller, for: activity) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiters[waiter] = continuation
                }
            }
        } onCancel: {
            runner.loop.runOnLoop { self.leave(waiter, with: CancellationError()) }
        }
    }

    private func leave(_ waiter: UInt64, with error: any Error) {
        waiters.removeValue(forKey: waiter)?.resume(throwing: error)
        if isRetired, waiters.isEmpty { cancel() }
    }

    static let luaTypeName = "mf.Task"
    var luaKeys: [LuaKey] { [.string("status")] }
    func luaGet(_ key: LuaKey) -> LuaValue { key == .string("status") ? .string(status) : .nil }

    private var status: String {
        switch outcome {
        case nil: "running"
        case .success: "done"
        case .failure(let error): isCancelled || error is CancellationError ? "cancelled" : "failed"
        }
    }

    static let luaMethods = [
        LuaCallable(async: "wait") { call in
            let task = try call.object(0, as: SpawnedTask.self)
            do {
                return try await task.value()
            } catch is CancellationError {
                throw MFError.taskCancelled()
            }
        },
        LuaCallable("cancel") { call in
            try call.object(0, as: SpawnedTask.self).cancel()
            return []
        },
    ]
}

/// Values that Swift keeps for a tenant, which its memory limit counts for as long as they are kept.
final class HeldValues {
    // The exception is `deinit`, which sends what it has to do to the loop.
    let state: LuaState
    private var bytes = 0

    init(_ state: LuaState) { self.state = state }

    func hold(_ values: LuaValues) { hold(values.reduce(0) { $0 + $1.heldBytes }) }

    func hold(_ error: any Error) { hold((error as? MFError)?.heldBytes ?? 512) }

    private func hold(_ bytes: Int) {
        state.charge(bytes - self.bytes)
        self.bytes = bytes
    }

    deinit {
        if bytes > 0 { state.loop.runOnLoop { [state, bytes] in state.charge(-bytes) } }
    }
}

extension MFError {
    /// Somebody waits for a task that was cancelled.
    static func taskCancelled() -> MFError {
        MFError(.luaRuntime, "the task was cancelled", hint: "look at `task.status` before waiting")
    }
}
