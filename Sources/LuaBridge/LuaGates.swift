internal import CLuaShim
internal import Diagnostics
internal import EventLoops

/// Gates that go with the environment they are for.
struct WeakGates {
    weak var value: LuaGates?
}

/// Where coroutines wait for modules that others are loading: what require.lua needs of Swift.
final class LuaGates: @unchecked Sendable {
    // Used by the functions that it gives a state, which calls them on its loop, and by that state when it drops a task.

    /// A closed gate: who will open it, and who waits.
    private struct Gate {
        let call: LuaModuleLoads.Call
        let activity: Activity
        var waiting: [Int64: CheckedContinuation<Void, any Error>] = [:]

        func open() {
            for waiter in waiting.sorted(by: { $0.key < $1.key }) { waiter.value.resume() }
        }
    }

    private var gates: [Int64: Gate] = [:]
    /// The number of the last gate or wait.
    private var last: Int64 = 0
    private let loop: EventLoop
    private let advice: String?
    private let numbering: (@Sendable () -> Int64)?
    private let observer: @Sendable () -> (any ActivityObserver)?

    init(
        on loop: EventLoop, advice: String?, numbering: (@Sendable () -> Int64)?,
        observer: @escaping @Sendable () -> (any ActivityObserver)?
    ) {
        (self.loop, self.advice) = (loop, advice)
        (self.numbering, self.observer) = (numbering, observer)
    }

    deinit {
        for gate in gates.values { gate.open() }
    }

    /// `close(name)` makes a gate that the running task will open and returns its number; `closed(gate)`,
    /// `wait(gate)`, `open(gate)`; `task()` names the running task; `missing` makes a message, `cycle` an error.
    var functions: LuaRecord {
        [
            "close": .callable(LuaCallable("close") { [.integer(try self.close(try $0.string(0), in: $0.state))] }),
            "closed": .callable(
                LuaCallable("closed") { [.boolean(self.gates[try $0.integer(0)] != nil)] }),
            "wait": .callable(
                LuaCallable(async: "require") { call in
                    try await self.wait(for: try call.integer(0))
                    return []
                }),
            "open": .callable(
                LuaCallable("open") { call in
                    self.open(try call.integer(0), in: call.state)
                    return []
                }),
            "task": .callable(LuaCallable("task") { [.integer(try LuaModuleLoads.Call(of: $0.state).task)] }),
            "missing": .callable(
                LuaCallable("missing") { [advice] call in
                    let error = MFError.moduleNotFound(try call.string(0), tried: try call.string(1), advice: advice)
                    call.state.missingModule = error
                    return [.string(error.message)]
                }),
            "cycle": .callable(LuaCallable("cycle") { [.error(MFError.moduleCycle(try $0.string(0)))] }),
        ]
    }

    /// The most of a module's name that messages about circles hold.
    private static let longestName = 100

    private func close(_ name: String, in state: LuaState) throws -> Int64 {
        let call = try LuaModuleLoads.Call(of: state)
        let activity = Activity(
            "module `\(name.prefix(Self.longestName))`", number: numbering?() ?? 0,
            within: Activity.current)
        last += 1
        gates[last] = Gate(call: call, activity: activity)
        state.moduleLoads.begin(activity, in: call)
        return last
    }

    /// Opens what a task has closed that was dropped in the middle: those who wait then load the module themselves.
    func open(ofTask task: Int64, in state: LuaState) {
        for (number, gate) in gates where gate.call.task == task { open(number, in: state) }
    }

    private func open(_ number: Int64, in state: LuaState) {
        guard let gate = gates.removeValue(forKey: number) else { return }
        state.moduleLoads.end(gate.activity, in: gate.call)
        observer()?.endAll(of: gate.activity)
        gate.open()
    }

    private func wait(for number: Int64) async throws {
        guard let activity = gates[number]?.activity else { return }
        try await activity.awaited {
            last += 1
            let (wait, caller, observer) = (last, Activity.current, observer())
            if let caller {
                observer?.begin(caller, for: activity) { [weak self] in self?.leave(number, wait, with: $0) }
            }
            defer { if let caller { observer?.end(caller, for: activity) } }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                    if Task.isCancelled {
                        continuation.resume(throwing: CancellationError())
                    } else if gates[number] == nil {
                        continuation.resume()
                    } else {
                        gates[number]?.waiting[wait] = continuation
                    }
                }
            } onCancel: {
                loop.runOnLoop { self.leave(number, wait, with: CancellationError()) }
            }
        }
    }

    private func leave(_ number: Int64, _ wait: Int64, with error: any Error) {
        gates[number]?.waiting.removeValue(forKey: wait)?.resume(throwing: error)
    }
}

/// The modules that calls of Lua are loading right now: they stand in the wait-for graph between what a call is part of and
/// what it waits for.
struct LuaModuleLoads {
    /// Code of one coroutine that no other call from Swift lies in between of.
    struct Call: Hashable {
        /// The coroutine; 0: none.
        let task: Int64
        let depth: Int32

        init(task: OpaquePointer) { (self.task, depth) = (Int64(Int(bitPattern: task)), 0) }

        /// What runs now.
        ///
        /// - Throws: ``MFError`` with `LUA-008` if the state is closed.
        init(of state: LuaState) throws {
            let handle = try state.alive()
            task = Int64(Int(bitPattern: mf_task_current(handle)))
            depth = mf_task_depth(handle)
        }
    }

    /// By call, the outermost first; each waits for the next.
    private var modules: [Call: [Activity]] = [:]

    var isEmpty: Bool { modules.isEmpty }

    /// The outermost and the innermost module of a call.
    func ends(of call: Call) -> (outermost: Activity, innermost: Activity)? {
        guard let modules = modules[call], let first = modules.first, let last = modules.last else { return nil }
        return (first, last)
    }

    mutating func begin(_ module: Activity, in call: Call) {
        if let outer = modules[call]?.last { join(outer, module) }
        modules[call, default: []].append(module)
    }

    mutating func end(_ module: Activity, in call: Call) {
        guard let all = modules[call], let position = all.lastIndex(where: { $0 === module }) else { return }
        let outer = position > 0 ? all[position - 1] : nil
        let inner = position + 1 < all.count ? all[position + 1] : nil
        if let outer { module.end(outer) }
        if let inner { inner.end(module) }
        // Coroutines of the script's own may end their modules in another order.
        if let outer, let inner { join(outer, inner) }
        modules[call] = all.count == 1 ? nil : Array(all[..<position] + all[(position + 1)...])
    }

    /// The wait closes no circle: what has only begun waits for nothing, and what is further in than another for nothing
    /// that is further out.
    private func join(_ outer: Activity, _ inner: Activity) { try? inner.begin(outer) }
}
