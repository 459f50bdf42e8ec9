import Diagnostics
import Fetch
import LuaBridge
import Synchronization
import TestSupport
import Testing

/// The `timeout` of a remote holds for each request for what it is made of, whoever asks.
@Suite(.timeLimit(.minutes(1))) struct RemoteTimeoutTests {
    private static let base = "http://checks.example"
    private static let texts = [
        base + "/mf-manifest.json": SampleRemote.manifest(exposes: [("disk", ["disk.lua", "lib/ahead.lua"])]),
        base + "/remoteEntry.lua": SampleRemote.entry("['./disk'] = function() return require('disk') end"),
        base + "/disk.lua": "return 'disk'", base + "/lib/ahead.lua": "return 'ahead'",
    ]

    /// What makes a host ask for each of the files.
    private static let doors = [
        "return mf.loadRemote('checks/disk')",
        "mf.preloadRemote { { nameOrAlias = 'checks', exposes = { 'disk' } } } return mf.loadRemote('checks/disk')",
        "mf.loadRemote('checks/disk') mf.revalidate() return mf.loadRemote('checks/disk')",
    ]

    @Test(arguments: doors, ["", "tenant = 'guest',"]) func eachRequestOfARemoteHasItsTimeout(
        door: String, tenant: String
    ) async throws {
        let fetcher = InMemoryFetcher(Self.texts)
        try await withSite(fetchingWith: fetcher) { site in
            let result = try await site.lua(
                """
                mf.init { name = "host", tenants = { guest = {} }, remotes = {
                  { \(tenant) name = "checks", entry = "\(Self.base)/mf-manifest.json", timeout = "1.5s" } } }
                \(door)
                """)
            #expect(result == ["disk"])
        }
        #expect(Set(fetcher.requestedURLs).isSuperset(of: Self.texts.keys.filter { !$0.hasSuffix("ahead.lua") }))
        for request in fetcher.requests { #expect(request.timeout == .milliseconds(1500), "\(request.url)") }
    }

    @Test func aTryOfAHookHasTheTimeoutToo() async throws {
        let entry = SampleRemote.entry("['./disk'] = function() return require('disk') end")
        let fetcher = InMemoryFetcher { request in
            let isEntry = request.url == Self.base + "/e.lua"
            return FetchResponse(status: isEntry ? 200 : 503, url: request.url, body: isEntry ? Array(entry.utf8) : [])
        }
        try await withSite(fetchingWith: fetcher) { site in
            _ = try await site.lua(
                """
                mf.init { name = "host", remotes = {
                  { name = "checks", entry = "\(Self.base)/e.lua", timeout = "2s" } },
                  plugins = { { name = "again-plugin", loadFileError = function(args)
                    pcall(args.retry, "\(Self.base)/other.lua") pcall(args.retry, "http://elsewhere.example/x.lua")
                  end } } }
                pcall(mf.loadRemote, "checks/disk")
                """)
        }
        #expect(Set(fetcher.requestedURLs).contains("http://elsewhere.example/x.lua"))
        for request in fetcher.requests { #expect(request.timeout == .seconds(2), "\(request.url)") }
    }

    @Test func aTimeoutOfCreateScriptGoesBeforeTheRemotes() async throws {
        let fetcher = InMemoryFetcher([Self.base + "/e.lua": SampleRemote.entry("['./x'] = function() return 1 end")])
        try await withSite(fetchingWith: fetcher) { site in
            _ = try await site.lua(
                """
                mf.init { name = "host", remotes = {
                  { name = "checks", entry = "\(Self.base)/e.lua", timeout = "2s" } },
                  plugins = { { name = "slow-plugin", createScript = function() return { timeout = 7000 } end } } }
                mf.loadRemote("checks/x")
                """)
        }
        #expect(fetcher.requests.map(\.timeout) == [.seconds(7)])
    }

    /// Were the timeout not looked at, the error would name the 20 seconds of every other request.
    @Test func aShareWaitsForARemoteThatHangsNoLongerThanItsTimeout() async throws {
        let port = SilentPort()
        try await withNetwork { site in
            let result = try await site.lua(
                """
                local problem
                mf.init { name = "host", shareStrategy = "version-first",
                  remotes = { { name = "slow", entry = "http://127.0.0.1:\(port.number)/mf-manifest.json", timeout = "40ms" } },
                  shared = { lib = { version = "1.0.0", lib = function() return "own" end } },
                  plugins = { { name = "notes-plugin",
                    errorLoadRemote = function(args) problem = problem or args.error.message end,
                    loadEntryError = function(args) problem = args.error.message end } } }
                return mf.loadShare("lib")(), problem
                """)
            #expect(result.first == "own")
            #expect(result.last?.stringValue?.hasSuffix("no whole answer within 40 ms") == true, "\(result)")
        }
    }

    @Test(arguments: ["soon", "5", "0s", "-1s", "5 s"]) func aTimeoutThatIsNoneIsRefused(text: String) async throws {
        try await withSite { site in
            let error = await site.failure(
                .invalidOptions,
                "mf.init { name = 'host', remotes = { { name = 'r', entry = 'http://r/e.lua', timeout = '\(text)' } } }"
            )
            #expect(error?.message.contains("`remotes[1].timeout`: expected a time such as \"50ms\" or \"2s\"") == true)
            let late = await site.failure(
                .remoteInvalid,
                """
                local host = mf.createInstance { name = "other", remotes = {}, plugins = { { name = "set-plugin",
                  beforeRegisterRemote = function(args) args.remote.timeout = "\(text)" return args end } } }
                host:registerRemotes { { name = "r", entry = "http://r/e.lua" } }
                """)
            #expect(late?.message == "invalid `timeout` `\(text)` of remote `r`")
        }
    }
}
