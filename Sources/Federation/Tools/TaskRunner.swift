import Diagnostics
import EventLoops
import LuaBridge

/// Runs the tasks of one Lua state, the host's or a tenant's: `mf.spawn`, `mf.all`, `mf.sleep`.
final class TaskRunner: @unchecked Sendable {
    // Called by the functions of one state, and by the tasks and timers that it starts on `loop`.
    let loop: EventLoop
    /// How many may be under way; nil: any number.
    private let limit: Int?
    /// What is done when there would be more; it is told where the task was started that asks for one, if one does.
    private let onExcess: (String?) -> Void
    private var alive = 0
    private var spawned: [Int: SpawnedTask] = [:]
    private var lastNumber = 0
    /// The failures that nobody has waited for, by the number of the task.
    private var unheard: [Int: any Error] = [:]
    private var collection: TimerID?

    /// Keeps the runtime alive while a task runs; nil where something else does.
    var work: KeepAlive?
    /// Tells of a failure when it is certain that nobody waits for it.
    var report: @Sendable (any Error) -> Void = { _ in }
    /// Whether the garbage of a failed task's state is collected soon; not where the state does so often enough.
    var collectsGarbage = false
    /// In a worker: is told of each wait for a task.
    var workerWaits: (any ActivityObserver)?
    /// Is called when a task finds the state over a limit.
    var onViolation: () -> Void = {}

    init(loop: EventLoop, limit: Int? = nil, onExcess: @escaping (String?) -> Void = { _ in }) {
        (self.loop, self.limit, self.onExcess) = (loop, limit, onExcess)
    }

    // MARK: - Tasks

    private func begin() throws {
        if let limit, alive >= limit {
            onExcess(spawned.values.first { $0.activity === Activity.current }?.place)
            throw MFError(
                .limitTasks, "\(limit) tasks are running", hint: "wait for some to finish before starting more")
        }
        alive += 1
    }

    private func counting<T>(_ body: () async throws -> T) async throws -> T {
        try begin()
        defer { alive -= 1 }
        return try await body()
    }

    /// A function of the host that counts as a task while it is under way.
    func counted(_ callable: LuaCallable) -> LuaCallable {
        LuaCallable(async: callable.name) { [self] call in
            try await counting { try await callable.start(call).finish() }
        }
    }

    /// Starts a function beside the caller.
    ///
    /// - Parameters:
    ///   - owner: What the task belongs to, and ends with.
    ///   - inDispatch: Whether a dispatch that is under way starts it.
    func start(
        _ function: LuaFunction, _ arguments: [LuaValue] = [], owner: Lifetime? = nil, inDispatch: Bool = false
    ) throws -> SpawnedTask {
        let state = function.state
        let isLimited = limit != nil
        let payer = isLimited ? try state.accountOfCall() : nil
        try begin()
        let held = HeldValues(state)
        held.hold(arguments)
        lastNumber += 1
        let number = lastNumber
        let started = SpawnedTask(number, self, held, startedAt: isLimited ? state.callingPlace : nil) {
            "task \(number)" + (isLimited ? "" : function.place.map { " (\($0))" } ?? "")
        }
        spawned[number] = started
        let work = work?.begin { started.cancel() }
        let token = owner?.own(inDispatch: inDispatch, retiring: { started.retire() }) { started.cancel() }
        started.run { [self] in
            defer {
                alive -= 1
                spawned[number] = nil
                if let work { self.work?.end(work) }
                if let token { owner?.release(token) }
                if state.isTerminated { onViolation() }
            }
            // One task after another: a tenant that spawns many has no more turns than others.
            if isLimited, loop.hasTurnsWaiting(state) { await loop.yieldFairly(state) }
            try Task.checkCancellation()
            return try await state.start(function, arguments, sliceable: isLimited, payer: payer).finish()
        }
        if let owner, let token, !owner.holds(token) { started.cancel() }
        return started
    }

    /// Ends what was spawned.
    func cancelAll() {
        for task in spawned.values { task.cancel() }
    }

    /// What the tasks under way wait for, one text a task.
    var waits: [String] { spawned.sorted { $0.key < $1.key }.map(\.value.activity.waitText) }

    // MARK: - Failures

    func note(unheard error: any Error, of task: Int, in state: LuaState) {
        unheard[task] = error
        scheduleCollection(of: state)
    }

    func forgetUnheard(_ task: Int) { unheard[task] = nil }

    /// Tells of a task's failure that nobody can wait for any more.
    func reportUnheard(_ task: Int) {
        if let error = unheard.removeValue(forKey: task) { report(error) }
    }

