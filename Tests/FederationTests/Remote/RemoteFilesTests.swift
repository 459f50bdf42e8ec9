import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import Synchronization
import TestSupport
import Testing

@testable import Federation

/// Where the files of a remote come from, how often they are asked for, and what is said when they cannot be had.
@Suite(.timeLimit(.minutes(1))) struct RemoteFilesTests {
    /// An entry whose exposes are modules of the same name.
    private static let entry = """
        return { init = function() end, get = function(expose)
          return function() return require((expose:sub(3))) end end }
        """

    /// A remote of one expose, `x`, whose file is `x.lua`.
    private static func remote(at folder: String, _ module: String, publicPath: String = "auto") -> [String: String] {
        [
            folder + "mf-manifest.json": SampleRemote.manifest(
                name: "r", publicPath: publicPath, exposes: [("x", ["x.lua"])]),
            folder + "remoteEntry.lua": entry, folder + "x.lua": module,
        ]
    }

    private static func load(_ entry: String, plugins: String = "") -> String {
        """
        mf.init { name = "host", remotes = { { name = "r", entry = "\(entry)" } }, plugins = { \(plugins) } }
        return mf.loadRemote("r/x")
        """
    }

    /// A fetcher of texts, in which some URLs lead elsewhere and some answer with another status.
    private static func fetcher(
        _ texts: [String: String], moved: [String: String] = [:], statuses: [String: Int] = [:]
    ) -> InMemoryFetcher {
        InMemoryFetcher { request in
            let url = moved[request.url] ?? request.url
            if let status = statuses[url] { return FetchResponse(status: status, url: url) }
            guard let text = texts[url] else { return FetchResponse(status: 404, url: url) }
            return FetchResponse(url: url, body: Array(text.utf8))
        }
    }

    private static func count(of url: String, in fetcher: InMemoryFetcher) -> Int {
        fetcher.requestedURLs.count { $0 == url }
    }

    // MARK: - Where they come from

    /// What has a manifest come from another place than it was asked for at.
    private static let detours: [(name: String, plugins: String)] = [
        ("a redirect", ""),
        (
            "a response of fetch",
            "{ name = 'p-plugin', fetch = function(args) return mf.fetch('http://backup/r/mf-manifest.json') end }"
        ),
        (
            "a table of fetch",
            """
            { name = 'p-plugin', fetch = function(args)
              local response = mf.fetch('http://backup/r/mf-manifest.json')
              return { body = response.body, url = response.url } end }
            """
        ),
        (
            "a response of errorLoadRemote",
            """
            { name = 'p-plugin', errorLoadRemote = function(args)
              if args.lifecycle == 'afterResolve' then return mf.fetch('http://backup/r/mf-manifest.json') end end }
            """
        ),
        (
            "a table of errorLoadRemote",
            """
            { name = 'p-plugin', errorLoadRemote = function(args)
              if args.lifecycle == 'afterResolve' then return mf.fetch('http://backup/r/mf-manifest.json'):json() end end }
            """
        ),
        (
            "the retry plugin",
            """
            require('mf.plugins.retry') { times = 1, delay = 0, log = false, url = function(url)
              return (url:gsub('^http://site', 'http://backup')) end }
            """
        ),
        (
            "the retry plugin's list",
            """
            require('mf.plugins.retry') { times = 1, delay = 0, log = false,
              url = { 'http://backup/r/mf-manifest.json' } }
            """
        ),
    ]

    @Test(arguments: detours.map(\.name), ["auto", "", "./", "/r/"])
    func filesLieBesideTheManifestThatAnswered(_ detour: String, _ publicPath: String) async throws {
        let plugins = try #require(Self.detours.first { $0.name == detour }).plugins
        let manifest = "http://site/r/mf-manifest.json"
        let fetcher = Self.fetcher(
            Self.remote(at: "http://backup/r/", "return 'of the backup'", publicPath: publicPath),
            moved: plugins.isEmpty ? [manifest: "http://backup/r/mf-manifest.json"] : [:],
            statuses: plugins.isEmpty ? [:] : [manifest: 503])
        try await withSite(fetchingWith: fetcher) { site in
            let result1 = try await site.lua(Self.load(manifest, plugins: plugins))
            #expect(result1 == ["of the backup"])
            let others = fetcher.requestedURLs.filter { $0.hasPrefix("http://site/") && $0 != manifest }
            #expect(others.isEmpty)
        }
    }

    @Test func filesOfAPureEntryLieBesideTheOneThatAnswered() async throws {
        let fetcher = Self.fetcher(
            ["http://backup/r/entry.lua": Self.entry, "http://backup/r/x.lua": "return 'of the backup'"],
            moved: ["http://site/entry.lua": "http://backup/r/entry.lua"])
        try await withSite(fetchingWith: fetcher) { site in
            let result2 = try await site.lua(Self.load("http://site/entry.lua"))
            #expect(result2 == ["of the backup"])
        }
    }

    @Test func aNewVersionIsTakenFromWhereItsManifestCameFrom() async throws {
        let place = Locked("http://one/r/mf-manifest.json")
        let texts = Self.remote(at: "http://one/r/", "return 1").merging(
            Self.remote(at: "http://two/r/", "return 2 ").mapValues { $0.replacing("1.2.0", with: "1.3.0") }
        ) { $1 }
        let fetcher = InMemoryFetcher { request in
            let url = request.url == "http://site/mf-manifest.json" ? place.current : request.url
            guard let text = texts[url] else { return FetchResponse(status: 404, url: url) }
            return FetchResponse(url: url, body: Array(text.utf8))
        }
        try await withSite(fetchingWith: fetcher) { site in
            let result3 = try await site.lua(Self.load("http://site/mf-manifest.json"))
            #expect(result3 == [1])
            place.current = "http://two/r/mf-manifest.json"
            let result4 = try await site.lua("return mf.getInstance():revalidate(), mf.loadRemote('r/x')")
            #expect(result4 == [["r"], 2])
        }
    }

    // MARK: - How often

    @Test func aFileOnItsWayIsWaitedFor() async throws {
        let texts = Self.remote(at: "http://site/", "return { y = require('y') }").merging([
            "http://site/mf-manifest.json": SampleRemote.manifest(name: "r", exposes: [("x", ["x.lua", "y.lua"])]),
            "http://site/y.lua": "return 1",
        ]) { $1 }
        let gate = Gate()
        let fetcher = InMemoryFetcher { request in
            // What is fetched ahead is answered once the entry was asked for: require comes while it is on its way.
            if request.url == "http://site/remoteEntry.lua" {
                gate.open()
            } else if request.url.hasSuffix(".lua") {
                await gate.wait()
            }
            return FetchResponse(url: request.url, body: Array((texts[request.url] ?? "").utf8))
        }
        try await withSite(fetchingWith: fetcher) { site in
            let result5 = try await site.lua(Self.load("http://site/mf-manifest.json"))
            #expect(result5 == [["y": 1]])
            #expect(Self.count(of: "http://site/x.lua", in: fetcher) == 1)
            #expect(Self.count(of: "http://site/y.lua", in: fetcher) == 1)
        }
    }

    // MARK: - What is said

    @Test(arguments: [401, 403, 429, 500, 503])
    func aStatusIsToldWithItsURL(_ status: Int) async throws {
        for manifest in ["http://site/mf-manifest.json", "http://site/remoteEntry.lua"] {
            let fetcher = Self.fetcher(
                Self.remote(at: "http://site/", ""), statuses: ["http://site/x.lua": status])
            try await withSite(fetchingWith: fetcher) { site in
                let error = try #require(await site.failure(.fetchStatus, Self.load(manifest)))
                #expect(error.message.contains("http://site/x.lua"))
                #expect(error.message.contains("\(status)"))
                #expect(error["status"] == "\(status)")
                #expect(!error.message.contains("not found"))
            }
        }
    }

    @Test(arguments: [404, 410])
    func aFileThatIsNotThereIsNotFound(_ status: Int) async throws {
        for (manifest, advice) in [
            ("http://site/mf-manifest.json", "manifest"), ("http://site/remoteEntry.lua", "next to its entry"),
        ] {
            let fetcher = Self.fetcher(
                Self.remote(at: "http://site/", ""), statuses: ["http://site/x.lua": status])
            try await withSite(fetchingWith: fetcher) { site in
                let error = try #require(await site.failure(.moduleNotFound, Self.load(manifest)))
                #expect(error.message.contains("no file at `http://site/x.lua`"))
                #expect(error.hint?.contains(advice) == true)
                #expect(error.hint?.contains("package.path") == false)
            }
        }
    }

    @Test func theTracebackLeadsThroughWhoRequired() async throws {
        let texts = Self.remote(at: "http://site/", "\nlocal y = require('y')\nreturn y").merging([
            "http://site/mf-manifest.json": SampleRemote.manifest(name: "r", exposes: [("x", ["x.lua", "y.lua"])]),
            "http://site/y.lua": "\n\nerror('y is broken')",
        ]) { $1 }
        try await withSite(texts) { site in
            let error = try #require(await site.failure(.luaRuntime, Self.load("http://site/mf-manifest.json")))
            let traceback = try #require(error.traceback)
            for place in ["http://site/y.lua:3", "http://site/x.lua:2", "host.lua:2"] {
                #expect(traceback.contains(place), "\(traceback)")
            }
        }
    }

    // MARK: - Asking again

    @Test(arguments: ["http://site/mf-manifest.json", "http://site/remoteEntry.lua"])
    func theRetryPluginAsksAgainForFiles(_ entry: String) async throws {
        let left = Locked(3)
        let texts = Self.remote(at: "http://site/", "return 'in the end'")
        let fetcher = InMemoryFetcher { request in
            if request.url == "http://site/x.lua", left.current > 0 {
                left.current -= 1
                return FetchResponse(status: 503, url: request.url)
            }
            return FetchResponse(url: request.url, body: Array((texts[request.url] ?? "").utf8))
        }
        try await withSite(fetchingWith: fetcher) { site in
            let plugin = "require('mf.plugins.retry') { times = 4, delay = 0, log = false }"
            let result6 = try await site.lua(Self.load(entry, plugins: plugin))
            #expect(result6 == ["in the end"])
        }
    }

    @Test func aFileIsHadFromElsewhere() async throws {
        let fetcher = Self.fetcher(
            Self.remote(at: "http://site/r/", "").merging(["http://backup/r/x.lua": "return 'of the backup'"]) { $1 },
            statuses: ["http://site/r/x.lua": 503])
        for url in ["function(url) return (url:gsub('site', 'backup')) end", "{ 'http://backup/r/mf-manifest.json' }"] {
            try await withSite(fetchingWith: fetcher) { site in
                let plugin = "require('mf.plugins.retry') { times = 1, delay = 0, log = false, url = \(url) }"
                let entry = "http://site/r/mf-manifest.json"
                let result7 = try await site.lua(Self.load(entry, plugins: plugin))
                #expect(result7 == ["of the backup"])
            }
        }
    }

    @Test func preloadRemoteAsksAgainForFiles() async throws {
        let fetcher = Self.fetcher(
            Self.remote(at: "http://site/r/", "").merging(["http://backup/r/x.lua": "return 'of the backup'"]) { $1 },
            statuses: ["http://site/r/x.lua": 503])
        try await withSite(fetchingWith: fetcher) { site in
            let plugin =
                "{ name = 'p-plugin', loadFileError = function(args) return args.retry((args.url:gsub('site', 'backup'))) end }"
            let result = try await site.lua(
                """
                mf.init { name = "host", remotes = { { name = "r", entry = "http://site/r/mf-manifest.json" } },
                  plugins = { \(plugin) } }
                mf.preloadRemote { { nameOrAlias = "r", exposes = { "x" } } }
                return mf.loadRemote("r/x")
                """)
            #expect(result == ["of the backup"])
            #expect(Self.count(of: "http://backup/r/x.lua", in: fetcher) == 1)
        }
    }

    @Test func aNameThatIsTriedOnlyIsNotAskedForAgain() async throws {
        let fetcher = Self.fetcher(
            ["http://site/entry.lua": Self.entry, "http://site/x/init.lua": "return 'init'"])
        try await withSite(fetchingWith: fetcher) { site in
            let plugin = "{ name = 'p-plugin', loadFileError = function(args) error('asked for ' .. args.url) end }"
            let result8 = try await site.lua(Self.load("http://site/entry.lua", plugins: plugin))
            #expect(result8 == ["init"])
        }
    }

    // MARK: - What is fetched ahead and not used

    @Test func whatWasFetchedAheadForAnOldVersionIsNotTheNewOnes() async throws {
        let texts = Locked(
            Self.remote(at: "http://site/", "return 1").merging([
                "http://site/mf-manifest.json": SampleRemote.manifest(name: "r", exposes: [("x", ["x.lua", "y.lua"])]),
                "http://site/y.lua": "return 'old'",
            ]) { $1 })
        let fetcher = InMemoryFetcher { request in
            guard let text = texts.current[request.url] else { return FetchResponse(status: 404, url: request.url) }
            return FetchResponse(url: request.url, body: Array(text.utf8))
        }
        try await withSite(fetchingWith: fetcher) { site in
            let load = Self.load("http://site/mf-manifest.json") + ", mf.sleep(5)"
            let result9 = try await site.lua(load)
            #expect(result9.first == 1)
            texts.current["http://site/y.lua"] = "return 'new'"
            texts.current["http://site/x.lua"] = "return require('y')"
            let result10 = try await site.lua("return mf.getInstance():revalidate(), mf.loadRemote('r/x')")
            #expect(result10 == [["r"], "new"])
        }
    }

    @Test func whatARefusedVersionLackedIsAskedFor() async throws {
        let texts = Locked(["http://site/entry.lua": SampleRemote.entry("['./x'] = function() return 1 end")])
        let fetcher = InMemoryFetcher { request in
            guard let text = texts.current[request.url] else { return FetchResponse(status: 404, url: request.url) }
            return FetchResponse(url: request.url, body: Array(text.utf8))
        }
        try await withSite(fetchingWith: fetcher) { site in
            let first = try await site.lua(Self.load("http://site/entry.lua"))
            texts.current["http://site/entry.lua"] = SampleRemote.entry(
                "['./x'] = function() return helper end", before: "local helper = require('helper')")
            let refused = try await site.lua("return mf.getInstance():revalidate(), mf.loadRemote('r/x')")
            let parts = try await site.runtime.loop.perform { site.runtime.registry.parts.urls(of: "r") }
            texts.current["http://site/helper.lua"] = "return 2"
            let taken = try await site.lua("return mf.getInstance():revalidate(), mf.loadRemote('r/x')")
            #expect(first == [1] && refused == [[], 1] && taken == [["r"], 2])
            #expect(parts.contains("http://site/helper.lua"))
        }
    }

    @Test func nothingIsKeptOfARemoteThatWasRemoved() async throws {
        let texts = Self.remote(at: "http://site/", "return 1").merging([
            "http://site/mf-manifest.json": SampleRemote.manifest(name: "r", exposes: [("x", ["x.lua", "y.lua"])]),
            "http://site/y.lua": "return 2",
        ]) { $1 }
        try await withSite(texts) { site in
            try await site.lua(
                Self.load("http://site/mf-manifest.json").replacing("return ", with: "") + " mf.sleep(5)")
            let kept = try await site.runtime.loop.perform { site.runtime.registry.files.count }
            #expect(kept == 1)
            try await site.lua("mf.getInstance():removeRemotes { 'r' }")
            let left = try await site.runtime.loop.perform { site.runtime.registry.files.count }
            #expect(left == 0)
        }
    }
}

/// Lets those who wait go on once it is opened.
private final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        guard let range = firstRange(of: text) else { return self }
        return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}

extension Locked {
    fileprivate var current: Value {
        get { withLock { $0 } }
        set { withLock { $0 = newValue } }
    }
}
