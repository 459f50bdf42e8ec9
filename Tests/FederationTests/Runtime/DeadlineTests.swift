import Diagnostics
import EventLoops
@testable import Federation
import Fetch
import LuaBridge
import TestSupport
import Testing

/// Swift's ways to end Lua code of the host's own state that goes on for ever.
@Suite(.timeLimit(.minutes(1))) struct DeadlineTests {
    /// Code that does not come to an end by itself, and does its best to go on.
    static let endless = [
        "while true do end",
        "while true do pcall(error) end",
        "pcall(function() while true do end end) while true do end",
        "local function again() while true do pcall(again) end end again()",
        "coroutine.wrap(function() while true do end end)()",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "table.sort({1, 2, 3}, function() while true do end end)",
        "while true do pcall(string.gsub, 'aaa', 'a', function() while true do end end) end",
        "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
        "local mf = require 'mf' while true do mf.sleep(1) end",
        "debug.sethook(function() end, '', 1) while true do end",
        "local mf = require 'mf' mf.sleep(3600000)",
        "goto a ::a:: goto a",
    ]

    /// A runtime whose fetcher finds what the tests name, and which answers once a test has ended its code.
    private func withRuntime(
        _ files: [String: String] = [:], _ body: @Sendable (Runtime) async throws -> Void
    ) async throws {
        let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: InMemoryFetcher(files)))
        try await body(runtime)
        let answer = try await runtime.evaluate("return 6 * 7")
        #expect(answer == [42])
        await runtime.shutdown()
    }

    @Test(arguments: endless)
    func deadlineEndsAnEvaluation(code: String) async throws {
        try await withRuntime { runtime in
            await expectMFError(.deadlineExceeded) {
                try await runtime.evaluate(code, deadline: .milliseconds(20))
            }
        }
    }

    @Test(arguments: endless)
    func cancellationEndsAnEvaluation(code: String) async throws {
        try await withRuntime { runtime in
            let (begun, begin) = AsyncStream<Void>.makeStream()
            try await runtime.provide(
                "signal",
                .callable(
                    LuaCallable("signal") { _ in
                        begin.finish(); return []
                    }))
            let task = Task { try await runtime.evaluate("require 'signal' () \(code)") }
            for await _ in begun {}
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test(arguments: endless)
    func shutdownEndsAnEvaluation(code: String) async throws {
        let runtime = try Runtime()
        let (begun, begin) = AsyncStream<Void>.makeStream()
        try await runtime.provide(
            "signal",
            .callable(
                LuaCallable("signal") { _ in
                    begin.finish(); return []
                }))
        let task = Task { try await runtime.evaluate("require 'signal' () \(code)") }
        for await _ in begun {}
        await runtime.shutdown()
        await #expect(throws: (any Error).self) { try await task.value }
    }

    @Test func deadlineEndsACallOfAFunction() async throws {
        try await withRuntime { runtime in
            let results = try await runtime.evaluate("return function() while true do end end")
            let spin = try #require(results.first?.functionValue)
            await expectMFError(.deadlineExceeded) {
                try await runtime.state.callAsync(spin, deadline: .milliseconds(20))
            }
            await expectMFError(.deadlineExceeded) {
                try await runtime.loop.perform { try await runtime.state.callAsync(spin, deadline: .milliseconds(20)) }
            }
        }
    }

    @Test func deadlineEndsAScript() async throws {
        try await withRuntime { runtime in
            await expectMFError(.deadlineExceeded) {
                try await runtime.run(
                    script: Array("while true do end".utf8), name: "=host", scriptName: "host.lua",
                    deadline: .milliseconds(20))
            }
        }
    }

    @Test func callThatIsInTimeGivesItsResult() async throws {
        try await withRuntime { runtime in
            let answer = try await runtime.evaluate("return 1", deadline: .seconds(3600 * 24 * 365 * 1000))
            #expect(answer == [1])
        }
    }

    @Test func deadlineOfNoTimeIsOver() async throws {
        try await withRuntime { runtime in
            for deadline in [Duration.zero, .seconds(-1), .seconds(Int64.min)] {
                await expectMFError(.deadlineExceeded) {
                    try await runtime.evaluate("while true do end", deadline: deadline)
                }
            }
        }
    }

    /// Where code of a remote can go on for ever, and the call that comes by.
    static let loads: [(place: String, entry: String, call: String)] = [
        ("the entry", "while true do end", "checks/disk"),
        ("init", "return { init = function() while true do end end, get = function() end }", "checks/disk"),
        ("get", "return { init = print, get = function() while true do end end }", "checks/disk"),
        (
            "the factory", "return { init = print, get = function() return function() while true do end end end }",
            "checks/disk"
        ),
        ("a wait", "require('mf').sleep(3600000)", "checks/disk"),
    ]

    @Test(arguments: loads.indices)
    func deadlineEndsALoad(index: Int) async throws {
        let (_, entry, request) = Self.loads[index]
        try await withRuntime(["http://app/entry.lua": entry]) { runtime in
            let host = try await runtime.createHost(
                HostOptions(name: "shell", remotes: [Remote(name: "checks", entry: "http://app/entry.lua")]))
            for _ in 1...2 {
                await expectMFError(.deadlineExceeded) {
                    try await host.loadRemote(request, deadline: .milliseconds(30))
                }
            }
            let task = Task { try await host.loadRemote(request) }
            await expectMFError(.deadlineExceeded) {
                try await host.loadRemote(request, deadline: .milliseconds(30))
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func deadlineEndsALoadOfAShare() async throws {
        try await withRuntime { runtime in
            try await runtime.evaluate(
                """
                require("mf").init { name = "shell", remotes = {}, shared = { pkg = {
                  version = "1.0.0", get = function() while true do end end } } }
                """)
            let host = try #require(await runtime.loop.perform { runtime.registry.current?.host })
            await expectMFError(.deadlineExceeded) { try await host.loadShare("pkg", deadline: .milliseconds(30)) }
        }
    }

    @Test(arguments: ["beforeRequest", "afterResolve", "onLoad", "errorLoadRemote", "afterLoadRemote"])
    func deadlineEndsAHook(name: String) async throws {
        let entry =
            "return { init = print, get = function(name) if name == './absent' then error('no') end return print end }"
        try await withRuntime(["http://app/entry.lua": entry]) { runtime in
            try await runtime.evaluate(
                """
                require("mf").init {
                  name = "shell", remotes = { { name = "checks", entry = "http://app/entry.lua" } },
                  plugins = { { name = "endless-plugin", \(name) = function() while true do end end } },
                }
                """)
            let host = try #require(await runtime.loop.perform { runtime.registry.current?.host })
            await expectMFError(.deadlineExceeded) {
                try await host.loadRemote(
                    name == "errorLoadRemote" ? "checks/absent" : "checks/disk", deadline: .milliseconds(30))
            }
        }
    }

    @Test func otherCodeGoesOnWhenADeadlineEndsAWait() async throws {
        try await withRuntime { runtime in
            let other = Task { try await runtime.evaluate("require('mf').sleep(60) return 'done'") }
            await expectMFError(.deadlineExceeded) {
                try await runtime.evaluate("require('mf').sleep(3600000)", deadline: .milliseconds(5))
            }
            let answer = try await other.value
            #expect(answer == ["done"])
        }
    }

    @Test func hookOfTheScriptIsKeptByCodeThatIsNotStopped() async throws {
        try await withRuntime { runtime in
            let loop = runtime.loop
            try await runtime.provide(
                "interrupt",
                .callable(
                    LuaCallable("interrupt") { _ in
                        loop.interrupt(); return []
                    }))
            let answer = try await runtime.evaluate(
                """
                local hits, interrupt = 0, require "interrupt"
                debug.sethook(function() hits = hits + 1 end, "", 1000)
                interrupt()
                for i = 1, 100000 do end
                debug.sethook()
                return hits > 10
                """)
            #expect(answer == [true])
        }
    }
}
