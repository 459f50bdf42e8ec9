import Diagnostics
import EventLoop
import LuaBridge

/// What a tenant has under way beside its calls.
final class TenantTasks: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private let loop: EventLoop
    private let limit: Int
    private let onExcess: () -> Void
    private var alive = 0
    private var spawned: [ObjectIdentifier: SpawnedTask] = [:]

    /// Is called when a spawned task finds the state over a limit.
    var onDoom: () -> Void = {}

    init(loop: EventLoop, limit: Int, onExcess: @escaping () -> Void) {
        (self.loop, self.limit, self.onExcess) = (loop, limit, onExcess)
    }

    private func begin() throws {
        guard alive < limit else {
            onExcess()
            throw MFError(.limitTasks, "\(limit) tasks are under way", hint: "wait for some before starting more")
        }
        alive += 1
    }

    private func counting<T>(_ body: () async throws -> T) async throws -> T {
        try begin()
        defer { alive -= 1 }
        return try await body()
    }

    var sleep: LuaCallable {
        LuaCallable(async: "sleep") { [self] call in
            let milliseconds = try call.number(0)
            guard milliseconds.isFinite, milliseconds >= 0 else { throw call.mismatch(0, "number of milliseconds") }
            try await counting { try await loop.sleep(for: .microseconds(Int64(min(milliseconds, 1e9) * 1000))) }
            return []
        }
    }

    /// A function of the host that counts as a task while it is under way.
    func counted(_ callable: LuaCallable) -> LuaCallable {
        LuaCallable(async: callable.name) { [self] call in
            try await counting { try await callable.start(call).finish() }
        }
    }

    var spawn: LuaCallable {
        LuaCallable("spawn") { [self] call in
            [.object(try start(try call.function(0), Array(call.arguments.dropFirst())))]
        }
    }

    private func start(_ function: LuaFunction, _ arguments: [LuaValue]) throws -> SpawnedTask {
        let state = function.state
        let payer = try state.accountOfCall()
        try begin()
        let held = HeldValues(state)
        held.hold(arguments)
        let started = SpawnedTask(held, loop)
        spawned[ObjectIdentifier(started)] = started
        started.run { [self] in
            defer {
                alive -= 1
                spawned[ObjectIdentifier(started)] = nil
                if state.isDoomed { onDoom() }
            }
            // One task after another: a tenant that spawns many has no more turns than others.
            if loop.hasTurnsWaiting(state) { await loop.giveWay(state) }
            try Task.checkCancellation()
            return try await state.start(function, arguments, sliceable: true, payer: payer).finish()
        }
        return started
    }

    /// Ends what was spawned.
    func cancelAll() {
        for task in spawned.values { task.cancel() }
    }

    var all: LuaCallable {
        LuaCallable(async: "all") { [self] call in
            let functions = try call.table(0).pairs().compactMap { $0.1.functionValue }
            var all: [SpawnedTask] = []
            defer { for task in all { task.cancel() } }
            for function in functions { all.append(try start(function, [])) }
            var results: [LuaValue] = []
            for task in all { results.append(try await task.value().first ?? .nil) }
            return [.array(results)]
        }
    }
}

/// Values that Swift keeps for a tenant, which its memory limit counts for as long as they are kept.
private final class HeldValues: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    // The exception is `deinit`, which sends what it has to do to the loop.
    private let state: LuaState
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

/// A task that has begun: what `mf.spawn` gives a tenant.
final class SpawnedTask: LuaObject, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private let held: HeldValues
    private let loop: EventLoop
    private var task: Task<Void, any Error>?
    private var outcome: Result<LuaValues, any Error>?
    private var waiters: [UInt64: CheckedContinuation<LuaValues, any Error>] = [:]
    private var lastWaiter: UInt64 = 0

    fileprivate init(_ held: HeldValues, _ loop: EventLoop) { (self.held, self.loop) = (held, loop) }

    deinit {
        // A result may be another task, and its result the next: they go one after another, and not inside of each other.
        guard case .success(let results)? = outcome, results.contains(where: { $0.objectValue != nil }) else { return }
        loop.submit { withExtendedLifetime(results) {} }
    }

    fileprivate func run(_ body: @escaping @Sendable () async throws -> LuaValues) {
        task = loop.start { [self] in
            let outcome: Result<LuaValues, any Error>
            do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
            switch outcome {
            case .success(let results): held.hold(results)
            case .failure(let error): held.hold(error)
            }
            self.outcome = outcome
            task = nil
            for waiter in waiters.values { waiter.resume(with: outcome) }
            waiters.removeAll()
        }
    }

    func cancel() { task?.cancel() }

    /// Its results, waited for. Who waits can be cancelled: a task may wait for itself, and would wait for ever.
    func value() async throws -> LuaValues {
        if let outcome { return try outcome.get() }
        lastWaiter += 1
        let number = lastWaiter
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiters[number] = continuation
                }
            }
        } onCancel: {
            loop.runOnLoop { self.waiters.removeValue(forKey: number)?.resume(throwing: CancellationError()) }
        }
    }

    static let luaTypeName = "mf.Task"
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
    static let luaMethods = [
        LuaCallable(async: "wait") { call in
            do {
                return try await call.object(0, as: SpawnedTask.self).value()
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
