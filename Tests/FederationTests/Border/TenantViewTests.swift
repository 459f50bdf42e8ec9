import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// The lists and maps of a host as a tenant's hooks read them.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantViewTests {
    init() { TenantWorker.executable = Places.products + "/mflua-attacks" }

    private static let entry = "return { init = function() end, get = function() return function() return {} end end }"

    private func logged(
        _ level: TenantOptions.Level, tenant options: String = "", remotes: Int, hook: String
    ) async throws -> [String] {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "reader-plugin.lua",
            """
            local log = require("mf").log.error
            return { name = "reader-plugin", onLoad = function(args) \(hook) end }
            """)
        return try await withSite(["http://r1/entry.lua": Self.entry]) { site in
            try await site.lua(
                """
                local remotes = {}
                for i = 1, \(remotes) do remotes[i] = { name = "r" .. i, entry = "http://r" .. i .. "/entry.lua" } end
                mf.init { name = "host", tenants = { acme = { level = "\(level.rawValue)", \(options) } }, remotes = remotes,
                  plugins = { { "\(file)", tenant = "acme" } },
                  shared = { config = { version = "1.0.0", lib = function() return {} end } } }
                mf.loadRemote("r1/x")
                """)
            return site.log.messages.compactMap { $0.split(separator: "] ").last.map(String.init) }
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func listsAndMapsOfTheHostAreRead(
        level: TenantOptions.Level
    ) async throws {
        let log = try await logged(
            level, remotes: 300,
            hook: """
                local remotes, names = args.origin.options.remotes, {}
                for i, remote in ipairs(remotes) do names[i] = remote.name end
                log(#remotes .. " " .. #names .. " " .. names[300])
                log(tostring(args.origin.options.remotes[300].entry) .. " " .. tostring(remotes[301]))
                """)
        #expect(log == ["300 300 r300", "nil nil"])
    }

    @Test func aWorkersHooksAreCalledWhateverTheNumberOfRemotes() async throws {
        let log = try await logged(
            .process, tenant: "message = '16KB'", remotes: 3_000,
            hook: """
                log("called for " .. args.id)
                log((select(2, pcall(function() return args.origin.options.remotes[1] end)).code))
                """)
        #expect(log == ["called for r1/x", "LIMIT-005"])
    }

    /// What a tenant's container is given when it joins the share scope, by what the tenant hears of.
    static let scopes: [(hears: String, packages: String, from: String)] = [
        ("'*'", "config written", "nil"), ("'share:config'", "config", "nil"), ("'r/**'", "", "nil"),
        ("'*', 'betas/**'", "config written", "betas"),
    ]

    @Test(arguments: TenantOptions.Level.allCases, scopes) func aContainerIsGivenWhatItsTenantHearsOf(
        level: TenantOptions.Level, row: (hears: String, packages: String, from: String)
    ) async throws {
        let entry = """
            local mf = require("mf")
            return { get = function() return function() return {} end end,
              init = function(scope, initScope, options)
                local packages = {}
                for package in pairs(scope) do packages[#packages + 1] = package end
                table.sort(packages)
                local written = scope.written and scope.written["1.0.0"] or {}
                local users = {}
                for i, user in ipairs(written.useIn or {}) do users[i] = user end
                mf.log.error("GIVEN " .. table.concat(packages, " "))
                mf.log.error("FROM " .. tostring(written.from) .. " FOR " .. table.concat(users, " "))
                mf.log.error("SCOPES " .. tostring(options.shareScopeMap and options.shareScopeMap.default ~= nil) .. " " .. type(written.lib))
              end }
            """
        try await withSite(["http://own/entry.lua": entry]) { site in
            try await site.lua(
                """
                local host = mf.init { name = "host", tenants = { acme = { level = "\(level.rawValue)", hears = { \(row.hears) } }, beta = {} },
                  remotes = { { name = "own", entry = "http://own/entry.lua", tenant = "acme" },
                    { name = "betas", entry = "http://betas/entry.lua", tenant = "beta" } },
                  shared = { config = { version = "1.0.0", lib = function() return {} end } } }
                host.shareScopeMap.default = host.shareScopeMap.default or {}
                host.shareScopeMap.default.written = { ["1.0.0"] = { version = "1.0.0", from = "betas", useIn = { "betas", "host", "beta" },
                  lib = function() return {} end } }
                mf.loadShare("config")
                mf.loadRemote("own/x")
                """)
            let given = site.log.messages.compactMap { $0.split(separator: "] ").last.map(String.init) }
            #expect(given.first == "GIVEN \(row.packages)" || row.packages.isEmpty && given.first == "GIVEN")
            if row.packages.contains("written") {
                let users = row.from == "nil" ? "host" : "betas host"
                #expect(given.dropFirst().first == "FROM \(row.from) FOR \(users)")
            }
            #expect(given.last?.hasSuffix(" nil") == true)
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func anObjectOfTheHostComesBackAsItself(
        level: TenantOptions.Level
    ) async throws {
        let entry = """
            return { init = function() end, get = function()
              return function() return { echo = function(value) return value, type(value.registerRemotes), value.name end } end
            end }
            """
        try await withSite(["http://own/entry.lua": entry]) { site in
            let results = try await site.lua(
                """
                local host = mf.init { name = "host", tenants = { acme = { level = "\(level.rawValue)" } },
                  remotes = { { name = "own", entry = "http://own/entry.lua", tenant = "acme" } } }
                local back, registers, name = mf.loadRemote("own/x").echo(host)
                return back == host, registers, name
                """)
            #expect(results == [true, "nil", "host"])
        }
    }
}
