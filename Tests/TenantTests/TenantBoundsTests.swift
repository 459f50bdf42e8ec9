import Diagnostics
import EventLoops
import Federation
import LuaBridge
import TestSupport
import Testing

/// What a tenant lacks and where it is stopped: limits, loops in C, chains and numbers of its choice.
@Suite(.serialized, .timeLimit(.minutes(3))) struct TenantBoundsTests {
    init() { useBuiltWorker() }

    static let levels = TenantOptions.Level.allCases

    private func options(_ level: TenantOptions.Level, _ change: (inout TenantOptions) -> Void = { _ in })
        -> TenantOptions
    {
        .with {
            $0.level = level
            change(&$0)
        }
    }

    /// What code may look for, and a word of the hint that it gets.
    static let lacking = [
        ("require('mf').fetch('http://127.0.0.1:1/')", "net"), ("require('mf').loadRemote('a/b')", "origin"),
        ("require('mf').init {}", "LIMIT-009"), ("require('mf').getInstance()", "LIMIT-009"),
        ("os.getenv('HOME')", "env"), ("os.execute('true')", "LIMIT-009"), ("os.tmpname()", "file access"),
        ("io.open('x')", "file access"), ("dofile('x')", "file access"), ("package.loaded.x = 1", "require"),
        ("debug.getinfo(1)", "traceback"), ("string.dump(print)", "LIMIT-009"),
    ]

    @Test(arguments: levels, lacking) func whatATenantLacksIsNamedWithWhatGrantsIt(
        level: TenantOptions.Level, lack: (String, String)
    ) async throws {
        let options = options(level)
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            let error = await expectMFError(.capabilityMissing) { try await tenant.run(lack.0) }
            #expect(error?.message.contains("is not available to a tenant") == true)
            #expect(error?.hint?.contains(lack.1) == true, "\(error?.hint ?? "no hint")")
        }
    }

    @Test(arguments: levels) func aTenantHasTheTracebackOfItsOwnStack(level: TenantOptions.Level) async throws {
        let options = options(level)
        try await withSandboxedState { sandbox in
            let text = try await sandbox.tenant("acme", options).run(
                "return (select(2, xpcall(function() error('inside') end, debug.traceback)))")
            let lines = try #require(text.stringValue).split(separator: "\n")
            #expect(lines.first == "chunk.lua:1: inside" && lines.contains("stack traceback:"))
        }
    }

    /// Chunks that go over a limit in their second line.
    static let excesses = [
        "\nwhile true do end", "\nlocal t = {} while true do t[#t + 1] = ('x'):rep(1000) end",
        "\nrequire('mf').sleep(1e6)", "\nfor i = 1, 1e5 do require('mf').spawn(require('mf').sleep, 1e6) end",
        "\nstring.gsub(('x'):rep(1e6), '', os.date)",
    ]

    @Test(arguments: levels, excesses) func theErrorOfALimitSaysWhereItWasReached(
        level: TenantOptions.Level, source: String
    ) async throws {
        let options = options(level) { $0.wall = .milliseconds(500) }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            do {
                _ = try await tenant.run(source)
                Issue.record("nothing stopped it")
            } catch let error as MFError where error.code == .limitWall && level == .process {
                // The host ends a worker that waits: it does not know where.
            } catch let error as MFError {
                #expect(error.code.rawValue.hasPrefix("LIMIT-") && error.message.hasSuffix("chunk.lua:2"), "\(error)")
            }
        }
    }

    @Test(arguments: levels) func theErrorOfALimitSaysWhereTheFunctionWasStartedThatReachedIt(
        level: TenantOptions.Level
    ) async throws {
        // Each task and each of their sleeps counts: one of the sleeps is too many, and no Lua code calls it.
        let source = """
            local mf = require('mf')
            for i = 1, 100 do
              mf.spawn(mf.sleep, 1e6) end
            mf.sleep(1e6)
            """
        let options = options(level) { $0.tasks = 150 }
        try await withSandboxedState { sandbox in
            let error = await expectMFError(.limitTasks) { try await sandbox.tenant("acme", options).run(source) }
            #expect(error?.message.hasSuffix("chunk.lua:3") == true, "\(String(describing: error))")
        }
    }

    /// Loops of C that come by no instruction of Lua.
    static let loopsInC = [
        "while true do load(os.date) end", "load(os.clock) while true do load(os.clock) end",
        "string.gsub(('x'):rep(1e6), '', os.date)", "string.gsub(('x'):rep(1e6), '()', os.date)",
        "table.sort(setmetatable({}, { __len = function() return 1e9 end, __index = type, __newindex = rawequal }), rawequal)",
        "table.concat(setmetatable({}, { __len = function() return 1e9 end, __index = type }))",
        "table.move(setmetatable({}, { __index = type }), 1, 1e9, 1, setmetatable({}, { __newindex = rawequal }))",
        "for _ in coroutine.wrap(function() while true do coroutine.yield(os.date()) end end) do end",
        "while true do xpcall(error, os.date) end", "while true do pcall(string.rep) end",
        "for _ in next, setmetatable({}, {}) do end while true do next({}) end",
        "local s = ('_ENV--[['):rep(1e5) while true do load(s) end",
        "local s = ('x'):rep(1e6) while true do s:find('y') utf8.len(s) s:upper() end",
    ]

    @Test(arguments: loopsInC) func everyLoopInCIsStoppedAndTheClockOfTheHostGoesOn(source: String) async throws {
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", .with { $0.maxRestarts = 1000 })
            do {
                _ = try await tenant.run(source)
                Issue.record("it ended")
            } catch let error as MFError {
                #expect([.limitCPU, .limitMemory].contains(error.code), "\(error)")
            }
            // What a jump out of libc would have left locked.
            let date = try sandbox.host.load("return os.date('%X') .. os.time()", name: "=host")
            #expect(try sandbox.host.call(date).first?.stringValue != nil)
        }
    }

    @Test(arguments: levels) func aFunctionThatIsCalledForTheNextOneKeepsNoChain(level: TenantOptions.Level)
        async throws
    {
        let options = options(level) { $0.maxRestarts = 1000 }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            guard case .callable(let first) = try await tenant.run("local function f() return f end return f") else {
                Issue.record("no function")
                return
            }
            var next = try sandbox.host.makeFunction(first)
            for _ in 0..<(level == .state ? 20_000 : 2_000) {
                next = try #require(try await sandbox.host.callAsync(next).first?.functionValue)
            }
            // In a fresh instance what came from so far away is not found again: an error, and no recursion as deep.
            _ = try? await tenant.run("while true do end")
            _ = await expectMFError(.stateClosed) { [next] in try await sandbox.host.callAsync(next) }
        }
    }

    @Test func aTaskWhoseResultIsATaskKeepsNoChainOfThem() async throws {
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", .with { $0.memory = 64 << 20 })
            let more = try await tenant.run(
                """
                local mf, task = require("mf"), nil
                return function(keep)
                  if not keep then task = nil collectgarbage() return end
                  for _ = 1, 100 do
                    local last = task
                    task = mf.spawn(function() return last end)
                    task:wait()
                  end
                end
                """)
            for _ in 0..<200 { _ = try await sandbox.call(more, true) }
            _ = try await sandbox.call(more, false)
            _ = try await sandbox.call(more, true)
        }
    }

    @Test(arguments: levels) func keptErrorsOfTasksAreCharged(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.maxRestarts = 1000 }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            await expectMFError(.limitMemory) {
                try await tenant.run(
                    """
                    local mf, keep, text = require("mf"), {}, ("x"):rep(900000)
                    for i = 1, 100 do
                      local task = mf.spawn(function() error({ message = text, code = "x" }) end)
                      pcall(task.wait, task)
                      keep[i] = task
                    end
                    """)
            }
        }
    }

    @Test(arguments: levels) func aResultOfManyFunctionsWorksOrIsALimit(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.cpu = .seconds(5) }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            let few = try await tenant.run(
                "local t = {} for i = 1, 3000 do t[i] = function() return i end end return t")
            #expect(few.arrayValue?.count == 3000)
            await expectMFError(.limitMessageSize) {
                try await tenant.run("local t = {} for i = 1, 30000 do t[i] = function() end end return t")
            }
        }
    }

    @Test(arguments: levels, [Int64.min, .min + 1, -1, 0, .max]) func aKeyMayBeAnyInteger(
        level: TenantOptions.Level, key: Int64
    ) async throws {
        let options = options(level) { $0.maxRestarts = 1000 }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            let module = try await tenant.run("local k = ... return { [k] = function() return k end }", .integer(key))
            let function = try #require(module.recordValue?.entries.first?.value)
            #expect(try await sandbox.call(function) == .integer(key))
            _ = try? await tenant.run("while true do end")
            #expect(try await sandbox.call(function) == .integer(key))
        }
    }
}
