import Diagnostics
import EventLoops
import Federation
import LuaBridge
import TestSupport
import Testing

/// The same behaviour in a Lua state of this process and in a worker.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantTests {
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

    @Test(arguments: levels) func valuesCrossByCopy(level: TenantOptions.Level) async throws {
        let options = options(level)
        try await withSandboxedState { sandbox in
            let table = try sandbox.host.makeTable(["a": [1, 2.5, "x", true], "b": .null, "c": .bytes([0xFF])])
            let result = try await sandbox.tenant("acme", options).run(
                "local t = ... t.a[1] = 9 t.n = #t.a return t", .table(table))
            #expect(result["a"] == [9, 2.5, "x", true] && result["b"] == .null && result["c"] == .bytes([0xFF]))
            #expect(result["n"] == 4)
            let untouched = try table.copied()
            #expect(untouched["a"][1] == 1 && untouched["n"].isNil)
        }
    }

    @Test(arguments: levels) func functionsCrossAsProxiesBothWays(level: TenantOptions.Level) async throws {
        let options = options(level)
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            let apply = try await tenant.run("return function(f, x) return f(x) + 1 end")
            let double = try sandbox.host.load("return ... * 2", name: "=double")
            #expect(try await sandbox.call(apply, .function(double), 20) == 41)
            let wait = try await tenant.run("return function() require('mf').sleep(1) return 'waited' end")
            #expect(try await sandbox.call(wait) == "waited")
        }
    }

    @Test(arguments: levels) func errorsHaveCodeAndTenant(level: TenantOptions.Level) async throws {
        let options = options(level)
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            let plain = await expectMFError(.luaRuntime) { try await tenant.run("error('plain', 0)") }
            #expect(plain?.message == "plain" && plain?["tenant"] == "acme")
            let coded = await expectMFError(.init("ACME-7")) {
                try await tenant.run("error({ code = 'ACME-7', message = 'coded', hint = 'try' })")
            }
            #expect(coded?.message == "coded" && coded?.hint == "try" && coded?["tenant"] == "acme")
        }
    }

    @Test(arguments: levels) func aDoomedInstanceIsReplacedAndItsFunctionsGoOn(level: TenantOptions.Level) async throws
    {
        let options = options(level) { $0.cpu = .milliseconds(20) }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            let module = try await tenant.run(
                """
                local count = 0
                return {
                  get = function(name)
                    return { count = function() count = count + 1 return name .. count end, spin = function() while true do pcall(function() while true do end end) end end }
                  end,
                }
                """)
            let first = try await sandbox.call(module["get"], "n")
            guard case .table(let table) = first else { throw MFError(.luaRuntime, "no table") }
            let count = try table.get("count"), spin = try table.get("spin")
            guard case .function(let counting) = count, case .function(let spinning) = spin else {
                throw MFError(.luaRuntime, "no functions")
            }
            #expect(try await sandbox.host.callAsync(counting) == ["n1"])
            #expect(try await sandbox.host.callAsync(counting) == ["n2"])
            let error = await expectMFError(.limitCPU) { try await sandbox.host.callAsync(spinning) }
            #expect(error?["tenant"] == "acme")
            #expect(try await sandbox.host.callAsync(counting) == ["n1"], "a fresh instance counts anew")
            #expect(tenant.stats.generation == 2 && tenant.stats.violations == ["LIMIT-001": 1])
            #expect(sandbox.events == ["acme LIMIT-001"])
        }
    }

    /// A container as remotes have it: entry, `get`, factory, module; each of the three runs waits.
    private static let container = """
        local mf = require("mf")
        local prefix = mf.loadShare("config")().level
        local runs = 0
        return {
          get = function(name)
            mf.sleep(1)
            return function()
              mf.sleep(1)
              runs = runs + 1
              local count = 0
              return {
                up = function() count = count + 1 return count end,
                read = function() return prefix .. name .. count .. "/" .. runs end,
                spin = function() while true do end end,
              }
            end
          end,
        }
        """

    @Test(arguments: levels) func functionsOfAModuleShareTheirVariablesInEveryInstance(level: TenantOptions.Level)
        async throws
    {
        let options = options(level) {
            $0.cpu = .milliseconds(50)
            $0.maxRestarts = 100
            $0.shared = ["config"]
        }
        try await withSandboxedState { sandbox in
            let config = try sandbox.host.makeTable(["level": "info"])
            let tenant = sandbox.tenant("acme", options, shares: ["config": .table(config)])
            let container = try await tenant.run(Self.container)
            let factory = try await sandbox.call(container["get"], "x")
            guard case .function(let factory) = factory else { throw MFError(.luaRuntime, "no factory") }
            let module = try await sandbox.host.callAsync(factory).first?.tableValue
            func function(_ name: String) throws -> LuaFunction {
                let value = try module?.get(name)
                return try #require(value?.functionValue)
            }
            let up = try function("up"), read = try function("read"), spin = try function("spin")
            for _ in 1...3 {
                #expect(try await sandbox.host.callAsync(up) == [1])
                #expect(try await sandbox.host.callAsync(up) == [2])
                #expect(try await sandbox.host.callAsync(read) == ["infox2/1"])
                await expectMFError(.limitCPU) { try await sandbox.host.callAsync(spin) }
            }
            // Two that find themselves again at the same time share one run, too.
            async let one = sandbox.host.callAsync(up)
            async let two = sandbox.host.callAsync(up)
            #expect(Set([try await one, try await two].map { $0.first?.intValue }) == [1, 2])
            #expect(try await sandbox.host.callAsync(read) == ["infox2/1"])
        }
    }

    @Test(arguments: levels) func oftenDoomedTenantsAreSuspended(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.cpu = .milliseconds(10) }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            for _ in 1...3 { await expectMFError(.limitCPU) { try await tenant.run("while true do end") } }
            let error = await expectMFError(.tenantSuspended) { try await tenant.run("return 1") }
            #expect(error?["tenant"] == "acme")
            #expect(tenant.stats.state == .suspended && tenant.stats.suspendedFor != nil)
            #expect(sandbox.events.last == "acme suspended" || sandbox.events.contains("acme suspended"))
        }
    }

    @Test(arguments: levels) func waitsEndAtTheWallLimit(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.wall = .milliseconds(100) }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            await expectMFError(.limitWall) { try await tenant.run("require('mf').sleep(1e6)") }
            let afterwards = try await tenant.run("return 1")
            #expect(afterwards == 1)
        }
    }

    @Test(arguments: levels) func tasksAreCounted(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.tasks = 4 }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            let sum = try await tenant.run(
                """
                local mf = require("mf")
                local function one(x) return function() mf.sleep(1) return x end end
                local r = mf.all { one(1), one(2) }
                local t = mf.spawn(function(a, b) return a + b end, 3, 4)
                return r[1] + r[2] + t:wait()
                """)
            #expect(sum == 10)
            await expectMFError(.limitTasks) {
                try await tenant.run("local mf = require('mf') for i = 1, 9 do mf.spawn(mf.sleep, 1e5) end")
            }
        }
    }

    private static let burning = """
        local mf = require("mf")
        local function burn(ms) local start = os.clock() while (os.clock() - start) * 1000 < ms do end end
        local function work() for i = 1, 4000000 do end end
        """

    @Test(arguments: levels) func aCallAndWhatItSpawnsShareOneLimit(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.cpu = .milliseconds(100) }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            await expectMFError(.limitCPU) {
                try await tenant.run(
                    Self.burning
                        + "\nlocal f = {} for i = 1, 16 do f[i] = function() work() mf.spawn(work):wait() end end mf.all(f)"
                )
            }
        }
    }

    @Test(arguments: levels) func whatOutlivesItsCallSharesOneLimit(level: TenantOptions.Level) async throws {
        let options = options(level) {
            $0.cpu = .milliseconds(50)
            $0.wall = .seconds(60)
        }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            _ = try await tenant.run(
                Self.burning + "\nfor i = 1, 16 do mf.spawn(function() mf.sleep(1) work() end) end")
            await expectMFError(.limitCPU) {
                try await tenant.run("local mf = require('mf') for i = 1, 5000 do mf.sleep(5) end")
            }
        }
    }

    @Test(arguments: levels) func whatOutlivesItsCallGoesOnForAsLongAsItIsModest(level: TenantOptions.Level)
        async throws
    {
        let options = options(level) {
            $0.cpu = .milliseconds(40)
            $0.wall = .milliseconds(400)
        }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            let module = try await tenant.run(
                Self.burning + """

                    local spent = 0
                    mf.spawn(function() while spent < 80 do mf.sleep(40) burn(2) spent = spent + 2 end end)
                    return { wait = function() mf.sleep(20) return spent end }
                    """)
            while try await sandbox.call(module["wait"]).intValue ?? 80 < 80 {}
            #expect(tenant.stats.violations.isEmpty && tenant.stats.generation == 1)
        }
    }

    /// A table that is its own `__call`, and weak keys that are chained against their order: Lua comes to no instruction.
    private static let stuck = [
        "local t = setmetatable({}, {}) getmetatable(t).__call = t t()",
        """
        local keys, order, path = setmetatable({}, { __mode = "k" }), {}, {}
        for i = 1, 40000 do local key = {} order[i] = key keys[key] = true end
        order = {} for key in next, keys do order[#order + 1] = key end
        for i = 1, 20000 do path[#path + 1] = order[40001 - i] path[#path + 1] = order[i] end
        for i = 1, 39999 do keys[path[i]] = path[i + 1] end
        local first = path[1] order, path = nil, nil
        collectgarbage()
        """,
    ]

    @Test(.enabled(if: Sanitizer.followsSignals, "ThreadSanitizer cannot follow the jump"), arguments: levels, stuck)
    func aStateThatIsStuckInsideOfLuaIsAbandoned(
        level: TenantOptions.Level, source: String
    ) async throws {
        let options = options(level) { $0.cpu = .milliseconds(100) }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            await expectMFError(.limitCPU) { try await tenant.run(source) }
            expectMFError(.limitCPU) { try tenant.runNow(Array(source.utf8), name: "=stuck") }
            // The host's function is between the two calls of the state that is abandoned.
            let module = try await tenant.run(
                "return function(f) pcall(f) return 'ESCAPED' end, function() \(source) end")
            let inner = try sandbox.host.load("return 1", name: "=inner")
            #expect(try await sandbox.call(module, .function(inner)) == "ESCAPED")
            await expectMFError(.limitCPU) {
                let back = LuaCallable("back") { call in
                    guard case .callable(let function) = call[0] else { throw call.mismatch(0, "function") }
                    return try call.state.call(try call.state.makeFunction(function))
                }
                return try await tenant.run("return (...)(function() \(source) end)", .callable(back))
            }
        }
    }

    @Test(arguments: levels) func resultsThatNobodyHasTakenCountAsMemory(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.cpu = .seconds(10) }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            let taken = try await tenant.run(
                """
                local mf, s = require("mf"), ("x"):rep(900000)
                for i = 1, 100 do mf.spawn(function() return s .. i end):wait() end
                return "taken"
                """)
            #expect(taken == "taken")
            await expectMFError(.limitMemory) {
                try await tenant.run(
                    """
                    local mf, s, kept = require("mf"), ("x"):rep(900000), {}
                    for i = 1, 100 do kept[i] = mf.spawn(function() return s .. i end) mf.sleep(0) end
                    """)
            }
        }
    }

    @Test(arguments: levels) func sharedModulesAreListedReadOnlyCopies(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.shared = ["config", "absent"] }
        try await withSandboxedState { sandbox in
            let config = try sandbox.host.makeTable(["level": "info", "deep": ["list": [1, 2]]])
            let tenant = sandbox.tenant("acme", options, shares: ["config": .table(config), "secret": "s"])
            let result = try await tenant.run(
                """
                local mf = require("mf")
                local config = mf.loadShare("config")()
                local written = pcall(function() config.level = "x" end) or pcall(function() config.deep.list[1] = 5 end)
                local keys = 0 for _ in pairs(config.deep.list) do keys = keys + 1 end
                return { config.level, written, keys, mf.loadShare("absent"), (pcall(mf.loadShare, "secret")) }
                """)
            #expect(result == ["info", false, 2, false, false])
            #expect(try config.get("level") == "info")
        }
    }

    @Test(arguments: levels) func whatIsNotListedDoesNotExist(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.env = ["REGION": "eu"] }
        try await withSandboxedState { sandbox in
            let result = try await sandbox.tenant("acme", options).run(
                """
                local mf = require("mf")
                local others = {}
                for name in pairs(debug) do if name ~= "traceback" then others[#others + 1] = name end end
                return { mf.env.REGION, type(io), type(package), type(string.dump), #others, mf.nothing == nil,
                  tostring({}):find("0x") == nil, (pcall(require, "io")) }
                """)
            #expect(result == ["eu", "nil", "nil", "nil", 0, true, true, false])
        }
    }

    @Test(arguments: levels) func largeValuesDoNotCross(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.message = 10_000 }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", options)
            await expectMFError(.limitMessageSize) { try await tenant.run("return ('x'):rep(20000)") }
            await expectMFError(.limitMessageSize) {
                try await tenant.run("local t = {} for i = 1, 50 do t = { t, t } end return t")
            }
            await expectMFError(.tooDeep) { try await tenant.run("local t = {} t[1] = t return t") }
        }
    }
}

/// Has workers started from the built attacks program: the test program cannot be one.
func useBuiltWorker() { TenantWorker.executable = Places.products + "/mflua-attacks" }
