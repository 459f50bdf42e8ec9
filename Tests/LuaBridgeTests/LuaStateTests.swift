import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct LuaStateTests {
    @Test func aSyntaxErrorTellsFileAndLine() async throws {
        try await withState { state in
            let error = expectMFError(.luaSyntax) { try state.load("local x =\nend", name: "@dir/file.lua") }
            #expect(error?["file"] == "dir/file.lua")
            #expect(error?["line"] == "2")
            #expect(error?.message.contains("unexpected symbol near 'end'") == true)
        }
    }

    @Test func aFirstLineWithAHashIsSkipped() async throws {
        try await withState { state in
            let chunk = try state.load("#!/usr/bin/env mflua\nreturn debug.getinfo(1, 'l').currentline", name: "=s")
            #expect(try state.call(chunk) == [2])
            #expect(try state.call(state.load("# only", name: "=s")).isEmpty)
        }
    }

    @Test func bytecodeIsRefused() async throws {
        try await withState { state in
            guard case .bytes(let code) = try state.run("return string.dump(function() end)")[0] else {
                Issue.record("no bytecode")
                return
            }
            expectMFError(.luaSyntax) { try state.load(code, name: "=bytes") }
        }
    }

    @Test func allStandardLibrariesAreThere() async throws {
        try await withState { state in
            let names = ["coroutine", "debug", "io", "math", "os", "package", "string", "table", "utf8"]
            for name in names {
                let library = try state.globals.get(name)
                #expect(library.tableValue != nil)
            }
        }
    }

    @Test func usesAfterCloseThrow() async throws {
        try await withState { state in
            let table = try state.makeTable()
            let function = try state.load("return 1", name: "=f")
            state.close()
            expectMFError(.stateClosed) { try state.call(function) }
            expectMFError(.stateClosed) { try table.get("a") }
            expectMFError(.stateClosed) { try state.load("", name: "=x") }
            #expect(state.memoryInUse == 0)
            #expect(state.globals.count == 0)
        }
    }

    @Test func aStateClosedFromWithinIsFreedAfterwards() async throws {
        try await withState { state in
            try state.define(
                "close",
                .callable(
                    LuaCallable("close") { call in
                        call.state.close()
                        return []
                    }))
            expectMFError(.stateClosed) { try state.run("close(); return 1") }
        }
    }

    @Test func referencesAreReleasedWhereverTheyAreLetGoOf() async throws {
        try await withState { state in
            try state.define("weak", try state.run("return setmetatable({}, {__mode = 'k'})")[0])
            var table: LuaTable? = try state.run("local t = {}; weak[t] = true; return t")[0].tableValue
            #expect(table != nil)
            try state.collectGarbage()
            #expect(try state.run("return next(weak) ~= nil") == [true])
            let box = Box(table)
            table = nil
            try await blocking { box.value = nil }
            repeat {
                await state.loop.yieldToIO()
                try state.collectGarbage()
            } while try state.run("return next(weak) ~= nil") == [true]
        }
    }

    @Test func aStateThatIsLetGoOfIsFreed() async throws {
        let log = Log()
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        try await loop.perform {
            let state = try LuaState(loop: loop)
            try state.define("tracked", .object(Tracked(log)))
        }
        try await loop.perform { await loop.yieldToIO() }
        #expect(log.all == ["gone"])
    }

    @Test func warningsAreOffUntilAskedFor() async throws {
        try await withState { state in
            let results = try state.run("warn('quiet'); return 1")
            #expect(results == [1])
        }
    }
}

/// An object that tells when it goes.
final class Tracked: LuaObject {
    static let luaTypeName = "test.Tracked"
    private let log: Log
    init(_ log: Log) { self.log = log }
    deinit { log.add("gone") }
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
}

/// A box that is moved to another thread.
final class Box<Value>: @unchecked Sendable {
    var value: Value?
    init(_ value: Value?) { self.value = value }
}
