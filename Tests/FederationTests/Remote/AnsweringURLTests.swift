import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Redirects, failover and hooks one after the other: what a remote is made of lies beside the manifest or the entry that
/// answered in the end. And each file is asked for once.
@Suite(.timeLimit(.minutes(1))) struct AnsweringURLTests {
    private static let manifest = "http://site/r/mf-manifest.json"
    private static let pureEntry = "http://site/r/remoteEntry.lua"

    /// A remote of two exposes, `x` and `z`, which both require `lib.y`.
    private static func remote(at folder: String, publicPath: String = #""publicPath": "auto""#) -> [String: String] {
        let manifest = SampleRemote.manifest(
            name: "r", publicPath: "PATH", exposes: [("x", ["x.lua", "lib/y.lua"]), ("z", ["z.lua", "lib/y.lua"])])
        return [
            folder + "mf-manifest.json": manifest.split(separator: #""publicPath": "PATH""#)
                .joined(separator: publicPath),
            folder + "remoteEntry.lua": """
            return { init = function() end, get = function(name) return function() return require((name:sub(3))) end end }
            """,
            folder + "x.lua": "return 'x of ' .. require('lib.y')",
            folder + "z.lua": "return 'z of ' .. require('lib.y')",
            folder + "lib/y.lua": "return '\(folder)'",
        ]
    }

    /// A network in which URLs with a beginning lead elsewhere, as by a redirect, and some servers are down.
    private static func fetcher(
        _ texts: [String: String], moved: [(from: String, to: String)] = [], down: [String] = []
    ) -> InMemoryFetcher {
        InMemoryFetcher { request in
            var url = request.url
            for (from, to) in moved where url.hasPrefix(from) { url = to + url.dropFirst(from.count) }
            if down.contains(where: url.hasPrefix) { return FetchResponse(status: 503, url: url) }
            guard let text = texts[url] else { return FetchResponse(status: 404, url: url) }
            return FetchResponse(url: url, body: Array(text.utf8))
        }
    }

    private static func load(_ entry: String, plugins: String = "") -> String {
        """
        mf.init { name = "host", remotes = { { name = "r", entry = "\(entry)" } }, plugins = { \(plugins) } }
        return mf.loadRemote("r/x"), mf.loadRemote("r/z")
        """
    }

    /// How a load gets from a server that is down to its backup.
    private static let failovers = [
        """
        require('mf.plugins.retry') { times = 1, delay = 0, log = false, url = function(url)
          return (url:gsub('^http://%w+', 'http://backup')) end }
        """,
        "require('mf.plugins.retry') { times = 1, delay = 0, log = false, url = { 'http://backup/r/NAME' } }",
        """
        { name = 'p-plugin', fetch = function(args) return args.retry('http://backup/r/NAME') end,
          loadEntryError = function(args) return args.retry('http://backup/r/NAME') end }
        """,
        """
        { name = 'p-plugin', fetch = function(args) return mf.fetch('http://backup/r/NAME') end,
          loadEntryError = function(args) return args.retry('http://backup/r/NAME') end }
        """,
        """
        { name = 'p-plugin',
          errorLoadRemote = function(args)
            if args.lifecycle == 'afterResolve' then return mf.fetch('http://backup/r/NAME'):json() end end,
          loadEntryError = function(args)
            return args.getRemoteEntry { getEntryUrl = function() return 'http://backup/r/NAME' end } end }
        """,
        """
        { name = 'p-plugin',
          errorLoadRemote = function(args)
            if args.lifecycle ~= 'afterResolve' then return end
            local response = mf.fetch('http://backup/r/NAME')
            return { status = response.status, body = response.body, url = response.url } end,
          loadEntryError = function(args) return args.retry('http://backup/r/NAME') end }
        """,
    ]

    private static func failover(_ number: Int, to entry: String) -> String {
        let name = String(entry.split(separator: "/").last!)
        return failovers[number].split(separator: "NAME", omittingEmptySubsequences: false).joined(separator: name)
    }

    @Test(arguments: failovers.indices, [manifest, pureEntry])
    func theServerIsDownAndItsBackupRedirects(failover: Int, entry: String) async throws {
        let fetcher = Self.fetcher(
            Self.remote(at: "http://cdn/v2/"), moved: [("http://backup/r/", "http://cdn/v2/")], down: ["http://site/"])
        try await withSite(fetchingWith: fetcher) { site in
            let result = try await site.lua(Self.load(entry, plugins: Self.failover(failover, to: entry)))
            #expect(result == ["x of http://cdn/v2/", "z of http://cdn/v2/"])
        }
    }

    @Test(arguments: failovers.indices, [manifest, pureEntry])
    func theServerRedirectsToOneThatIsDownAndTheBackupRedirects(failover: Int, entry: String) async throws {
        let moved = [("http://site/r/", "http://dead/r/"), ("http://backup/r/", "http://cdn/v2/")]
        let fetcher = Self.fetcher(Self.remote(at: "http://cdn/v2/"), moved: moved, down: ["http://dead/"])
        try await withSite(fetchingWith: fetcher) { site in
            let result = try await site.lua(Self.load(entry, plugins: Self.failover(failover, to: entry)))
            #expect(result == ["x of http://cdn/v2/", "z of http://cdn/v2/"])
        }
    }

    /// What is left behind a redirect is had from the backup, whichever part of the remote it is.
    @Test(arguments: ["remoteEntry.lua", "x.lua", "lib/y.lua"], [0, 1])
    func aManifestIsRedirectedAndAFileBesideItIsLost(lost: String, failover: Int) async throws {
        // The failover by a function leaves the path as it is; that by a list takes the one that was redirected.
        let texts = ["http://cdn/v2/", "http://backup/r/", "http://backup/v2/"].map { Self.remote(at: $0) }
            .reduce(into: [:]) { $0.merge($1) { $1 } }
        let moved = [("http://site/r/mf-manifest.json", "http://cdn/v2/mf-manifest.json")]
        let fetcher = Self.fetcher(texts, moved: moved, down: ["http://cdn/v2/" + lost])
        try await withSite(fetchingWith: fetcher) { site in
            let plugin = Self.failover(failover, to: Self.manifest)
            let result = try await site.lua(Self.load(Self.manifest, plugins: plugin))
            let folder = failover == 0 ? "http://backup/v2/" : "http://backup/r/"
            let home = lost == "lib/y.lua" ? folder : "http://cdn/v2/"
            #expect(result == [.string("x of " + home), .string("z of " + home)])
        }
    }

    @Test(arguments: [
        #""publicPath": """#, #""publicPath": "./""#, #""publicPath": "/v2/""#, #""publicPath": "../v2/""#,
        #""getPublicPath": "function() { return './' }""#, #""getPublicPath": "return '/v2/'""#,
    ])
    func aRelativePublicPathIsRelativeToTheManifestThatAnswered(_ path: String) async throws {
        let fetcher = Self.fetcher(
            Self.remote(at: "http://cdn/v2/", publicPath: path), moved: [("http://backup/r/", "http://cdn/v2/")],
            down: ["http://site/"])
        try await withSite(fetchingWith: fetcher) { site in
            let plugin = Self.failover(0, to: Self.manifest)
            let result = try await site.lua(Self.load(Self.manifest, plugins: plugin))
            #expect(result == ["x of http://cdn/v2/", "z of http://cdn/v2/"])
        }
    }

    // MARK: - Once

    /// Both exposes side by side, in a row, after a preload of one, and of both.
    private static let orders = [
        "return table.unpack(mf.all { function() return mf.loadRemote('r/x') end, function() return mf.loadRemote('r/z') end })",
        "return mf.loadRemote('r/x'), mf.loadRemote('r/z')",
        "mf.preloadRemote { { nameOrAlias = 'r', exposes = { 'x' } } } return mf.loadRemote('r/x'), mf.loadRemote('r/z')",
        "mf.preloadRemote { { nameOrAlias = 'r' } } return mf.loadRemote('r/x'), mf.loadRemote('r/z')",
        """
        local all = mf.all { function() return mf.loadRemote('r/x') end,
          function() mf.preloadRemote { { nameOrAlias = 'r', exposes = { 'z' } } } return mf.loadRemote('r/z') end }
        return all[1], all[2]
        """,
    ]

    @Test(arguments: orders, ["", "tenant = 'guest', "])
    func aFileThatTwoExposesShareIsAskedForOnce(order: String, tenant: String) async throws {
        for entry in [Self.manifest, Self.pureEntry] where !(entry == Self.pureEntry && order.contains("preload")) {
            let texts = Self.remote(at: "http://site/r/")
            // An answer takes a turn of the loop, so that others ask meanwhile.
            let fetcher = InMemoryFetcher { request in
                for _ in 0..<5 { await Task.yield() }
                guard let text = texts[request.url] else { return FetchResponse(status: 404, url: request.url) }
                return FetchResponse(url: request.url, body: Array(text.utf8))
            }
            try await withSite(fetchingWith: fetcher) { site in
                let result = try await site.lua(
                    """
                    mf.init { name = "host", tenants = { guest = {} },
                      remotes = { { \(tenant)name = "r", entry = "\(entry)" } } }
                    \(order)
                    """)
                #expect(result == ["x of http://site/r/", "z of http://site/r/"])
                for (url, count) in Dictionary(grouping: fetcher.requestedURLs, by: \.self).mapValues(\.count) {
                    #expect(count == 1, "\(url) in \(order)")
                }
            }
        }
    }

    // MARK: - Whether it has changed

    /// Two servers of the same entity tag, and one that leads to either.
    @Test func anEntityTagGoesToTheURLThatGaveItBehindARedirectToo() async throws {
        let asked = Locked<[String]>([])
        func server(_ name: String, _ answer: Int) -> LoopbackServer {
            LoopbackServer { request in
                asked.withLock { $0.append("\(name) \(request.headers["if-none-match"] ?? "-")") }
                if request.headers["if-none-match"] == "\"1\"" { return [.reply(304, [("ETag", "\"1\"")])] }
                let entry = SampleRemote.entry("['./x'] = function() return \(answer) end")
                return [.reply(200, [("ETag", "\"1\"")], Array(entry.utf8))]
            }
        }
        let (one, two) = (server("one", 1), server("two", 2))
        let target = Locked(one.url)
        let front = LoopbackServer { request in
            asked.withLock { $0.append("front \(request.headers["if-none-match"] ?? "-")") }
            return [.reply(302, [("Location", target.withLock { $0 } + request.path)])]
        }
        defer { for server in [one, two, front] { server.stop() } }
        try await withNetwork { site in
            let first = try await site.lua(
                """
                mf.init { name = "host", remotes = { { name = "r", entry = "\(front.url)/entry.lua" } } }
                return mf.loadRemote("r/x"), #mf.revalidate()
                """)
            #expect(first == [1, 0])
            #expect(asked.withLock { $0 } == ["front -", "one -", "front -", "one \"1\""])
            target.withLock { $0 = two.url }
            asked.withLock { $0 = [] }
            let second = try await site.lua("return #mf.revalidate(), mf.loadRemote('r/x'), #mf.revalidate()")
            #expect(second == [1, 2, 0])
            #expect(asked.withLock { $0 } == ["front -", "two -", "front -", "two \"1\""])
        }
    }
}
