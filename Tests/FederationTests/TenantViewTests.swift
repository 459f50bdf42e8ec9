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
}
