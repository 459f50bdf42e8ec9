import Diagnostics
import Federation
import LuaBridge
import TestSupport
import Testing

/// Reloads of plugins whose code runs in a tenant.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct TenantReloadTests {
    init() { TenantWorker.executable = Places.mflua }

    private static let levels = ["state", "process"]

    /// A plugin that marks requests with its option and its version, and counts them across reloads.
    private static func plugin(_ version: Int) -> String {
        """
        return function(options)
          local count = 0
          return {
            name = "acme-plugin", version = "\(version)",
            beforeRequest = function(args)
              count = count + 1
              args.id = args.id .. options.mark .. "\(version)_" .. count
              return args
            end,
            beforeReload = function() return { count = count } end,
            afterReload = function(args)
              assert(args.previous.generation == args.generation - 1)
              count = args.state.count
            end,
          }
        end
        """
    }

    private func host(_ level: String) async throws -> ReloadingHost {
        let host = try await ReloadingHost(["acme-plugin.lua": Self.plugin(1)])
        try await host.run(
            """
            local function mark(sign)
              return { name = sign .. "-plugin", beforeRequest = function(args) args.id = args.id .. sign return args end }
            end
            mf.init {
              name = "shell", remotes = { { name = "r", entry = "http://r/entry.lua" } },
              tenants = { acme = { level = "\(level)", cpu = "100ms", maxRestarts = 1000, changes = { "*" } } },
              plugins = { mark("a"), { folder .. "acme-plugin.lua", { mark = "m" }, tenant = "acme" }, mark("z") },
            }
            function ask() return mf.loadRemote("r/x").name end
            """)
        return host
    }

    @Test(arguments: levels) func optionsPlaceTenantAndStateStay(level: String) async throws {
        let host = try await host(level)
        #expect(try await host.run("return ask()") == "./xam1_1z")
        for version in 2...4 {
            try host.replace("acme-plugin.lua", Self.plugin(version))
            let reload = await host.nextReload()
            #expect(reload?.error == nil, "\(reload?.line ?? "")")
            #expect(reload?.generation == version)
            #expect(try await host.run("return ask()") == .string("./xam\(version)_\(version)z"))
            #expect(try await host.run("return mf.getInstance().options.plugins[2].tenant") == "acme")
        }
        await host.tearDown()
    }

    @Test(arguments: levels) func brokenVersionLeavesTheOldOneServing(level: String) async throws {
        let host = try await host(level)
        #expect(try await host.run("return ask()") == "./xam1_1z")
        for (number, broken) in [
            "return {", "error('at load')", "return { name = 'other-plugin' }",
            "return { name = 'acme-plugin', beforeRequst = print }",
            "return { name = 'acme-plugin', afterReload = function() error('after') end }",
        ].enumerated() {
            try host.replace("acme-plugin.lua", broken)
            let reload = await host.nextReload()
            #expect(reload?.error?.code == .reloadFailed)
            #expect(reload?.generation == 1)
            #expect(try await host.run("return ask()") == .string("./xam1_\(number + 2)z"))
        }
        await host.tearDown()
    }

    /// Over a limit a tenant's state goes, and with it what the old version has counted.
    @Test(arguments: levels) func limitsHoldForTheNewVersion(level: String) async throws {
        let host = try await host(level)
        #expect(try await host.run("return ask()") == "./xam1_1z")
        try host.replace("acme-plugin.lua", "while true do end")
        let reload = await host.nextReload()
        #expect((reload?.error?.cause as? MFError)?.code.rawValue.hasPrefix("LIMIT-") == true)
        #expect(try await host.run("return ask()") == "./xam1_1z")
        try host.replace("acme-plugin.lua", Self.plugin(2))
        #expect(await host.nextReload()?.error == nil)
        #expect(try await host.run("return ask()") == "./xam2_2z", "the hand-over sees what the hook has counted")
        await host.tearDown()
    }

    @Test(arguments: levels) func everyOneOfManyReloadsServes(level: String) async throws {
        let host = try await host(level)
        for version in 2...60 {
            try host.replace("acme-plugin.lua", Self.plugin(version))
            let reload = await host.nextReload()
            #expect(reload?.error == nil && reload?.generation == version, "\(reload?.line ?? "")")
            #expect(try await host.run("return ask()") == .string("./xam\(version)_\(version - 1)z"))
        }
        await host.tearDown()
    }
}