    /// Tells of all failures that nobody has waited for, at the end.
    func reportAllUnheard() {
        for task in unheard.keys.sorted() { reportUnheard(task) }
    }

    /// Has the collector look, a moment later, whether somebody can still wait for a task that has failed.
    private func scheduleCollection(of state: LuaState) {
        guard collectsGarbage, collection == nil else { return }
        collection = loop.schedule(after: .seconds(1)) { [weak self] in
            self?.collection = nil
            try? state.collectGarbage()
        }
    }

    /// Ends the timer that collects.
    func close() {
        if let collection { loop.cancel(collection) }
        collection = nil
        cancelAll()
    }
}

// MARK: - The functions of `mf`

extension TaskRunner {
    var sleep: LuaCallable {
        LuaCallable(async: "sleep") { [self] call in
            let duration = try call.waitingTime(0)
            try await counting { try await loop.sleep(for: duration) }
            return []
        }
    }

    /// `mf.spawn`, whose tasks belong to an owner.
    func spawn(for owner: @escaping @Sendable () -> Lifetime? = { nil }) -> LuaCallable {
        LuaCallable("spawn") { [self] call in
            let task = try start(
                try call.function(0), Array(call.arguments.dropFirst()), owner: owner(),
                inDispatch: PinnedView.isInDispatch)
            return [.object(task)]
        }
    }

    /// `mf.all`: the first failure is raised at once, and ends the others.
    var all: LuaCallable {
        LuaCallable(async: "all") { [self] call in
            let list = try OptionType.list(of: .function(), "a list of functions").read(call, 0)
            let functions = (try list.luaElements() ?? []).compactMap(\.functionValue)
            var tasks: [SpawnedTask] = []
            defer { for task in tasks { task.cancel() } }
            for function in functions { tasks.append(try start(function)) }
            let results = OrderedResults(count: tasks.count, on: loop)
            // Each wait is one of the caller's own: it ends with the call.
            let waits = tasks.enumerated().map { index, task in
                loop.start {
                    do { results.finish(index, try await task.value().first ?? .nil) } catch { results.fail(error) }
                }
            }
            defer { for wait in waits { wait.cancel() } }
            return [.array(try await results.all())]
        }
    }
}

/// Results that come in one by one.
private final class OrderedResults: @unchecked Sendable {
    // One call of `mf.all`: written by the tasks it waits for, and by its cancelling, which goes to `loop`.
    private var values: [LuaValue]
    private var missing: Int
    private var failure: (any Error)?
    private var waiter: CheckedContinuation<[LuaValue], any Error>?

    private let loop: EventLoop

    init(count: Int, on loop: EventLoop) {
        self.loop = loop
        values = Array(repeating: .nil, count: count)
        missing = count
    }

    func finish(_ index: Int, _ value: LuaValue) {
        values[index] = value
        missing -= 1
        if missing == 0 { settle(.success(values)) }
    }

    func fail(_ error: any Error) {
        guard failure == nil else { return }
        failure = error
        settle(.failure(error))
    }

    private func settle(_ result: Result<[LuaValue], any Error>) {
        waiter?.resume(with: result)
        waiter = nil
    }

    /// All results, or the first failure.
    func all() async throws -> [LuaValue] {
        try await withTaskCancellationHandler {
            if let failure { throw failure }
            if missing == 0 { return values }
            return try await withCheckedThrowingContinuation { waiter = $0 }
        } onCancel: {
            loop.runOnLoop { self.fail(CancellationError()) }
        }
    }
}

extension LuaCall {
    /// How long to wait: a number of milliseconds from 0, or a text with a unit.
    fileprivate func waitingTime(_ index: Int) throws -> Duration {
        guard self[index].stringValue == nil else {
            guard let time = self[index].time else {
                let hint = self[index].timeHint
                throw MFError.badArgument(
                    index + 1, of: name, "expected a time such as \"5s\", found \(self[index].mismatchDescription)"
                ).replacing(hint: hint)
            }
            return time
        }
        guard let time = Duration(milliseconds: try number(index)) else {
            throw mismatch(index, "number of milliseconds")
        }
        return time
    }
}

extension Duration {
    /// Milliseconds as Lua gives them; nil for what is negative or no number. What is longer than 30 years is 30 years.
    init?(milliseconds: Double) {
        guard milliseconds.isFinite, milliseconds >= 0 else { return nil }
        self = .microseconds(Int64(min(milliseconds, 1e12) * 1_000))
    }
}
