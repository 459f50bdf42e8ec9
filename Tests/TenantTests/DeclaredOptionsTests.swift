import Diagnostics
import EventLoops
import Federation
import LuaBridge
import TestSupport
import Testing

/// Plugins that declare their options inside of a tenant, at each level.
@Suite(.timeLimit(.minutes(2))) struct DeclaredOptionsTests {
    init() { useBuiltWorker() }

    private static let plugin = """
        return {
          name = "t-plugin", version = "1.2.3",
          options = {
            url = { type = "string", secret = true, required = true },
            count = { type = "integer", default = 2 },
            list = { list = "integer", default = { 1, 2 } },
          },
          check = function(o) if o.count > 5 then return { "one", "two" } end if o.count == 5 then return 5 end end,
          plugin = function(o)
            return { errorLoadRemote = function(args)
              if args.id == "none/spin" then while true do end end
              return { url = o.url, count = o.count, last = o.list[#o.list], frozen = not pcall(function() o.count = 3 end) }
            end }
          end,
        }
        """

    private static func host(
        _ level: TenantOptions.Level, _ options: LuaValue, _ plugin: String = plugin,
        _ body: @Sendable (Host) async throws -> Void
    ) async throws {
        let runtime = try Runtime()
        var tenant = TenantOptions()
        tenant.level = level
        tenant.changes = ["*"]
        do {
            let host = try await runtime.createHost(
                HostOptions(
                    name: "host", plugins: [.source(plugin, name: "t-plugin.lua", options: options, tenant: "acme")],
                    tenants: [("acme", tenant)]))
            try await body(host)
        } catch {
            await runtime.shutdown()
            throw error
        }
        await runtime.shutdown()
    }

    @Test(arguments: TenantOptions.Level.allCases) func theOptionsAreCheckedAndReadOnly(level: TenantOptions.Level)
        async throws
    {
        try await Self.host(level, ["url": try .secret("cmd:printf hello")]) { host in
            let seen = try await host.loadRemote("none/x")
            #expect(seen["url"] == "hello")
            #expect(seen["count"] == 2)
            #expect(seen["last"] == 2)
            #expect(seen["frozen"] == true)
            #expect(try await host.optionSchema(of: "acme/t-plugin")?.contains("\"count\"") == true)
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func everyFaultIsTold(level: TenantOptions.Level) async throws {
        let error = await expectMFError(.pluginOptions) {
            try await Self.host(level, ["ulr": 5, "count": "x"]) { _ in }
        }
        #expect(
            error?.message == "options of t-plugin: `ulr` is not an option (did you mean `url`?); `url` is missing; "
                + "`count` is an integer, got \"x\"")
    }

    @Test(arguments: TenantOptions.Level.allCases) func theTenantsCheckIsAsked(level: TenantOptions.Level) async throws
    {
        let error = await expectMFError(.pluginOptions) {
            try await Self.host(level, ["url": "x", "count": 6]) { _ in }
        }
        #expect(error?.message == "options of t-plugin: one; two")
        await expectMFError(.pluginDeclaration) { try await Self.host(level, ["url": "x", "count": 5]) { _ in } }
    }

    @Test(arguments: TenantOptions.Level.allCases) func aSecretWithoutATextIsAnError(level: TenantOptions.Level)
        async throws
    {
        await expectMFError(.secretUnresolved) {
            try await Self.host(level, ["url": try .secret("env:MFLUA_NOT_SET")]) { _ in }
        }
        let plain = "return function(o) return { name = 't-plugin' } end"
        await expectMFError(.secretUnresolved) {
            try await Self.host(level, ["url": try .secret("env:MFLUA_NOT_SET")], plain) { _ in }
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func aBadDeclarationIsTheAuthors(level: TenantOptions.Level)
        async throws
    {
        let text =
            "return { name = 't-plugin',\n options = { x = { typ = 'string' } }, plugin = function() return {} end }"
        let error = await expectMFError(.pluginDeclaration) { try await Self.host(level, .nil, text) { _ in } }
        #expect(error?.message.hasPrefix("t-plugin.lua:2: `options.x.typ`") == true, "\(error?.message ?? "")")
    }

    @Test func aFreshInstanceHasTheSameOptions() async throws {
        try await Self.host(.state, ["url": "hello"]) { host in
            _ = try? await host.loadRemote("none/spin")
            let seen = try await host.loadRemote("none/x")
            #expect(seen["url"] == "hello")
        }
    }
}
