import Diagnostics
import EventLoops
import LuaBridge
import Synchronization

/// Runs a test on the loop's thread, with a fresh host state that is closed afterwards.
func withState<T: Sendable>(_ body: @escaping @Sendable (LuaState) async throws -> T) async throws -> T {
    let loop = EventLoop(name: "test")
    defer { loop.stop() }
    return try await loop.perform {
        let state = try LuaState(loop: loop)
        defer { state.close() }
        return try await body(state)
    }
}

extension LuaState {
    /// Runs a chunk and returns its results.
    @discardableResult
    func run(_ source: String, _ arguments: LuaValue...) throws -> [LuaValue] {
        try call(load(source, name: "=test"), arguments)
    }

    /// Runs a chunk in which code may wait.
    @discardableResult
    func runAsync(_ source: String, _ arguments: LuaValue...) async throws -> [LuaValue] {
        try await callAsync(load(source, name: "=test"), arguments)
    }

    /// Makes a global variable.
    func define(_ name: String, _ value: LuaValue) throws { try globals.set(name, value) }

    /// Makes a global function `wait(…)` that gives way once and returns its arguments.
    func defineWait() throws {
        try define(
            "wait",
            .callable(
                LuaCallable(async: "wait") { call in
                    await call.state.loop.yieldToIO()
                    return call.arguments
                }))
    }
}

/// A list that a test fills.
final class Log: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    /// As a Lua function `log(line)`.
    var callable: LuaValue {
        .callable(
            LuaCallable("log") { call in
                self.add(call.arguments.map { call.state.toString($0) }.joined(separator: " "))
                return []
            })
    }
}
