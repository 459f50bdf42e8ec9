import Diagnostics
import EventLoops
import LuaBridge
import Posix
import TestSupport
import Testing

@testable import Federation

/// `mf.every`, `mf.after` and `mf.at`.
@Suite(.timeLimit(.minutes(1))) struct TimerTests {
    @Test func aTimerCallsAgainAndAgainUntilItIsCancelled() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local calls = 0
                local timer = mf.every(1, function(timer) calls = calls + 1 if calls == 3 then timer:cancel() end end)
                while timer.status == "active" do mf.sleep(1) end
                mf.sleep(5)
                return calls, timer.calls, timer.status
                """)
            #expect(result == [3, 3, "cancelled"])
        }
    }

    @Test func anErrorIsLoggedAndCountedAndTheNextCallComes() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local timer = mf.every("1ms", function(timer) if timer.calls == 3 then timer:cancel() end error("no disk", 0) end)
                while timer.errors < 3 do mf.sleep(1) end
                return timer.errors, timer.lastError
                """)
            #expect(result == [3, "no disk"])
            #expect(site.log.messages == Array(repeating: "error: every (host.lua:1) failed: no disk", count: 3))
        }
    }

    @Test(arguments: [(false, 1), (true, 3)]) func callsOverlapOnlyWhereThatIsWanted(overlap: Bool, most: Int)
        async throws
    {
        try await withSite { site in
            let result = try await site.lua(
                """
                local running, most = 0, 0
                local timer
                timer = mf.every(1, function()
                  running = running + 1
                  most = math.max(most, running)
                  while timer.status == "active" do mf.sleep(1) end
                  running = running - 1
                end, { overlap = \(overlap), immediate = true })
                while timer.calls + timer.skipped < 3 do mf.sleep(1) end
                timer:cancel()
                return most >= \(most), timer.skipped > 0
                """)
            #expect(result == [true, .boolean(!overlap)])
        }
    }

    @Test func anImmediateTimerDoesNotWaitForItsFirstCall() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local timer <close> = mf.every("1h", function() end, { immediate = true, jitter = "1h" })
                while timer.calls == 0 do mf.sleep(0) end
                return timer.calls
                """)
            #expect(result == [1])
        }
    }

    @Test func whatIsCalledOnceKeepsTheRuntimeAwakeUntilItHasEnded() async throws {
        try await withSite { site in
            try await site.lua("timer = mf.after(1, function() mf.sleep(1) done = true end)")
            try await site.runtime.waitUntilIdle()
            #expect(try await site.lua("return done, timer.status") == [true, "done"])
        }
    }

    @Test func aTimerOfTheClockIsCancelledAsOthersAre() async throws {
        try await withSite { site in
            try await site.lua(
                "local timer = mf.at('* * * * *', print, { zone = 'UTC' }) assert(timer.status == 'active') timer:cancel()"
            )
            try await site.runtime.waitUntilIdle()
        }
    }

    @Test func aTimerOfTheClockGoesByTheTime() async throws {
        try await withSite { site in
            let result = try await site.lua("calls = {} return function(timer) calls[#calls + 1] = timer.calls end")
            let function = try #require(result.first?.functionValue)
            try await site.runtime.loop.perform { [runtime = site.runtime] in
                var operations = runtime.operations { nil }
                // A minute of this clock takes a few of its looks.
                let clock = SteppingClock(by: 15)
                operations.time = { clock.now() }
                let timer = TimerView(
                    at: try CronSchedule("* * * * *"), { _ in 0 }, function, operations, part: .milliseconds(1))
                while timer.luaGet(.string("calls")).intValue ?? 0 < 3 {
                    try await runtime.loop.sleep(for: .milliseconds(1))
                }
                timer.cancel()
                #expect(clock.now() >= 180)
            }
        }
    }

    static let refusals: [(script: String, code: MFError.Code, message: String)] = [
        (
            "mf.every('5', print)", .badArgument,
            "bad argument #1 to `every`: expected a time such as \"5s\", or a positive number of milliseconds, found the string \"5\""
        ),
        (
            "mf.after(0, print)", .badArgument,
            "bad argument #1 to `after`: expected a time such as \"5s\", or a positive number of milliseconds, found the number 0"
        ),
        (
            "mf.after(0 / 0, print)", .badArgument,
            "bad argument #1 to `after`: expected a time such as \"5s\", or a positive number of milliseconds, found the number nan"
        ),
        (
            "mf.every(nil, print)", .badArgument,
            "bad argument #1 to `every`: time such as \"5s\", or number of milliseconds, expected, got nil"
        ),
        ("mf.every(5)", .badArgument, "bad argument #2 to `every`: function expected, got no value"),
        (
            "mf.every(5, print, { jiter = 1 })", .invalidOptions,
            "invalid options for `every`: unknown key `jiter` (did you mean `jitter`?)"
        ),
        (
            "mf.at('* * *', print)", .badArgument,
            "bad argument #1 to `at`: `* * *` is no cron expression: it has 3 fields in place of 5"
        ),
        (
            "mf.at('* * * * *', print, { zone = 'CET' })", .invalidOptions,
            "invalid options for `at`: `zone`: expected \"local\" or \"UTC\", found the string \"CET\""
        ),
    ]

    @Test(arguments: refusals) func whatFailsSaysSo(
        _ entry: (script: String, code: MFError.Code, message: String)
    ) async throws {
        try await withSite { site in
            let error = await site.failure(entry.code, entry.script)
            #expect(error?.message.replacing("-nan", with: "nan") == entry.message)
        }
    }

    @Test(arguments: ExecTests.Owner.allCases.filter { $0 != .endedRuntime })
    func aTimerEndsWithTheCodeThatBeganItAndSoDoesItsCall(owner: ExecTests.Owner) async throws {
        let folder = try TemporaryFolder()
        let begin = """
            mf.every(1, function()
              local held <close> = setmetatable({}, { __close = function() tell(2) end })
              tell(1)
              mf.sleep("1h")
            end)
            """
        try folder.write(
            "p-plugin.lua",
            """
            local mf = require("mf")
            return function(options) local tell = options.tell \(begin) return { name = "p-plugin" } end
            """)
        let entry = SampleRemote.entry(
            "['./x'] = function() local mf = require('mf') local tell = mf.loadShare('tell')() \(begin) return {} end")
        try await withSite(["http://r/e.lua": entry]) { site in
            try await site.lua(
                """
                ofPlugin, ofRemote = 0, 0
                mf.init { name = "host", remotes = { { name = "r", entry = "http://r/e.lua" } },
                  shared = { tell = { version = "1.0.0", lib = function() return function(stage) ofRemote = math.max(ofRemote, stage) end end } },
                  plugins = { { "\(folder.path)/p-plugin.lua", { tell = function(stage) ofPlugin = math.max(ofPlugin, stage) end } } } }
                mf.loadRemote("r/x")
                while ofPlugin < 1 or ofRemote < 1 do mf.sleep(1) end
                """)
            let ended = owner.isOfPlugin ? "ofPlugin" : "ofRemote"
            try await site.lua("\(owner.end) while \(ended) < 2 do mf.sleep(1) end")
        }
    }
}

/// A clock that goes on by some seconds each time it is looked at.
private final class SteppingClock: Sendable {
    private let step: Double
    private let seconds = Locked(0.0)

    init(by step: Double) { self.step = step }

    func now() -> Double {
        seconds.withLock { seconds in
            seconds += step
            return seconds
        }
    }
}
