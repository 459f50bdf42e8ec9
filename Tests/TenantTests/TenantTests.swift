import Diagnostics
import EventLoop
import Federation
import LuaBridge
import TestSupport
import Testing

/// The same behaviour in a Lua state of this process and in a worker.
@Suite(.serialized) struct TenantTests {
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
        try await withSandbox { sandbox in
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
        try await withSandbox { sandbox in
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
        try await withSandbox { sandbox in
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
        try await withSandbox { sandbox in
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
            #expect(tenant.stats.generation == 2 && tenant.stats.dooms == ["LIMIT-001": 1])
            #expect(sandbox.events == ["acme LIMIT-001"])
        }
    }

    @Test(arguments: levels) func oftenDoomedTenantsAreSuspended(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.cpu = .milliseconds(10) }
        try await withSandbox { sandbox in
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
        try await withSandbox { sandbox in
            let tenant = sandbox.tenant("acme", options)
            await expectMFError(.limitWall) { try await tenant.run("require('mf').sleep(1e6)") }
            let afterwards = try await tenant.run("return 1")
            #expect(afterwards == 1)
        }
    }

    @Test(arguments: levels) func tasksAreCounted(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.tasks = 4 }
        try await withSandbox { sandbox in
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

    @Test(arguments: levels) func sharedModulesAreListedReadOnlyCopies(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.shared = ["config", "absent"] }
        try await withSandbox { sandbox in
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
        try await withSandbox { sandbox in
            let result = try await sandbox.tenant("acme", options).run(
                """
                local mf = require("mf")
                return { mf.env.REGION, type(mf.fetch), type(io), type(os.execute), type(debug), type(string.dump),
                  tostring({}):find("0x") == nil, (pcall(require, "io")) }
                """)
            #expect(result == ["eu", "nil", "nil", "nil", "nil", "nil", true, false])
        }
    }

    @Test(arguments: levels) func largeValuesDoNotCross(level: TenantOptions.Level) async throws {
        let options = options(level) { $0.message = 10_000 }
        try await withSandbox { sandbox in
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
