import EventLoops
import LuaBridge
import Testing

/// What happens to calls on a thread that is not the loop's: they stop the program and say so, or go to the loop.
@Suite struct OffLoopTests {
    /// A state with a table and a function in it, as a task elsewhere may hold them.
    struct Held: Sendable {
        let state: LuaState
        let table: LuaTable
        let function: LuaFunction

        static func make() async throws -> Held {
            let loop = EventLoop(name: "test")
            return try await loop.perform {
                let state = try LuaState(loop: loop)
                let function = try state.load("return ...", name: "=test")
                return Held(state: state, table: try state.makeTable(["one": 1]), function: function)
            }
        }
    }

    /// A call by the name that the message has, and the call.
    typealias Call = (name: String, run: @Sendable (Held) throws -> Void)

    static let calls: [Call] = [
        ("LuaState.init(loop:configuration:)", { _ = try LuaState(loop: $0.state.loop) }),
        ("LuaState.close()", { $0.state.close() }),
        ("LuaState.memoryInUse", { _ = $0.state.memoryInUse }),
        ("LuaState.peakMemoryInUse", { _ = $0.state.peakMemoryInUse }),
        ("LuaState.collectGarbage()", { try $0.state.collectGarbage() }),
        ("LuaState.call(_:_:)", { _ = try $0.state.call($0.function, [1]) }),
        ("LuaState.toString(_:)", { _ = $0.state.toString(.table($0.table)) }),
        ("LuaState.load(_:name:environment:)", { _ = try $0.state.load("", name: "=test") }),
        ("LuaState.load(_:name:environment:)", { _ = try $0.state.load([], name: "=test") }),
        ("LuaState.makeEnvironment(over:)", { _ = try $0.state.makeEnvironment(over: $0.table) }),
        ("LuaState.readOnly(_:)", { _ = try $0.state.readOnly($0.table) }),
        ("LuaState.makeTable(_:)", { _ = try $0.state.makeTable() }),
        ("LuaState.makeFunction(_:)", { _ = try $0.state.makeFunction(LuaCallable("f") { _ in [] }) }),
        ("LuaState.start(_:_:sliceable:payer:)", { _ = try $0.state.start($0.function, sliceable: false) }),
        ("LuaState.installRequire(in:advice:)", { try $0.state.installRequire() }),
        ("LuaState.charge(_:)", { $0.state.charge(1) }),
        ("LuaState.isOverLimit", { _ = $0.state.isOverLimit }),
        ("LuaState.canWait", { _ = $0.state.canWait }),
        ("LuaState.violation", { _ = $0.state.violation }),
        ("LuaState.isTerminated", { _ = $0.state.isTerminated }),
        ("LuaState.terminateForWallTime()", { $0.state.terminateForWallTime() }),
        ("LuaState.terminateForTasks(startedAt:)", { $0.state.terminateForTasks() }),
        ("LuaState.callingPlace", { _ = $0.state.callingPlace }),
        ("LuaState.cpuTime", { _ = $0.state.cpuTime }),
        ("LuaState.accountOfCall()", { _ = try $0.state.accountOfCall() }),
        (
            "LuaState.emit(_:_:_:keep:)",
            { held in
                let listeners = try held.state.loop.runAndWait {
                    try LuaListeners(state: held.state, functions: [held.function])
                }
                _ = try held.state.emit(.sync, listeners, .value(1), keep: false)
            }
        ),
        ("LuaTable.get(_:)", { _ = try $0.table.get("one") }),
        ("LuaTable.set(_:_:)", { try $0.table.set("one", 2) }),
        ("LuaTable.count", { _ = $0.table.count }),
        ("LuaTable.pairs()", { _ = try $0.table.pairs() }),
        ("LuaTable.rawGet(_:)", { _ = try $0.table.rawGet(1) }),
        ("LuaTable.rawSet(_:_:)", { try $0.table.rawSet(1, 1) }),
        ("LuaTable.removeAll()", { try $0.table.removeAll() }),
        ("LuaTable.copied(depth:)", { _ = try $0.table.copied() }),
        ("LuaTable.setMetatable(_:)", { try $0.table.setMetatable(nil) }),
        ("LuaTable.metatable()", { _ = try $0.table.metatable() }),
    ]

    @Test(arguments: calls.indices)
    func synchronousCallStopsTheProgram(index: Int) async throws {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) { [index] in
            let held = try await Held.make()
            try OffLoopTests.calls[index].run(held)
        }
        let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(errors.contains("`\(Self.calls[index].name)` was called off the thread of its event loop"), "\(errors)")
        #expect(errors.contains("runtime.loop.perform"), "\(errors)")
    }

    @Test func fourTasksWritingToOneTableStopTheProgram() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let held = try await Held.make()
            await withTaskGroup(of: Void.self) { group in
                for task in 1...4 {
                    group.addTask { for _ in 1...1000 { try? held.table.set("\(task)", 1) } }
                }
            }
        }
        let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(errors.contains("`LuaTable.set(_:_:)` was called off"), "\(errors)")
    }

    @Test func fourTasksCallingAFunctionGoToTheLoop() async throws {
        let held = try await Held.make()
        let answers = try await withThrowingTaskGroup(of: [LuaValue].self) { group in
            for _ in 1...4 {
                group.addTask {
                    for number in 1...50 {
                        let answer = try await held.state.callAsync(held.function, [.integer(Int64(number))])
                        if answer.first?.intValue != number { return [] }
                    }
                    let through = try await held.state.callThrough(held.function, [.function(held.function)])
                    return through.isResult ? [1] : []
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(answers == [1, 1, 1, 1])
        held.state.loop.stop()
    }

    @Test func emissionsGoToTheLoop() async throws {
        let held = try await Held.make()
        let listeners = try await held.state.loop.perform {
            try LuaListeners(state: held.state, functions: [try held.state.load("return ... + 1", name: "=test")])
        }
        let result = try await held.state.emitAsync(.async, listeners, .value(7), keep: false)
        #expect(result.outcome == 8)
        held.state.loop.stop()
    }

    /// The loop's thread is where the call begins, and a task without a preference for it goes on elsewhere.
    @Test func taskThatLeavesTheLoopWhileLuaWaitsStopsTheProgram() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let held = try await Held.make()
            let waiting = try await held.state.loop.perform {
                try held.state.defineWait()
                return try held.state.load("wait() wait()", name: "=test")
            }
            let (ended, end) = AsyncStream<Void>.makeStream()
            held.state.loop.submit {
                Task.immediate {
                    _ = try? await held.state.callAsync(waiting)
                    end.finish()
                }
            }
            for await _ in ended {}
        }
        let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(errors.contains("`LuaState.callAsync(_:_:)` was called off"), "\(errors)")
    }

    @Test func closedStateSaysSoOnAnyThread() async throws {
        let held = try await Held.make()
        try await held.state.loop.perform { held.state.close() }
        #expect(held.state.isClosed)
        #expect(held.state.memoryInUse == 0)
        #expect(throws: (any Error).self) { try held.table.get("one") }
        #expect(held.table == held.table)
        held.state.loop.stop()
    }
}
