import Diagnostics
import Federation
import Fetch
import LuaBridge
import TestSupport
import Testing

/// `mf.store` of tenants' plugins.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantStoreTests {
    init() { useBuiltWorker() }

    /// Registers a plugin's file in tenants and loads something, so that its hooks are called; gives what `body` returns.
    private func run(
        _ level: TenantOptions.Level, in folder: TemporaryFolder, options: String = "", plugin: String, _ body: String
    ) async throws -> [LuaValue] {
        let path = try folder.write("x-plugin.lua", plugin)
        var configuration = RuntimeConfiguration(
            fetcher: InMemoryFetcher { FetchResponse(status: 404, url: $0.url) }, logLevel: "critical")
        configuration.stateFolder = folder.path + "/state"
        let runtime = try Runtime(configuration: configuration)
        let tenant = "{ level = \"\(level.rawValue)\", failClosed = true, changes = { \"*\" } \(options) }"
        let script = """
            local mf = require("mf")
            local host = mf.createInstance { name = "h", tenants = { acme = \(tenant), beta = \(tenant) } }
            local function register(tenant) host:registerPlugins { { "\(path)", tenant = tenant } } end
            -- What the hook of a tenant's plugin raises is what it has to say.
            local function ask(question)
              local ok, problem = pcall(host.loadRemote, host, "none/" .. question)
              return (tostring(problem):match("said: ([^\\n]*)"))
            end
            \(body)
            """
        do {
            let results = try await runtime.evaluate(script)
            await runtime.shutdown()
            return results
        } catch {
            await runtime.shutdown()
            throw error
        }
    }

    private static func answering(_ answers: String, store: String = "nil") -> String {
        """
        local mf = require("mf")
        local kv = mf.store()
        local answers = { \(answers) }
        return { name = "x-plugin", store = \(store), beforeRequest = function(args)
          error("said: " .. tostring(answers[args.id:match("/(.*)")]()), 0)
        end }
        """
    }

    private static let counting = answering(
        "up = function() return kv:update('n', function(n) return (n or 0) + 1 end) end, keys = function() return #kv:keys() end"
    )

    @Test(arguments: TenantOptions.Level.allCases) func whatATenantKeepsOutlivesItsHost(level: TenantOptions.Level)
        async throws
    {
        let folder = try TemporaryFolder()
        let body = "register('acme') return ask('up'), ask('up')"
        #expect(try await run(level, in: folder, plugin: Self.counting, body) == [.string("1"), .string("2")])
        #expect(try await run(level, in: folder, plugin: Self.counting, body) == [.string("3"), .string("4")])
    }

    @Test(arguments: TenantOptions.Level.allCases) func tenantsDoNotSeeEachOther(level: TenantOptions.Level)
        async throws
    {
        let folder = try TemporaryFolder()
        let body = "register('acme') return ask('up')"
        #expect(try await run(level, in: folder, plugin: Self.counting, body) == [.string("1")])
        let other = "register('beta') return ask('keys'), host:store('x-plugin'):get('n')"
        #expect(try await run(level, in: folder, plugin: Self.counting, other) == [.string("0"), .nil])
    }

    @Test(arguments: TenantOptions.Level.allCases) func aViolationInAnUpdateChangesNothing(level: TenantOptions.Level)
        async throws
    {
        let plugin = Self.answering(
            """
            set = function() kv:set('n', 1, { durable = true }) return 'set' end,
            spin = function() kv:update('n', function() while true do end end) end,
            fill = function() kv:update('n', function() return ("x"):rep(1 << 30) end) end,
            get = function() return kv:get('n') end,
            """)
        let results = try await run(
            level, in: TemporaryFolder(), options: ", maxRestarts = 10", plugin: plugin,
            "register('acme') return ask('set'), ask('spin'), ask('get'), ask('fill'), ask('get')")
        #expect(results == [.string("set"), .nil, .string("1"), .nil, .string("1")])
    }

    @Test(arguments: TenantOptions.Level.allCases) func theTenantsQuotaIsExact(level: TenantOptions.Level) async throws
    {
        // The key, two quotes, and 32 bytes for each.
        let plugin = Self.answering(
            """
            fits = function() kv:set('k', ("x"):rep(100 - 1 - 2 - 32)) return kv:get('k') and 'kept' end,
            over = function()
              local _, problem = pcall(kv.set, kv, 'k', ("x"):rep(100 - 1 - 2 - 31))
              return problem.code
            end,
            more = function() local _, problem = pcall(kv.set, kv, 'l', 1) return problem.code end,
            """)
        let results = try await run(
            level, in: TemporaryFolder(), options: ", store = 100", plugin: plugin,
            "register('acme') return ask('fits'), ask('over'), ask('more')")
        #expect(results == [.string("kept"), .string("STORE-001"), .string("STORE-001")])
    }

    @Test(arguments: TenantOptions.Level.allCases) func contentsOfATenantAreMigratedOrItsNewVersionIsRefused(
        level: TenantOptions.Level
    ) async throws {
        let folder = try TemporaryFolder()
        #expect(
            try await run(level, in: folder, plugin: Self.counting, "register('acme') return ask('up')") == [
                .string("1")
            ])
        for broken in ["error('no')", "mf.sleep(1)", "while true do end"] {
            let plugin = Self.answering(
                "", store: "{ version = 2, migrate = function(kv) kv:set('n', 7) \(broken) end }")
            let refused = try await run(
                level, in: folder, plugin: plugin, "local _, problem = pcall(register, 'acme') return problem.code")
            #expect(refused == [.string("STORE-008")], "\(broken)")
        }
        let plugin = Self.answering(
            "get = function() return kv:get('n') .. ' from ' .. kv:get('from') end",
            store:
                "{ version = 2, migrate = function(kv, from) kv:set('from', from) kv:set('n', kv:get('n') * 10) end }")
        let body = "register('acme') return ask('get')"
        #expect(try await run(level, in: folder, plugin: plugin, body) == [.string("10 from 1")])
        #expect(try await run(level, in: folder, plugin: plugin, body) == [.string("10 from 1")])
    }

    @Test(arguments: TenantOptions.Level.allCases) func aTenantIsNotToldWhereTheHostKeepsIt(level: TenantOptions.Level)
        async throws
    {
        let folder = try TemporaryFolder()
        try folder.write("state", "a file")
        let plugin = Self.answering(
            "set = function() local _, problem = pcall(kv.set, kv, 'k', 1) return problem.code .. ' ' .. problem.message end"
        )
        let results = try await run(level, in: folder, plugin: plugin, "register('acme') return ask('set')")
        #expect(results.first?.stringValue?.hasPrefix("STORE-005") == true, "\(results)")
        #expect(results.first?.stringValue?.contains(folder.path) == false, "\(results)")
    }
}
