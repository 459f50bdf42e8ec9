import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct LuaStateRequireTests {
    @Test func aModuleIsLoadedOnce() async throws {
        try await withState { state in
            try state.run(
                "loads = 0; package.preload.m = function(name, extra) loads = loads + 1; return { name = name, extra = extra } end"
            )
            #expect(
                try state.run("local m, where = require('m'); return m == require('m'), loads, m.name, where") == [
                    true, 1, "m", ":preload:",
                ])
        }
    }

    @Test func aModuleThatReturnsNothingIsTrue() async throws {
        try await withState { state in
            try state.run("package.preload.m = function() end")
            #expect(try state.run("return (require('m'))") == [true])
        }
    }

    @Test func aModuleMayWaitWhileItLoads() async throws {
        try await withState { state in
            try state.defineWait()
            try state.run(
                "loads = 0; package.preload.m = function() loads = loads + 1; wait(); wait(); return { loads } end")
            let function = try state.load("return require('m')[1], loads", name: "=asks")
            let tasks = (0..<5).map { _ in state.loop.start { try await state.callAsync(function) } }
            for task in tasks { #expect(try await task.value == [1, 1]) }
        }
    }

    @Test func aMissingModuleTellsWhereItWasLookedFor() async throws {
        try await withState { state in
            try state.run("package.path = './?.nowhere'")
            let error = expectMFError(.moduleNotFound) { try state.run("require('no.such')") }
            #expect(error?.message.contains("module 'no.such' not found:") == true)
            #expect(error?.message.contains("./no/such.nowhere") == true)
            let start = "^module .no%.such. not found"
            #expect(try state.run("return (select(2, pcall(require, 'no.such')):find('\(start)'))") == [1])
        }
    }

    @Test func aModuleThatIsFalseIsLoadedAgain() async throws {
        try await withState { state in
            try state.run("loads = 0; package.preload.m = function() loads = loads + 1; return false end")
            #expect(try state.run("return require('m'), require('m'), loads") == [false, false, 2])
        }
    }

    @Test func aFailedModuleIsTriedAgain() async throws {
        try await withState { state in
            try state.run(
                "n = 0; package.preload.m = function() n = n + 1; if n == 1 then error('first') end; return n end")
            expectMFError(.luaRuntime) { try state.run("require('m')") }
            #expect(try state.run("return (require('m'))") == [2])
        }
    }

    @Test func modulesThatRequireEachOtherAreToldTheirChain() async throws {
        try await withState { state in
            try state.run(
                "package.preload.a = function() return require('b') end; package.preload.b = function() return require('a') end"
            )
            let error = expectMFError(.waitCircle) { try state.run("require('a')") }
            #expect(error?["circle"] == "`a` -> `b` -> `a`")
        }
    }

    @Test func twoTasksThatWaitForEachOthersModulesAreToldToo() async throws {
        try await withState { state in
            try state.defineWait()
            try state.run(
                "package.preload.a = function() wait() return require('b') end; package.preload.b = function() wait() return require('a') end"
            )
            let first = try state.load("return pcall(require, 'a')", name: "=a")
            let second = try state.load("return pcall(require, 'b')", name: "=b")
            let one = state.loop.start { try await state.callAsync(first) }
            let two = state.loop.start { try await state.callAsync(second) }
            let results = [try await one.value[0], try await two.value[0]]
            #expect(results.contains(false))
        }
    }

    @Test func aDroppedTaskLeavesItsModuleToTheNext() async throws {
        try await withState { state in
            let loop = state.loop
            let log = Log()
            try state.define(
                "first_time",
                .callable(
                    LuaCallable(async: "first_time") { _ in
                        log.add("loading")
                        if log.all.count == 1 { try await loop.sleep(for: .seconds(100)) }
                        return []
                    }))
            try state.run("package.preload.m = function() first_time() return 'loaded' end")
            let function = try state.load("return (require('m'))", name: "=asks")
            let first = loop.start { try await state.callAsync(function) }
            while log.all.isEmpty { await loop.yieldToIO() }
            let second = loop.start { try await state.callAsync(function) }
            await loop.yieldToIO()
            first.cancel()
            #expect(try await second.value == ["loaded"])
            await #expect(throws: CancellationError.self) { try await first.value }
        }
    }
}
