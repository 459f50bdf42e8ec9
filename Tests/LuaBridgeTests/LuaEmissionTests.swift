import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

private let shape = LuaShape(["id", "list", "none"])

extension LuaState {
    /// Listeners from a chunk that returns functions.
    fileprivate func listeners(_ source: String) throws -> LuaListeners {
        try LuaListeners(state: self, functions: run(source).compactMap(\.functionValue))
    }
}

@Suite(.timeLimit(.minutes(2))) struct LuaEmissionTests {
    private static func values(_ state: LuaState) -> LuaEmission.Data { .values(shape, ["a/b", [1, 2], nil]) }

    @Test func theResultIsTheLastThatIsNotNil() async throws {
        try await withState { state in
            let listeners = try state.listeners(
                "return function() return 1 end, function() return false end, function() end")
            let result = try state.emit(.sync, listeners, Self.values(state), keep: false)
            #expect(result.outcome == false)
            #expect(!result.outcomeIsData)
            #expect(!result.aborted)
        }
    }

    @Test func ofAFieldThatIsNotReadBackTheValuePutInCounts() async throws {
        try await withState { state in
            let listeners = try state.listeners("return function(a) a.id, a.host = 'other', 'other' end")
            let shape = LuaShape(["id", "host"]) { $0 == "id" }
            let result = try state.emit(.syncWaterfall, listeners, .values(shape, ["a/b", "shell"]), keep: false)
            #expect(result.hasChanges && result.fields == ["other", "shell"])
            let unread = LuaShape(["id", "host"]) { _ in false }
            let same = try state.emit(.syncWaterfall, listeners, .values(unread, ["a/b", "shell"]), keep: false)
            #expect(!same.hasChanges && same.fields == ["a/b", "shell"])
        }
    }

    @Test func theArgumentIsOneTableForAll() async throws {
        try await withState { state in
            let listeners = try state.listeners(
                "return function(a) a.id = a.id .. '!'; a.none = true end, function(a) a.id = a.id .. '?'; return a end"
            )
            let result = try state.emit(.sync, listeners, Self.values(state), keep: true)
            #expect(result.fields[0] == "a/b!?")
            #expect(result.fields[1].tableValue?.count == 2)
            #expect(result.fields[2] == true)
            #expect(result.outcomeIsData)
            #expect(try result.data?.get("id") == "a/b!?")
        }
    }

    @Test func unchangedFieldsComeBackAsTheyWere() async throws {
        try await withState { state in
            let object = Tracked(Log())
            let listeners = try state.listeners("return function(a) end")
            let result = try state.emit(.sync, listeners, .values(shape, ["x", .object(object), 4]), keep: false)
            #expect(result.fields == ["x", .object(object), 4])
            #expect(result.data == nil)
        }
    }

    @Test func falseStopsAnAsyncRun() async throws {
        try await withState { state in
            let listeners = try state.listeners(
                "return function() return false end, function() error('not called') end")
            let result = try await state.emitAsync(.async, listeners, Self.values(state), keep: false)
            #expect(result.aborted)
            #expect(result.outcome == false)
        }
    }

    @Test func anAsyncResultThatIsNothingOrTheArgumentKeepsTheEarlier() async throws {
        try await withState { state in
            try state.defineWait()
            let listeners = try state.listeners(
                "return function() wait() return 'kept' end, function(a) return a end, function() wait() end")
            let result = try await state.emitAsync(.async, listeners, Self.values(state), keep: false)
            #expect(result.outcome == "kept")
        }
    }

    @Test func aWaterfallReplacesItsData() async throws {
        try await withState { state in
            try state.defineWait()
            let listeners = try state.listeners(
                """
                return function(a) wait() return { id = a.id .. 1, list = a.list, extra = 1 } end,
                       function(a) return nil end,
                       function(a) a.id = wait(a.id .. 2); return a end
                """)
            let result = try await state.emitAsync(.asyncWaterfall, listeners, Self.values(state), keep: true)
            #expect(result.fields[0] == "a/b12")
            #expect(try result.data?.get("extra") == 1)
        }
    }

    @Test(arguments: ["return false", "return 1", "return {}", "return { id = 1 }", "return 'x'"])
    func aWaterfallRefusesOtherValues(_ body: String) async throws {
        try await withState { state in
            let listeners = try state.listeners(
                "return function() end, function() \(body) end, function() error('not called') end")
            let error = expectMFError(.badHookValue) {
                try state.emit(.syncWaterfall, listeners, Self.values(state), keep: false)
            }
            #expect(error?["listener"] == "1")
            await expectMFError(.badHookValue) {
                try await state.emitAsync(.asyncWaterfall, listeners, Self.values(state), keep: false)
            }
        }
    }

    @Test func aFailingListenerIsNamed() async throws {
        try await withState { state in
            try state.defineWait()
            let listeners = try state.listeners("return function() end, function() error({ message = 'no' }) end")
            let error = expectMFError(.luaRuntime) { try state.emit(.sync, listeners, Self.values(state), keep: false) }
            #expect(error?["listener"] == "1")
            #expect(error?.message == "no")
            #expect((error?.thrown as? LuaValue)?.tableValue != nil)
            let waiting = try state.listeners("return wait, function() wait() error('late') end")
            let late = await expectMFError(.luaRuntime) {
                try await state.emitAsync(.async, waiting, Self.values(state), keep: false)
            }
            #expect(late?["listener"] == "1")
        }
    }

    @Test func waitingInASyncRunIsRefused() async throws {
        try await withState { state in
            try state.defineWait()
            let listeners = try state.listeners("return function() wait() end")
            expectMFError(.cannotWait) { try state.emit(.sync, listeners, Self.values(state), keep: false) }
        }
    }

    @Test func aRunGoesOnWithAnEarlierTable() async throws {
        try await withState { state in
            let listeners = try state.listeners("return function(a) a.n = (a.n or 0) + 1 end")
            var data = LuaEmission.Data.values(LuaShape(["x"]), [1])
            for _ in 0..<3 { data = .table(try #require(try state.emit(.sync, listeners, data, keep: true).data)) }
            guard case .table(let table) = data else { return }
            #expect(try table.get("n") == 3)
        }
    }

    @Test func oddDataIsHandedOver() async throws {
        try await withState { state in
            let listeners = try state.listeners("return function(a) return a end, function() return { 'new' } end")
            let plain = try state.emit(
                .sync, try state.listeners("return function(a) return type(a) end"), .value(42), keep: false)
            #expect(plain.outcome == "number")
            let waterfall = try state.emit(.syncWaterfall, listeners, .value(42), keep: false)
            #expect(try waterfall.outcome.tableValue?.get(1) == "new")
        }
    }

    @Test func aCancelledRunIsDropped() async throws {
        try await withState { state in
            let log = Log()
            let loop = state.loop
            try state.define("log", log.callable)
            try state.define(
                "sleep",
                .callable(
                    LuaCallable(async: "sleep") { _ in
                        log.add("sleeping")
                        try await loop.sleep(for: .seconds(100))
                        return []
                    }))
            let listeners = try state.listeners(
                "return function() pcall(sleep) log('caught') end, function() log('called') end")
            let task = loop.start { try await state.emitAsync(.async, listeners, .value(1), keep: false).aborted }
            while log.all.isEmpty { await loop.yieldToIO() }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(log.all == ["sleeping"])
        }
    }

    @Test func aViewMayBeData() async throws {
        try await withState { state in
            let object = LuaErrorObject(MFError(.hostNotFound, "no host"))
            let listeners = try state.listeners("return function(a) return a.code end")
            #expect(try state.emit(.sync, listeners, .value(.object(object)), keep: false).outcome == "RUNTIME-009")
        }
    }
}
