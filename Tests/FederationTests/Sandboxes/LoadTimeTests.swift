import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// The time of a tenant's hooks in one load, and their failures that a load goes on without.
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

    // MARK: - The bound

    /// A plugin whose first hook leaves some of the tenant's time, and whose second takes longer than that.
    private static let slow = """
        local mf = require("mf")
        return { name = "slow-plugin",
          beforeRequest = function() mf.sleep(100) end,
          afterMatchRemote = function() mf.log.error("began") mf.sleep(1e6) end,
          onLoad = function() mf.log.error("was called") end }
        """

    private func loaded(
        _ level: TenantOptions.Level, tenant option: String = "", plugin key: String = "",
        _ body: @Sendable (Site, String) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("slow-plugin.lua", Self.slow)
        try await withSite(["http://r/entry.lua": Self.entry]) { site in
            try await site.lua(
                """
                host = mf.init { name = "host", tenants = { guest = { level = "\(level.rawValue)", wall = "1s"\(option) } },
                  plugins = { { "\(file)", tenant = "guest"\(key) } },
                  remotes = { { name = "r", entry = "http://r/entry.lua" } } }
                """)
            try await body(site, "return type(mf.loadRemote('r/x'))")
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func hooksPastTheTimeOfTheLoadArePassedOver(
        level: TenantOptions.Level
    ) async throws {
        try await loaded(level) { site, load in
            #expect(try await site.lua(load) == ["table"])
            let messages = site.log.messages
            #expect(messages.contains { $0.contains("began") } && !messages.contains { $0.contains("was called") })
            #expect(messages.contains { $0.contains("the tenant's `wall` for one load is used up") })
            let stats = try await site.lua(
                "local stats = host:tenantStats('guest') return stats.state, stats.generation, next(stats.dooms)")
            #expect(stats.prefix(2) == ["running", 1] && stats.dropFirst(2).allSatisfy(\.isNil))
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func aClosedPluginFailsTheLoadThatItsTenantsTimeIsUpIn(
        level: TenantOptions.Level
    ) async throws {
        for (option, key) in [("", ", fail = 'closed'"), (", failClosed = true", "")] {
            try await loaded(level, tenant: option, plugin: key) { site, load in
                let error = await site.failure(.limitWall, load)
                #expect(
                    error?.message.contains("the hooks of tenant `guest` took more than 1000 ms of one load") == true)
                #expect(error?["tenant"] == "guest")
            }
        }
    }

    /// All that calls hooks, each with more hooks of a tenant than the tenant has time for.
    static let doors = [
        "host:registerRemotes(remotes('a'))", "host:initOptions({ remotes = remotes('b') })",
        "mf.createInstance { name = 'other', tenants = { guest = { wall = '200ms', cpu = '5s' } }, plugins = plugins, remotes = remotes('c') }",
        "mf.loadShareSync('config')", "mf.loadShare('config')", "mf.loadRemote('r/x')", "mf.live('r/x')",
        "mf.preloadRemote({ { nameOrAlias = 'r' } })",
        "host:initializeSharing('default', { strategy = 'version-first' })",
        "(function() mf.loadRemote('r/x') calls() host:revalidate() end)()",
    ]

    @Test(arguments: doors) func theHooksOfATenantShareOneTime(door: String) async throws {
        let folder = try TemporaryFolder()
        let plugins = try (1...6).map { number in
            try folder.write(
                "spin\(number)-plugin.lua",
                """
                local log = require("mf").log
                local plugin = { name = "spin\(number)-plugin" }
                for _, hook in ipairs { \(BorderSite.hooks) } do
                  plugin[hook] = function()
                    log.error("CALLED " .. hook)
                    local start = os.clock()
                    while os.clock() - start < 0.25 do end
                  end
                end
                return plugin
                """)
        }
        let versions = Locked(0)
        let fetcher = InMemoryFetcher { request in
            let version = versions.withLock { version in
                version += 1
                return version
            }
            return FetchResponse(url: request.url, body: Array((Self.entry + " -- \(version)").utf8))
        }
        try await withSite(fetchingWith: fetcher) { site in
            try await site.lua(
                """
                function remotes(letter)
                  local list = {}
                  for i = 1, 6 do list[i] = { name = letter .. i, entry = "http://x/entry.lua", tenant = "guest" } end
                  return list
                end
                plugins = { \(plugins.map { "{ '\($0)', tenant = 'guest' }" }.joined(separator: ", ")) }
                host = mf.init { name = "host", tenants = { guest = { wall = "200ms", cpu = "5s" } },
                  shared = { config = { version = "1.0.0", lib = function() return {} end } } }
                host:registerRemotes({ { name = "r", entry = "http://r/entry.lua" } })
                host:registerPlugins(plugins)
                """)
            let before = site.log.messages.count
            let marked = door.replacing("calls()", with: "mf.log.error('AGAIN')")
            _ = try await site.lua("local _ = \(marked)")
            var calls = site.log.messages.dropFirst(before)
            if let again = calls.firstIndex(where: { $0.contains("AGAIN") }) { calls = calls[(again + 1)...] }
            // `os.clock` counts all threads: a call takes half of the time at least, and a third one never begins.
            let count = calls.count { $0.contains("CALLED") }
            #expect((1...2).contains(count), "\(calls)")
        }
    }
}
