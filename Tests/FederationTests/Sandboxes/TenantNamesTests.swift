import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Names of tenants and of their plugins belong to one principal each.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantNamesTests {
    @Test(arguments: [
        "", "a/b", "a,b", "a\\0b", "a\\nb", "a\\27b", "*", "a*", "!a", "share:a", String(repeating: "a", count: 129),
    ]) func aTenantsNameThatCouldBeReadOtherwiseIsRefused(
        name: String
    ) async throws {
        try await withSite { site in
            let error = await site.failure(
                .invalidOptions, "mf.init { name = 'gateway', tenants = { [\"\(name)\"] = {} } }")
            #expect(error?.message.contains("the name of a tenant") == true)
        }
    }

    @Test(arguments: ["x/checks-plugin", "x,checks-plugin"]) func aPluginsNameThatCouldBeReadOtherwiseIsRefused(
        name: String
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("checks-plugin.lua", "return { name = '\(name)' }")
        for tenant in ["", ", tenant = 'acme'"] {
            try await withSite { site in
                let error = await site.failure(
                    .pluginInvalid,
                    "mf.init { name = 'gateway', tenants = { acme = {} }, plugins = { { '\(file)', {}\(tenant) } } }")
                #expect(error?.message.contains("`\(name)` contains `/` or `,`") == true)
            }
        }
    }

    @Test(arguments: [false, true]) func aTenantsPluginKeepsNoPluginOfTheOwnerOut(ownersIsFirst: Bool) async throws {
        let folder = try TemporaryFolder()
        let owners = try folder.write(
            "owner.lua", "return { name = 'checks-plugin', onLoad = function() seen = 'owner' end }")
        let tenants = try folder.write("tenant.lua", "return { name = 'checks-plugin', onLoad = function() end }")
        let list = ["'\(owners)'", "{ '\(tenants)', {}, tenant = 'acme' }"]
        try await withSite([
            "http://checks/entry.lua":
                "return { init = function() end, get = function() return function() return {} end end }"
        ]) { site in
            let names = try await site.lua(
                """
                local host = mf.init { name = "gateway", tenants = { acme = {} },
                  plugins = { \((ownersIsFirst ? list : list.reversed()).joined(separator: ", ")) },
                  remotes = { { name = "checks", entry = "http://checks/entry.lua" } } }
                mf.loadRemote("checks/x")
                local names = {}
                for i = 1, #host.options.plugins do names[i] = host.options.plugins[i].name end
                table.sort(names)
                return table.concat(names, " ")
                """)
            #expect(names == ["acme/checks-plugin checks-plugin"])
        }
    }

    @Test func hooksThatATenantNeverHearsAreToldWhenItsPluginIsAttached() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "checks-plugin.lua",
            "return { name = 'checks-plugin', beforeInit = function() end, init = function() end, onLoad = function() end }"
        )
        try await withSite { site in
            try await site.lua(
                "mf.init { name = 'gateway', tenants = { acme = {} }, plugins = { { '\(file)', {}, tenant = 'acme' } } }"
            )
            let told = site.log.messages.filter { $0.contains("of plugin `acme/checks-plugin` is never called") }
            #expect(told.count == 2 && told[0].contains("`beforeInit`") && told[1].contains("`init`"))
        }
    }

    @Test(arguments: ["registerRemote", "beforeRegisterRemote"]) func aTenantDoesNotFailTheHostsStart(
        hook: String
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "checks-plugin.lua", "return { name = 'checks-plugin', \(hook) = function() error('no') end }")
        @Sendable func start(_ keys: String) -> String {
            """
            local host = mf.init { name = "gateway", tenants = { acme = {} }, plugins = { { "\(file)", {}, tenant = "acme"\(keys) } },
              remotes = { { name = "own", entry = "http://own/entry.lua", tenant = "acme" }, { name = "checks", entry = "http://checks/entry.lua" } } }
            return #host.options.remotes
            """
        }
        try await withSite { site in
            let remotes = try await site.lua(start(""))
            #expect(remotes == [2])
            #expect(site.log.messages.contains { $0.contains("`\(hook)` of plugin `acme/checks-plugin` failed (") })
        }
        try await withSite { site in
            let error = await site.failure(.luaRuntime, start(", fail = 'closed'"))
            #expect(error?["tenant"] == "acme")
        }
    }
}
