import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What `preloadRemote` fetches ahead of the loads.
@Suite(.timeLimit(.minutes(1))) struct PreloadTests {
    private static let files = [
        "http://checks/mf-manifest.json": SampleRemote.manifest(exposes: [
            ("disk", ["disk.lua"]), ("memory", ["memory.lua"]),
        ]),
        "http://checks/remoteEntry.lua": SampleRemote.entry(
            #"["./disk"] = function() return require("disk") end"#),
        "http://checks/disk.lua": "return 'disk'",
        "http://checks/memory.lua": "return 'memory'",
    ]
    private static let host = """
        local host = mf.init { name = "host",
          remotes = { { name = "checks", entry = "http://checks/mf-manifest.json" } } }
        """

    private func requests(_ script: String, site: Site) async throws -> [String] {
        try await site.lua(Self.host + "\n" + script)
        return try #require(site.memory).requestedURLs.map { $0.replacing("http://checks/", with: "") }
    }

    @Test func filesOfAllExposesAreFetched() async throws {
        try await withSite(Self.files) { site in
            let requests = try await requests("mf.preloadRemote { { nameOrAlias = 'checks' } }", site: site)
            #expect(Set(requests) == ["mf-manifest.json", "remoteEntry.lua", "disk.lua", "memory.lua"])
        }
    }

    @Test func onlyTheNamedExposesAreFetched() async throws {
        try await withSite(Self.files) { site in
            let requests = try await requests(
                "mf.preloadRemote { { nameOrAlias = 'checks', exposes = { 'memory' } } }", site: site)
            #expect(requests.contains("memory.lua") && !requests.contains("disk.lua"))
        }
    }

    @Test func filterDecidesByURL() async throws {
        try await withSite(Self.files) { site in
            let requests = try await requests(
                """
                mf.preloadRemote { { nameOrAlias = "checks", filter = function(url) return not url:find("memory") end } }
                """, site: site)
            #expect(requests.contains("disk.lua") && !requests.contains("memory.lua"))
        }
    }

    @Test func laterLoadFetchesNothing() async throws {
        try await withSite(Self.files) { site in
            let before = try await requests("mf.preloadRemote { { nameOrAlias = 'checks' } }", site: site)
            let after = try await requests("return assert(mf.loadRemote('checks/disk') == 'disk')", site: site)
            #expect(after == before)
        }
    }

    @Test func unknownRemoteIsNamedWithTheClosest() async throws {
        try await withSite(Self.files) { site in
            let error = await site.failure(
                .preloadUnknown, Self.host + " mf.preloadRemote { { nameOrAlias = 'cheks' } }")
            #expect(error?.hint == "did you mean `checks`?")
        }
    }

    @Test func afterPreloadRemoteListsWhatFailed() async throws {
        var files = Self.files
        files["http://checks/memory.lua"] = nil
        try await withSite(files) { site in
            let outcome = try await site.lua(
                Self.host + """

                    local failed = {}
                    host:registerPlugins { { name = "results-plugin", afterPreloadRemote = function(args)
                      for _, remote in ipairs(args.results) do
                        for _, result in ipairs(remote.results) do
                          if result.status ~= "success" then failed[#failed + 1] = result.url end
                        end
                      end
                    end } }
                    local ok, problem = pcall(mf.preloadRemote, { { nameOrAlias = "checks" } })
                    return ok, problem.code, table.concat(failed, " ")
                    """)
            #expect(outcome == [false, "PRELOAD-002", "http://checks/memory.lua"])
        }
    }
}
