import Diagnostics
import LuaBridge
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct LuaFunctionTests {
    @Test func aSwiftFunctionIsCalledWithArguments() async throws {
        try await withState { state in
            let add = LuaCallable("add") { call in
                [.integer(try call.integer(0) + call.integer(1)), .integer(Int64(call.count))]
            }
            try state.define("add", .callable(add))
            #expect(try state.run("return add(1, 2)") == [3, 2])
        }
    }

    @Test(arguments: [
        ("return function(n) return function() return n * 2, 'more' end end", true, LuaValue.integer(42)),
        ("return function(n) return function() end end", true, .nil),
        ("return function(n) return n, 2 end", false, 21), ("return function() end", false, .nil),
        ("return function(n) wait() return function() wait() return n end end", true, 21),
    ])
    func aFunctionThatComesBackIsCalledToo(_ source: String, _ isResult: Bool, _ value: LuaValue) async throws {
        try await withState { state in
            try state.defineWait()
            let function = try #require(try state.run(source).first?.functionValue)
            let result = try await state.callThrough(function, [21])
            #expect(result.isResult == isResult)
            #expect(result.value == value)
        }
    }

    @Test func anErrorOfTheSecondCallComesThrough() async throws {
        try await withState { state in
            let function = try #require(
                try state.run("return function() return function() error('in the factory', 0) end end").first?
                    .functionValue)
            let error = await expectMFError(.luaRuntime) { try await state.callThrough(function) }
            #expect(error?.message == "in the factory")
        }
    }

    @Test func aWrongArgumentIsToldInLuasWords() async throws {
        try await withState { state in
            try state.define("loadRemote", .callable(LuaCallable("loadRemote") { [.string(try $0.string(1))] }))
            let error = expectMFError(.badArgument) { try state.run("loadRemote(1, {})") }
            #expect(error?.message == "bad argument #2 to `loadRemote`: string expected, got table")
            let missing = expectMFError(.badArgument) { try state.run("loadRemote(1)") }
            #expect(missing?.message == "bad argument #2 to `loadRemote`: string expected, got no value")
        }
    }

    @Test func aSwiftErrorIsCaughtByPcallAndComesBackTheSame() async throws {
        try await withState { state in
            try state.define(
                "fail",
                .callable(
                    LuaCallable("fail") { _ in
                        throw MFError(
                            .exposeNotFound, "no such expose", context: [("host", "shell")], hint: "look",
                            cause: MFError(.luaMemory, "inner"))
                    }))
            let results = try state.run(
                """
                local ok, err = pcall(fail)
                return ok, err.code, err.message, tostring(err), err.hint, err.cause.message, err.context.host, err.nothing
                """)
            #expect(
                results == [false, "RUNTIME-014", "no such expose", "no such expose", "look", "inner", "shell", nil])
            let error = expectMFError(.exposeNotFound) { try state.run("local ok, err = pcall(fail); error(err)") }
            #expect(error?["host"] == "shell")
            #expect(error?.traceback?.contains("test:1") == true)
            #expect((error?.cause as? MFError)?.message == "inner")
        }
    }

    @Test func aRaisedStringIsARuntimeErrorWithTraceback() async throws {
        try await withState { state in
            let error = expectMFError(.luaRuntime) {
                try state.run("local function inner() error('oops') end\ninner()")
            }
            #expect(error?.message == "test:1: oops")
            #expect(
                error?.traceback?.contains("in function <test:1>") == true
                    || error?.traceback?.contains("inner") == true)
            #expect(error?.thrown as? LuaValue == "test:1: oops")
        }
    }

    @Test func anyValueCanBeRaisedAndIsTheVeryValueAgain() async throws {
        try await withState { state in
            try state.define(
                "through",
                .callable(LuaCallable("through") { call in try call.state.call(try call.function(0)) }))
            let results = try state.run(
                """
                local value = { message = "told", code = 42 }
                local ok, err = pcall(through, function() error(value) end)
                local ok2, err2 = pcall(through, function() error(nil) end)
                local ok3, err3 = pcall(through, function() error(true) end)
                return ok, err == value, err2, err3
                """)
            #expect(results == [false, true, nil, true])
            let error = expectMFError(.luaRuntime) { try state.run("error({ message = 'told', code = 42 })") }
            #expect(error?.message == "told")
            #expect(error?["code"] == "42")
            let named = expectMFError(.luaRuntime) {
                try state.run("error(setmetatable({}, {__tostring = function() return 'named' end}))")
            }
            #expect(named?.message == "named")
            let bad = expectMFError(.luaRuntime) {
                try state.run("error(setmetatable({}, {__tostring = function() error('x') end}))")
            }
            #expect(bad?.message == "(error object is a table value)")
        }
    }

    @Test func callsNestDeeplyAndThenTell() async throws {
        try await withState { state in
            try state.define(
                "again",
                .callable(LuaCallable("again") { call in try call.state.call(try call.function(0), [call[0]]) }))
            let error = #expect(throws: MFError.self) {
                _ = try state.run("local function f(g) return again(f) end; return again(f)")
            }
            #expect(
                error?.message.contains("deeply") == true || error?.message.contains("overflow") == true,
                "\(error?.message ?? "")")
            #expect(try state.run("return 1") == [1])
        }
    }

    @Test func aStackOverflowIsAnErrorLikeAnyOther() async throws {
        try await withState { state in
            let error = expectMFError(.luaRuntime) { try state.run("local function f() return 1 + f() end; f()") }
            #expect(error?.message.contains("stack overflow") == true)
            let after = try state.run("return 1")
            #expect(after == [1])
        }
    }

    @Test func aFunctionIsReleasedWhenLuaLetsGo() async throws {
        try await withState { state in
            let log = Log()
            try state.define("f", Self.holding(Tracked(log)))
            try state.collectGarbage()
            #expect(log.all.isEmpty)
            try state.run("f = nil")
            try state.collectGarbage()
            #expect(log.all == ["gone"])
        }
    }

    private static func holding(_ object: Tracked) -> LuaValue {
        .callable(LuaCallable("f") { _ in [.object(object)] })
    }

    @Test func finalizersMayCallSwift() async throws {
        try await withState { state in
            let log = Log()
            try state.define("log", log.callable)
            try state.run("for i = 1, 50 do setmetatable({}, {__gc = function() log('gone ' .. i) end}) end")
            try state.collectGarbage()
            #expect(log.all.count == 50)
        }
    }
}
