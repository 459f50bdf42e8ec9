import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Failures of a tenant's hooks that a load goes on without, where the load fails all the same.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LoadTimeTests {
    init() { TenantWorker.executable = Places.products + "/mflua-attacks" }

    private static func script(_ level: TenantOptions.Level, plugin: String) -> String {
        """
        mf.init { name = "host", tenants = { guest = { level = "\(level.rawValue)" } },
          plugins = { { "\(plugin)", tenant = "guest" } },
          remotes = { { name = "gone", entry = "http://gone/entry.lua" }, { name = "r", entry = "http://r/entry.lua" } } }

        """
    }

    private static let entry = "return { init = function() end, get = function() return function() return {} end end }"

    private func plugin(in folder: TemporaryFolder) throws -> String {
        try folder.write(
            "guest-plugin.lua",
            """
            local mf = require("mf")
            return { name = "guest-plugin", beforeRequest = function() mf.fetch("http://127.0.0.1:1/") end }
            """)
    }

    @Test(arguments: TenantOptions.Level.allCases) func aLoadThatFailsTellsWhatItWentOnWithout(
        level: TenantOptions.Level
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try plugin(in: folder)
        try await withSite { site in
            let error = await site.failure(
                .entryLoadFailed, Self.script(level, plugin: file) + "mf.loadRemote('gone/x')")
            let hint = try #require(error?.hint)
            #expect(hint.contains("`beforeRequest` of plugin `guest/guest-plugin` failed, too"))
            #expect(hint.contains("LIMIT-009") && hint.contains("`net`"))
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func aLoadThatSucceedsIsNotDisturbed(
        level: TenantOptions.Level
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try plugin(in: folder)
        try await withSite(["http://r/entry.lua": Self.entry]) { site in
            let results = try await site.lua(Self.script(level, plugin: file) + "return type(mf.loadRemote('r/x'))")
            #expect(results == ["table"])
        }
    }
}
