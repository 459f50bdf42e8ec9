import Diagnostics
import Federation
import Fetch
import LuaBridge
import TestSupport
import Testing

/// Plugins and remotes of tenants in a host, as `mf.init` declares them.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantHostTests {
    init() { useBuiltWorker() }

    private static func entry(_ exposes: String) -> String {
        "local exposes = { \(exposes) } return { init = function() end, get = function(name) return exposes[name] end }"
    }

    /// `own` belongs to the tenant, `foreign` is the host's.
    private static let texts = [
        "http://own/entry.lua": entry(
            "['./answer'] = function() return { get = function(x) return x + 1 end } end"),
        "http://api.acme.example/x": "hello",
        "http://joined/entry.lua": """
        local mf, scope = require("mf")
        return {
          init = function(shareScope) mf.sleep(1) scope = shareScope end,
          get = function()
            return function()
              return { scope = function() return tostring(scope) end, spin = function() while true do end end }
            end
          end,
        }
        """,
        "http://foreign/entry.lua": entry(
            "['./secret'] = function() return { get = function() return 'secret' end } end"),
    ]

    @Test(arguments: [TenantOptions.Level.state, .process])
    func aModuleThatATenantLacksIsSaidToBeMissingWhereItCannotWait(level: TenantOptions.Level) async throws {
        let folder = try TemporaryFolder()
        let plugin = try folder.write(
            "guest-plugin.lua", "local helper = require('helper') return { name = 'guest-plugin' }")
        let runtime = try Runtime()
        let message = try await runtime.evaluate(
            """
            local ok, problem = pcall(require("mf").init, { name = "gateway", tenants = { guest = { level = "\(level.rawValue)" } },
              plugins = { { "\(plugin)", tenant = "guest" } } })
            return problem.message
            """
        ).first?.stringValue
        #expect(message?.contains("module `helper` is not available to a tenant") == true, "\(message ?? "")")
        await runtime.shutdown()
    }

    /// The tenant's errors fail the loads of others, too: so what it finds is told.
    private static func host(_ level: TenantOptions.Level, plugin: String) -> String {
        """
        local mf = require("mf")
        local host = mf.init {
          name = "gateway",
          tenants = { acme = { level = "\(level.rawValue)", shared = { "json" }, net = { "api.acme.example" }, failClosed = true } },
          shared = { json = { version = "1.0.0", lib = function() return { level = "info" } end },
                     hidden = { version = "1.0.0", lib = function() return {} end } },
          remotes = { { name = "own", entry = "http://own/entry.lua", tenant = "acme" },
                      { name = "foreign", entry = "http://foreign/entry.lua" } },
          plugins = { { "\(plugin)", {}, tenant = "acme" } },
        }
        """
    }

    private func withHost(
        _ level: TenantOptions.Level, plugin: String, _ script: String, _ check: @Sendable ([LuaValue]) -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("acme-plugin.lua", plugin)
        let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: InMemoryFetcher(Self.texts)))
        do {
            let results = try await runtime.evaluate(Self.host(level, plugin: file) + script)
            check(results)
        } catch {
            await runtime.shutdown()
            throw error
        }
        await runtime.shutdown()
    }

    @Test(arguments: TenantOptions.Level.allCases) func originGivesATenantItsOwnRemotesAndWhatIsSharedWithIt(
        level: TenantOptions.Level
    ) async throws {
        let plugin = """
            return {
              name = "acme-plugin",
              afterMatchRemote = function(args)
                if not args.id:find("secret") then return end
                local origin, told = args.origin, {}
                assert(origin.name == "gateway" and origin.version and origin.options.name == "gateway")
                assert(origin:loadRemote("own/answer").get(41) == 42)
                assert(origin:loadShare("json")().level == "info")
                assert(require("mf").fetch("http://api.acme.example/x").body == "hello")
                for _, options in ipairs { { method = "GET / HTTP/1.1\\r\\nX: y\\r\\n\\r\\nGET" }, { headers = { a = "b\\r\\nX: y" } } } do
                  assert(not pcall(require("mf").fetch, "http://api.acme.example/x", options))
                end
                for _, try in ipairs {
                  function() return origin:loadRemote("foreign/secret") end, function() return origin:loadRemote("none/x") end,
                  function() return origin:loadShare("hidden") end, function() return origin.loadRemote({}, "own/answer") end,
                  function() origin.loadRemote = 1 end, function() return origin:registerRemotes({}) end,
                  function() return origin:dispose() end, function() return origin.options.tenants.acme end,
                } do
                  local ok, problem = pcall(try)
                  assert(not ok)
                  told[#told + 1] = problem.code or "-"
                end
                error({ code = "TOLD", message = table.concat(told, " ") })
              end,
            }
            """
        try await withHost(
            level, plugin: plugin,
            "local ok, problem = pcall(mf.loadRemote, 'foreign/secret') return tostring(problem)"
        ) { results in
            let told = results.first?.stringValue ?? ""
            #expect(told.contains("LIMIT-009 LIMIT-009 LIMIT-009"), "\(told)")
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func aHookThatLeadsATenantToAForeignRemoteIsPassedOver(
        level: TenantOptions.Level
    ) async throws {
        let plugin = """
            return {
              name = "acme-plugin",
              beforeRequest = function(args)
                if args.id == "own/answer" then args.id = "foreign/secret" end
                return args
              end,
              afterMatchRemote = function(args)
                if args.id ~= "own/start" then return end
                error({ code = "TOLD", message = "reached: " .. args.origin:loadRemote("own/answer").get(41) })
              end,
            }
            """
        try await withHost(
            level, plugin: plugin, "local ok, problem = pcall(mf.loadRemote, 'own/start') return tostring(problem)"
        ) { results in
            #expect(results.first?.stringValue?.contains("reached: 42") == true, "\(results)")
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func aRemoteOfATenantRunsInItAndTheHostGoesOnAfterItsDoom(
        level: TenantOptions.Level
    ) async throws {
        try await withHost(
            level, plugin: "return { name = 'acme-plugin' }",
            """
            local answer = mf.loadRemote("own/answer")
            local first = answer.get(1)
            local stats = host:tenantStats("acme")
            return first, mf.loadRemote("foreign/secret").get(), stats.calls > 0, stats.state
            """
        ) { results in
            #expect(results == [2, "secret", true, "running"])
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func aContainerJoinsItsShareScopeAgainInAFreshInstance(
        level: TenantOptions.Level
    ) async throws {
        try await withHost(
            level, plugin: "return { name = 'acme-plugin' }",
            """
            host:registerRemotes { { name = "joined", entry = "http://joined/entry.lua", tenant = "acme" } }
            local module = host:loadRemote("joined/x")
            local before = module.scope()
            local ok, problem = pcall(module.spin)
            return before, problem.code, module.scope(), host:loadRemote("joined/y").scope()
            """
        ) { results in
            #expect(results.first?.stringValue?.contains("mf.Map") == true)
            #expect(results == [results[0], "LIMIT-001", results[0], results[0]])
        }
    }
}
