import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct LuaCoroutineTests {
    /// Places in Lua code where waiting works.
    @Test(arguments: [
        "return wait(1, 'a')",
        "return select(2, pcall(wait, 1, 'a'))",
        "local r = setmetatable({}, {__index = function(_, k) return wait(k) end}); return r[1], 'a'",
        "local r = setmetatable({}, {__add = function(a, b) return wait(1) end}); return r + 1, 'a'",
        "local function iterate() return wait(1) end; for i in iterate do return i, 'a' end",
        "local co = coroutine.wrap(function() return wait(1, 'a') end); return co()",
        "local co = coroutine.wrap(function() local v = wait(1); coroutine.yield(v, 'a') end); return co()",
        "local co = coroutine.create(function() return coroutine.wrap(function() return wait(1, 'a') end)() end); return select(2, coroutine.resume(co))",
        "local t <close> = setmetatable({}, {__close = function() wait(2) end}); return wait(1, 'a')",
        "return select(2, xpcall(function() return wait(1, 'a') end, print))",
    ])
    func codeWaitsThrough(_ source: String) async throws {
        try await withState { state in
            try state.defineWait()
            let results = try await state.runAsync(source)
            #expect(results.first == 1)
        }
    }

    @Test(arguments: [
        "table.sort({3, 2, 1}, function(a, b) wait(); return a < b end)",
        "string.gsub('abc', '.', function() wait() end)",
        "tostring(setmetatable({}, {__tostring = function() wait() end}))",
        "table.sort({3, 2, 1}, function(a, b) coroutine.wrap(function() wait() end)() return a < b end)",
    ])
    func whereLuaCannotYieldWaitingIsRefused(_ source: String) async throws {
        try await withState { state in
            try state.defineWait()
            await expectMFError(.cannotWait) { try await state.runAsync(source) }
            #expect(try await state.runAsync("return wait(1)") == [1])
        }
    }

    @Test func waitingInASyncCallIsRefused() async throws {
        try await withState { state in
            try state.defineWait()
            let error = expectMFError(.cannotWait) { try state.run("wait()") }
            #expect(error?.message == "`wait` cannot wait here")
            #expect(try state.run("local ok, err = pcall(wait); return err.code") == ["LUA-005"])
        }
    }

    @Test func whatTheSwiftFunctionThrowsIsCaughtByPcall() async throws {
        try await withState { state in
            try state.define(
                "fail",
                .callable(
                    LuaCallable(async: "fail") { call in
                        await call.state.loop.yieldToIO()
                        throw MFError(.hostNotFound, "no host")
                    }))
            #expect(
                try await state.runAsync("local ok, err = pcall(fail); return ok, err.code, tostring(err)") == [
                    false, "RUNTIME-009", "no host",
                ])
            let error = await expectMFError(.hostNotFound) {
                try await state.runAsync("local function f() fail() end; f(); return 1")
            }
            #expect(error?.traceback?.contains("test:1") == true)
        }
    }

    @Test func anErrorInATaskHasATraceback() async throws {
        try await withState { state in
            try state.defineWait()
            let error = await expectMFError(.luaRuntime) {
                try await state.runAsync("wait()\nlocal function inner() error('oops') end\ninner()")
            }
            #expect(error?.message == "test:2: oops")
            #expect(error?.traceback?.contains("test:3") == true)
        }
    }

    @Test func pendingClosesRunWhenATaskFails() async throws {
        try await withState { state in
            let log = Log()
            try state.define("log", log.callable)
            _ = try? await state.runAsync(
                "local c <close> = setmetatable({}, {__close = function() log('closed') end}); error('x')")
            #expect(log.all == ["closed"])
            #expect(try await state.runAsync("return 1") == [1])
        }
    }

    @Test func manyTasksWaitAtOnce() async throws {
        try await withState { state in
            try state.defineWait()
            let function = try state.load(
                "local n = 0; for i = 1, 10 do n = n + wait(i) end; return n, ...", name: "=many")
            let tasks = (0..<500).map { index in
                state.loop.start { try await state.callAsync(function, [.integer(Int64(index))]) }
            }
            for (index, task) in tasks.enumerated() {
                #expect(try await task.value == [55, .integer(Int64(index))])
            }
        }
    }

    @Test func aCancelledTaskIsClosedAndNothingCatchesIt() async throws {
        try await withState { state in
            let log = Log()
            try state.define("log", log.callable)
            let loop = state.loop
            try state.define(
                "sleep",
                .callable(
                    LuaCallable(async: "sleep") { _ in
                        log.add("sleeping")
                        try await loop.sleep(for: .seconds(100))
                        return []
                    }))
            let function = try state.load(
                """
                local closed <close> = setmetatable({}, {__close = function() log('closed') end})
                pcall(function() coroutine.wrap(function() pcall(sleep) log('caught') end)() log('caught') end)
                log('caught')
                """, name: "=cancelled")
            let task = loop.start { try await state.callAsync(function) }
            while log.all.isEmpty { await loop.yieldToIO() }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try state.collectGarbage()
            #expect(log.all == ["sleeping", "closed"])
        }
    }

    @Test func closingTheStateEndsWhatWaits() async throws {
        try await withState { state in
            try state.defineWait()
            let function = try state.load("wait() wait() wait()", name: "=waits")
            let task = state.loop.start { try await state.callAsync(function) }
            await state.loop.yieldToIO()
            state.close()
            await expectMFError(.stateClosed) { try await task.value }
        }
    }

    @Test func aTaskLooksLikeTheMainProgram() async throws {
        try await withState { state in
            let results = try await state.runAsync(
                "local _, main = coroutine.running(); return main, coroutine.isyieldable(), pcall(coroutine.yield)")
            #expect(results[0] == true)
            #expect(results[1] == false)
            #expect(results[3] == "attempt to yield from outside a coroutine")
        }
    }

    @Test func aCoroutineThatWaitsCannotBeResumedByOthers() async throws {
        try await withState { state in
            try state.defineWait()
            let first = try state.load(
                "co = coroutine.create(function() wait() return 'done' end); return coroutine.resume(co)",
                name: "=first")
            let task = state.loop.start { try await state.callAsync(first) }
            await state.loop.yieldToIO()
            while try state.globals.get("co").isNil { await state.loop.yieldToIO() }
            let results = try state.run("return coroutine.status(co), coroutine.resume(co)")
            if results[0] == "normal" {
                #expect(results[1...] == [false, "cannot resume non-suspended coroutine"])
                expectMFError(.luaRuntime) { try state.run("coroutine.close(co)") }
            }
            #expect(try await task.value == [true, "done"])
        }
    }

    @Test func generatorsWorkAsInLua() async throws {
        try await withState { state in
            let results = try state.run(
                """
                local co = coroutine.create(function(a) local b = coroutine.yield(a + 1); return b * 2 end)
                local r = { coroutine.resume(co, 1) }
                local s = coroutine.status(co)
                local q = { coroutine.resume(co, 5) }
                local closed = coroutine.close(coroutine.create(print))
                return r[2], s, q[2], coroutine.status(co), closed, select(2, coroutine.resume(co))
                """)
            #expect(results == [2, "suspended", 10, "dead", true, "cannot resume dead coroutine"])
            let error = expectMFError(.luaRuntime) { try state.run("coroutine.wrap(function() error('inside') end)()") }
            #expect(error?.message.contains("inside") == true)
        }
    }

    /// Lua 5.4.4 overflows the C stack here.
    @Test func closesThatNestTooDeeplyAreNoCrash() async throws {
        try await withState { state in
            let results = try state.run(
                """
                local function nest(n)
                  local co = coroutine.create(function()
                    local c <close> = setmetatable({}, {__close = function() if n > 0 then nest(n - 1) end end})
                    coroutine.yield()
                  end)
                  coroutine.resume(co)
                  return coroutine.close(co)
                end
                return nest(100000)
                """)
            #expect(results[0] == true)
        }
    }
}
