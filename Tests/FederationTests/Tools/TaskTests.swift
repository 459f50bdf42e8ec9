import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Tasks: what they wait for, how they end, and with whom.
@Suite(.timeLimit(.minutes(1))) struct TaskTests {
    // MARK: Circles

    static let circles: [(script: String, circle: String)] = [
        (
            "local task task = mf.spawn(function() return task:wait() end) task:wait()",
            "task 1 (host.lua:1) -> task 1 (host.lua:1)"
        ),
        (
            """
            local one, two
            one = mf.spawn(function() return two:wait() end)
            two = mf.spawn(function() return one:wait() end)
            one:wait()
            """, "task 1 (host.lua:2) -> task 2 (host.lua:3) -> task 1 (host.lua:2)"
        ),
        (
            "local task task = mf.spawn(function() mf.all { function() task:wait() end } end) task:wait()", "task 1"
        ),
    ]

    @Test(arguments: circles) func taskThatWaitsForItselfFailsAndNamesTheCircle(
        script: String, circle: String
    ) async throws {
        try await withSite { site in
            let error = await site.failure(.waitCircle, script)
            #expect(error?.message.contains(circle) == true, "\(error?.message ?? "")")
        }
    }

    // MARK: Failures

    @Test func failureIsReportedOnceAndOnlyWhenNobodyHasWaitedForIt() async throws {
        try await withSite { site in
            try await site.lua(
                """
                heard = mf.spawn(function() error("heard", 0) end)
                unheard = mf.spawn(function() error("unheard", 0) end)
                mf.sleep(0) mf.sleep(0)
                assert(heard.status == "failed" and unheard.status == "failed")
                pcall(heard.wait, heard)
                """)
            #expect(site.log.messages.isEmpty)
            await site.runtime.shutdown()
            #expect(site.log.messages.count == 1)
            #expect(site.log.messages.first?.contains("unheard") == true)
        }
    }

    @Test func failureOfATaskThatIsCollectedIsReported() async throws {
        try await withSite { site in
            try await site.lua(
                """
                mf.spawn(function() error("dropped", 0) end)
                mf.sleep(0) mf.sleep(0)
                collectgarbage() collectgarbage()
                mf.sleep(0) mf.sleep(0)
                """)
            #expect(site.log.messages.count == 1)
            #expect(site.log.messages.first?.contains("dropped") == true)
        }
    }

    @Test func hintOfACircleOfTasksSpeaksOfTasks() async throws {
        try await withSite { site in
            let error = await site.failure(
                .waitCircle,
                """
                local one, two
                one = mf.spawn(function() two:wait() end)
                two = mf.spawn(function() one:wait() end)
                one:wait()
                """)
            #expect(error?.hint == "let one of the tasks end without waiting for the other")
        }
    }

    // MARK: <close>

    static let waits = [
        "mf.sleep(1e9)",
        "coroutine.wrap(function() local inner <close> = closing('inner') mf.sleep(1e9) end)()",
        "coroutine.resume(coroutine.create(function() local inner <close> = closing('inner') mf.sleep(1e9) end))",
        "pcall(function() local inner <close> = closing('inner') mf.sleep(1e9) end)",
    ]

    @Test(arguments: waits) func cancelledTaskClosesItsVariablesInnermostFirst(wait: String) async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local closed = {}
                function closing(name) return setmetatable({}, { __close = function() closed[#closed + 1] = name end }) end
                local task = mf.spawn(function()
                  local first <close> = closing("first")
                  local second <close> = closing("second")
                  \(wait)
                end)
                mf.sleep(0)
                task:cancel()
                mf.sleep(0) mf.sleep(0)
                return table.concat(closed, " "), task.status
                """)
            #expect(result == [wait.contains("inner") ? "inner second first" : "second first", "cancelled"])
        }
    }

    @Test func closingCannotWait() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local problem
                local task = mf.spawn(function()
                  local held <close> = setmetatable({}, { __close = function() _, problem = pcall(mf.sleep, 1) end })
                  mf.sleep(1e9)
                end)
                mf.sleep(0)
                task:cancel()
                mf.sleep(0) mf.sleep(0)
                return problem.code
                """)
            #expect(result == ["LUA-005"])
        }
    }

    // MARK: Owners

    private static let ticking = SampleRemote.entry(
        """
        ["./x"] = function()
          local mf = require("mf")
          local count = mf.loadShare("count")()
          mf.spawn(function() while true do mf.sleep(0) count() end end)
          return {}
        end
        """)

    static let ends = [
        "mf.removeRemotes { 'r' }",
        "mf.registerRemotes({ { name = 'r', entry = 'http://r/e.lua' } }, { force = true })",
        "mf.getInstance():dispose()",
    ]

    @Test(arguments: ends, ["", ", tenant = 'acme'"]) func tasksOfARemoteEndWithIt(
        end: String, tenant: String
    ) async throws {
        try await withSite(["http://r/e.lua": Self.ticking]) { site in
            let result = try await site.lua(
                """
                local ticks = 0
                mf.init { name = "host", remotes = { { name = "r", entry = "http://r/e.lua"\(tenant) } },
                  tenants = { acme = { level = "state", shared = { "count" } } },
                  shared = { count = { version = "1.0.0", lib = function() return function() ticks = ticks + 1 end end } } }
                mf.loadRemote("r/x")
                while ticks < 3 do mf.sleep(0) end
                \(end)
                mf.sleep(0) mf.sleep(0)
                local before = ticks
                for i = 1, 20 do mf.sleep(0) end
                return ticks - before
                """)
            #expect(result == [0])
            try await site.runtime.waitUntilIdle()
        }
    }

    @Test func loadUnderWayFinishesWithItsTasksBeforeTheyEnd() async throws {
        let entry = SampleRemote.entry(
            """
            ["./x"] = function()
              local mf = require("mf")
              local task = mf.spawn(function() while not go() do mf.sleep(0) end return "done" end)
              started()
              return task:wait()
            end
            """, before: "go, started = table.unpack(require('mf').loadShare('control')())")
        try await withSite(["http://r/e.lua": entry]) { site in
            let result = try await site.lua(
                """
                local went, began = false, false
                mf.init { name = "host", remotes = { { name = "r", entry = "http://r/e.lua" } },
                  shared = { control = { version = "1.0.0", lib = function()
                    return { function() return went end, function() began = true end } end } } }
                local load = mf.spawn(function() return mf.loadRemote("r/x") end)
                while not began do mf.sleep(0) end
                mf.removeRemotes { "r" }
                mf.sleep(0)
                went = true
                return load:wait()
                """)
            #expect(result == ["done"])
        }
    }

    @Test func tasksOfAnEntryThatFailsEnd() async throws {
        let entry = "local mf = require('mf') mf.spawn(function() mf.sleep(1e9) end) error('broken', 0)"
        try await withSite(["http://r/e.lua": entry]) { site in
            try await site.lua(
                "mf.init { name = 'host', remotes = { { name = 'r', entry = 'http://r/e.lua' } } } pcall(mf.loadRemote, 'r/x')"
            )
            try await site.runtime.waitUntilIdle()
        }
    }

    // MARK: Nothing left

    @Test func waitThatNothingCanEndFailsAndSaysWhatWaits() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        var configuration = RuntimeConfiguration(loop: loop)
        configuration.failsWithNothingLeft = true
        let runtime = try Runtime(configuration: configuration)
        let never: LuaValue = .callable(
            LuaCallable(async: "never") { _ in
                try await withTaskCancellationHandler {
                    try await loop.sleep(for: .zero)
                    await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
                } onCancel: {
                }
                return []
            })
        try await runtime.provide("never", never)
        let script = "local mf = require('mf') local task = mf.spawn(require('never')) task:wait()"
        let error = await expectMFError(.nothingLeft) {
            try await runtime.run(script: Array(script.utf8), name: "@host.lua", scriptName: "host.lua")
        }
        #expect(error?.message.contains("the script -> task 1") == true)
        await expectMFError(.nothingLeft) { try await runtime.waitUntilIdle() }
        await runtime.shutdown()
    }
}
