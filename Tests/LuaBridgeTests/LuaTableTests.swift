import Diagnostics
import LuaBridge
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct LuaTableTests {
    @Test func fieldsAreReadAndWritten() async throws {
        try await withState { state in
            let table = try state.makeTable(["a": 1])
            try table.set("b", "two")
            try table.set(1, 0.5)
            try table.set("a", nil)
            #expect(try table.get("a").isNil)
            #expect(try table.get("b") == "two")
            #expect(try table.get(1) == 0.5)
            #expect(table.count == 1)
        }
    }

    @Test func metamethodsAreHonouredAndRawAccessPassesThemBy() async throws {
        try await withState { state in
            let table = try #require(
                try state.run(
                    "return setmetatable({}, {__index = function(_, k) return k .. '!' end, __len = function() return 7 end})"
                )[0]
                .tableValue)
            #expect(try table.get("a") == "a!")
            #expect(try table.rawGet("a").isNil)
            #expect(table.count == 7)
            try table.rawSet("a", 1)
            #expect(try table.get("a") == 1)
        }
    }

    @Test func anErrorInAMetamethodIsThrown() async throws {
        try await withState { state in
            let table = try #require(
                try state.run("return setmetatable({}, {__index = function() error('no') end})")[0].tableValue)
            let error = expectMFError(.luaRuntime) { try table.get("a") }
            #expect(error?.message == "test:1: no")
        }
    }

    @Test func theSameTableIsEqual() async throws {
        try await withState { state in
            let results = try state.run("local t = {}; return t, t, {}")
            #expect(results[0] == results[1])
            #expect(results[0] != results[2])
        }
    }

    @Test func pairsHonourTheMetamethod() async throws {
        try await withState { state in
            let table = try #require(
                try state.run(
                    "return setmetatable({}, {__pairs = function() return function(_, k) if not k then return 1, 'x' end end end})"
                )[0]
                .tableValue)
            let pairs = try table.pairs()
            #expect(pairs.count == 1)
            #expect(pairs[0].0 == 1)
            #expect(pairs[0].1 == "x")
        }
    }

    @Test func aCopyHasListsAndRecords() async throws {
        try await withState { state in
            let table = try #require(
                try state.run("return {list = {1, {2}, 'three'}, empty = {}, mixed = {1, a = 2}, f = print}")[0]
                    .tableValue)
            let copy = try table.copied()
            #expect(copy["list"] == [1, [2], "three"])
            #expect(copy["empty"] == .record(LuaRecord()))
            #expect(copy["mixed"]["a"] == 2)
            #expect(copy["mixed"][1] == 1)
            #expect(copy["f"].functionValue != nil)
        }
    }

    @Test func aListWithHolesIsARecord() async throws {
        try await withState { state in
            let table = try #require(try state.run("local t = {1, 2, 3, 4}; t[2] = nil; return {t}")[0].tableValue)
            let copy = try table.copied()
            #expect(copy[1].recordValue?.count == 3)
        }
    }

    @Test func aCycleIsRefusedWithItsPath() async throws {
        try await withState { state in
            let table = try #require(
                try state.run("local t = {a = {b = {1, 2, {}}}}; t.a.b[3].c = t; return t")[0].tableValue)
            let error = expectMFError(.tooDeep) { try table.copied() }
            #expect(error?.message == "the table contains itself at `a.b[3].c`")
            #expect(error?["path"] == "a.b[3].c")
        }
    }

    @Test func aTableMayComeTwiceWithoutACycle() async throws {
        try await withState { state in
            let table = try #require(try state.run("local s = {1}; return {s, s}")[0].tableValue)
            #expect(try table.copied() == [[1], [1]])
        }
    }

    @Test func depthIsLimited() async throws {
        try await withState { state in
            let table = try #require(try state.run("return {a = {b = {c = {}}}}")[0].tableValue)
            #expect(expectMFError(.tooDeep) { try table.copied(depth: 3) }?["path"] == "a.b.c")
            #expect(throws: Never.self) { try table.copied(depth: 4) }
        }
    }

    @Test func aKeyThatIsNoNameIsRefused() async throws {
        try await withState { state in
            let table = try #require(try state.run("return {a = {[true] = 1}}")[0].tableValue)
            let error = expectMFError(.luaConversion) { try table.copied() }
            #expect(error?.message == "a key is neither string nor integer in `a`")
        }
    }

    @Test func aReadOnlyTableReadsThroughAndRefusesWrites() async throws {
        try await withState { state in
            let table = try state.makeTable(["a": 1])
            try state.define("proxy", .table(try state.readOnly(table)))
            try table.set("b", 2)
            #expect(
                try state.run("local n = 0; for k, v in pairs(proxy) do n = n + v end; return proxy.a, proxy.b, n") == [
                    1, 2, 3,
                ])
            expectMFError(.luaConversion) { try state.run("proxy.c = 1") }
            #expect(try state.run("return getmetatable(proxy)") == [false])
        }
    }

    @Test func anEnvironmentKeepsItsGlobals() async throws {
        try await withState { state in
            let environment = try state.makeEnvironment(over: state.globals)
            let chunk = try state.load("x = 1; _G.y = 2; return type(print)", name: "=env", environment: environment)
            #expect(try state.call(chunk) == ["function"])
            #expect(try environment.get("x") == 1)
            #expect(try environment.get("y") == 2)
            #expect(try state.run("return x, y") == [nil, nil])
        }
    }
}
