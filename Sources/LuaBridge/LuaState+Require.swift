internal import LuaLibrary
internal import CLuaShim
internal import Diagnostics

extension LuaState {
    /// Replaces `require` by the one in lua/mf/require.lua, through which modules can wait while they load.
    func installRequire() throws {
        let gates = LuaGates()
        let chunk = try load(LuaLibrary.source(of: "mf/require.lua"), name: "@mf/require.lua")
        _ = try call(chunk, [.table(globals), .record(gates.functions)])
    }
}

/// Where coroutines wait for each other: what require.lua needs of Swift.
final class LuaGates: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private var waiting: [Int64: [CheckedContinuation<Void, Never>]] = [:]
    private var last: Int64 = 0

    /// `open()` makes a gate and returns its number, `wait(gate)` waits until `close(gate)`, `task()` names the running
    /// task, `missing(name, tried)` makes the error of a module that is not found.
    var functions: LuaRecord {
        [
            "open": .callable(
                LuaCallable("open") { _ in
                    self.last += 1
                    self.waiting[self.last] = []
                    return [.integer(self.last)]
                }),
            "wait": .callable(
                LuaCallable(async: "require") { call in
                    await self.wait(for: try call.integer(0))
                    return []
                }),
            "close": .callable(
                LuaCallable("close") { call in
                    for continuation in self.waiting.removeValue(forKey: try call.integer(0)) ?? [] { continuation.resume() }
                    return []
                }),
            "task": .callable(
                LuaCallable("task") { call in
                    [.integer(Int64(Int(bitPattern: mf_task_current(try call.state.alive()))))]
                }),
            "missing": .callable(
                LuaCallable("missing") { call in
                    [.object(LuaErrorObject(.moduleNotFound(try call.string(0), tried: try call.string(1))))]
                }),
            "cycle": .callable(
                LuaCallable("cycle") { call in
                    [.object(LuaErrorObject(.moduleCycle(try call.string(0))))]
                }),
        ]
    }

    private func wait(for gate: Int64) async {
        guard waiting[gate] != nil else { return }
        await withCheckedContinuation { waiting[gate, default: []].append($0) }
    }
}

extension MFError {
    static func moduleNotFound(_ name: String, tried: String) -> MFError {
        MFError(
            .moduleNotFound, "module `\(name)` not found:\(tried)", context: [("module", name)],
            hint: "check the name, and `package.path`")
    }

    static func moduleCycle(_ chain: String) -> MFError {
        MFError(
            .moduleNotFound, "modules require each other: \(chain)", context: [("chain", chain)],
            hint: "require one of them inside the function that uses it")
    }
}
