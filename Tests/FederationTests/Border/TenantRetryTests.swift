import Federation
import Fetch
import LuaBridge
import TestSupport
import Testing

/// The host's retry plugin asks for what belongs to a tenant's remote with the tenant's rights, wherever it asks.
@Suite(.timeLimit(.minutes(1))) struct TenantRetryTests {
    /// What fails at its own place: the n-th kind of what a remote is made of.
    private static let kinds = ["mf-manifest.json", "entry.lua", "x.lua"]

    private static let manifest = """
        {"name":"own","metaData":{"name":"own","publicPath":"auto","globalName":"own","buildInfo":{"buildVersion":"1"},\
        "remoteEntry":{"name":"entry.lua","path":"","type":"global"}},"shared":[],"remotes":[],
        "exposes":[{"id":"own:x","name":"x","path":"./x","assets":{"js":{"sync":["x.lua"],"async":[]},\
        "css":{"sync":[],"async":[]}}}]}
        """
    private static let entry = """
        return { init = function() end, get = function() return function() return require("x") end end }
        """

    /// A network in which all is there on every server, but for one file on the tenant's own.
    private static func fetcher(lacking kind: String, times: Int = .max) -> InMemoryFetcher {
        let left = Locked(times)
        return InMemoryFetcher { request in
            let name = request.url.split(separator: "/").last.map(String.init) ?? ""
            let isLacking =
                request.url == "http://own.example/\(kind)"
                && left.withLock { left in
                    left -= 1
                    return left >= 0
                }
            let text = ["mf-manifest.json": manifest, "entry.lua": entry, "x.lua": "return 'x'"][name]
            return FetchResponse(
                status: isLacking ? 503 : text == nil ? 404 : 200, url: request.url, body: Array((text ?? "").utf8))
        }
    }

    private static func script(net: String = "", url: String, times: Int = 1) -> String {
        """
        mf.init { name = "host", tenants = { guest = { net = { \(net) } } },
          remotes = { { name = "own", entry = "http://own.example/mf-manifest.json", tenant = "guest" } },
          plugins = { require("mf.plugins.retry") { times = \(times), delay = 0, url = \(url) } } }
        return mf.loadRemote("own/x")
        """
    }

    @Test(arguments: kinds) func nothingIsAskedElsewhereThatTheTenantMayNotAsk(kind: String) async throws {
        let fetcher = Self.fetcher(lacking: kind)
        try await withSite(fetchingWith: fetcher) { site in
            let elsewhere = "function(url) return (url:gsub('own.example', '10.0.0.1')) end"
            _ = try? await site.lua(Self.script(url: elsewhere))
            let refusals = site.log.messages.filter { $0.contains("LIMIT-009") || $0.contains("may not fetch") }
            #expect(!refusals.isEmpty, "\(site.log.messages)")
        }
        for request in fetcher.requests {
            #expect(request.url.hasPrefix("http://own.example/"))
            #expect(request.policy != nil, "\(request.url) was asked with the owner's rights")
        }
    }

    @Test(arguments: kinds) func whatTheTenantMayAskIsAskedAsTheTenant(kind: String) async throws {
        let fetcher = Self.fetcher(lacking: kind)
        try await withSite(fetchingWith: fetcher) { site in
            let elsewhere = "function(url) return (url:gsub('own.example', 'backup.example')) end"
            let result = try await site.lua(Self.script(net: "'backup.example'", url: elsewhere))
            #expect(result == ["x"])
        }
        #expect(fetcher.requestedURLs.contains("http://backup.example/\(kind)"))
        for request in fetcher.requests { #expect(request.policy != nil, "\(request.url)") }
    }

    @Test(arguments: kinds) func whatFailedIsAskedForAgainAsTheTenant(kind: String) async throws {
        let fetcher = Self.fetcher(lacking: kind, times: 2)
        try await withSite(fetchingWith: fetcher) { site in
            let result = try await site.lua(Self.script(url: "nil", times: 3))
            #expect(result == ["x"])
        }
        #expect(fetcher.requestedURLs.count { $0 == "http://own.example/\(kind)" } == 3)
        for request in fetcher.requests { #expect(request.policy != nil, "\(request.url)") }
    }
}
