internal import CLuaShim
public import Diagnostics
internal import EventLoops
internal import LuaLibrary

extension LuaState {
    /// Gives an environment, by default the global one, the `require` of lua/mf/require.lua, through which modules can
    /// wait while they load. The environment has a table `package` of its own, with `loaded`, `preload` and `searchers`.
    ///
    /// - Parameter advice: What an error says that is raised for a module that no searcher found.
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed, `LUA-003` if memory runs out.
    public func installRequire(in environment: LuaTable? = nil, advice: String? = nil) throws {
        let gates = LuaGates(advice: advice)
        if self.gates.count == self.gates.capacity { self.gates.removeAll { $0.value == nil } }
        self.gates.append(WeakGates(value: gates))
        let handle = try alive()
        let slot = try requireSlot(handle)
        let arguments: [LuaValue] = [.table(environment ?? globals), .record(gates.functions)]
        var writer = try LuaWireWriter(self, handle)
        for argument in arguments { writer.write(argument) }
        try writer.finish()
        var span = mf_span()
        try check(withExtendedLifetime(arguments) { mf_call(handle, slot, Int32(arguments.count), &span) })
    }

    /// The slot of lua/mf/require.lua, compiled once: every remote and every plugin has an environment of its own. It is
    /// kept as long as the state is open; a reference would keep the state alive.
    private func requireSlot(_ handle: OpaquePointer) throws -> Int32 {
        if let requireChunk { return requireChunk }
        var span = mf_span()
        let status = LuaLibrary.source(of: "mf/require.lua").withUnsafeBytes { source in
            let bytes = source.assumingMemoryBound(to: CChar.self)
            return mf_load(handle, bytes.baseAddress, bytes.count, "@mf/require.lua", 0, &span)
        }
        try check(status)
        var reader = LuaWireReader(self, span)
        let slot = reader.slot()
        requireChunk = slot
        return slot
    }
}

/// Gates that go with the environment they are for.
struct WeakGates {
    weak var value: LuaGates?
}

/// Where coroutines wait for modules that others are loading: what require.lua needs of Swift.
final class LuaGates: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    /// A closed gate: who will open it, and who waits.
    private struct Gate {
        let task: Int64
        let activity: Activity
        var waiting: [UnsafeContinuation<Void, Never>] = []

        func open() {
            for continuation in waiting { continuation.resume() }
        }
    }

    private var gates: [Int64: Gate] = [:]
    private var last: Int64 = 0
    private let advice: String?

    init(advice: String?) { self.advice = advice }

    deinit {
        for gate in gates.values { gate.open() }
    }

    /// `close(name)` makes a gate that the running task will open and returns its number; `closed(gate)`,
    /// `wait(gate)`, `open(gate)`; `task()` names the running task; `missing` and `cycle` make errors.
    var functions: LuaRecord {
        [
            "close": .callable(
                LuaCallable("close") { call in
                    let name = try call.string(0)
                    self.last += 1
                    self.gates[self.last] = Gate(
                        task: try Self.task(of: call.state),
                        activity: Activity("module `\(name)`", within: Activity.current))
                    return [.integer(self.last)]
                }),
            "closed": .callable(
                LuaCallable("closed") { [.boolean(self.gates[try $0.integer(0)] != nil)] }),
            "wait": .callable(
                LuaCallable(async: "require") { call in
                    try await self.wait(for: try call.integer(0))
                    return []
                }),
            "open": .callable(
                LuaCallable("open") { call in
                    self.open(try call.integer(0))
                    return []
                }),
            "task": .callable(LuaCallable("task") { [.integer(try Self.task(of: $0.state))] }),
            "missing": .callable(
                LuaCallable("missing") { [advice] call in
                    [.error(MFError.moduleNotFound(try call.string(0), tried: try call.string(1), advice: advice))]
                }),
            "cycle": .callable(LuaCallable("cycle") { [.error(MFError.moduleCycle(try $0.string(0)))] }),
        ]
    }

    /// Opens what a task has closed that was dropped in the middle: those who wait then load the module themselves.
    func open(ofTask task: Int64) {
        for (number, gate) in gates where gate.task == task { open(number) }
    }

    private func open(_ number: Int64) {
        gates.removeValue(forKey: number)?.open()
    }

    private func wait(for number: Int64) async throws {
        guard let activity = gates[number]?.activity else { return }
        try await activity.awaited {
            await withUnsafeContinuation { gates[number]?.waiting.append($0) }
        }
    }

    private static func task(of state: LuaState) throws -> Int64 {
        Int64(Int(bitPattern: mf_task_current(try state.alive())))
    }
}

extension MFError {
    static func moduleNotFound(_ name: String, tried: String, advice: String?) -> MFError {
        MFError(
            .moduleNotFound, "module '\(name)' not found:\(tried)", context: [("module", name)],
            hint: advice ?? "check the name, and `package.path`")
    }

    /// Modules that require each other while they are loaded.
    public static func moduleCycle(_ chain: String) -> MFError {
        MFError(
            .waitCircle, "modules require each other: \(chain)", context: [("circle", chain)],
            hint: "require one of them inside the function that uses it")
    }
}
