import Diagnostics
import Federation
import Fetch
import LuaBridge
import TestSupport
import Testing

/// What may be fetched for a tenant: every place that a URL comes from, against every address that is not the tenant's.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantFetchTests {
    /// Where a tenant's remote can put a URL.
    enum Source: String, CaseIterable, Sendable {
        case entryOfTheManifest, publicPath, getPublicPath, asset, requiredFile, fetch
    }

    init() { useBuiltWorker() }

    private static let own = "http://own.example"

    /// Servers and files that are none of the tenant's.
    private static let forbidden = [
        "http://127.0.0.1:1", "http://2130706433", "http://0x7f.1", "http://[::1]", "http://[::ffff:127.0.0.1]",
        "http://169.254.169.254", "http://localhost", "http://localhost.", "HTTP://LOCALHOST", "http://10.0.0.1",
        "http://other.example", "http://own.example@other.example", "http://me@own.example", "http://own.example:8080",
        "https://own.example", "file:///etc", "FILE:///etc", "ftp://own.example", "//other.example",
        "http://0.0.0.0", "http://0", "http://127.1", "http://017700000001", "http://0177.0.0.1", "http://0x7f000001",
        "http://127.0.0.1.", "http://[::]", "http://[64:ff9b::7f00:1]", "http://[fe80::1]", "http://[::127.0.0.1]",
        "http://own.example:80@other.example", "http://own.example%2eother.example", "http://own.example..",
        "http://own.example\\\\.other.example", "https:own.example", "unix:///run/x.sock", "gopher://own.example",
        "data:text/plain,x", "ws://own.example", "http://own.example:0080000",
    ]

    /// A public path that leaves URLs as they are.
    private static let nowhere = "\"getPublicPath\": \"function() { return '' }\""

    private static let entry = """
        return { init = function() end, get = function(name)
          local wanted = name:sub(3)
          return function() return require(wanted) end
        end }
        """

    private static func manifest(publicPath: String, entry: String = "entry.lua", asset: String = "x.lua") -> String {
        """
        {"id": "own", "name": "own", "metaData": {"name": "own", "type": "app", "buildInfo": {"buildVersion": "1",
        "buildName": "own"}, "remoteEntry": {"name": "\(entry)", "path": "", "type": "global"}, "types": {"path": "",
        "name": "", "zip": "", "api": ""}, "globalName": "own", "pluginVersion": "1", \(publicPath)},
        "shared": [], "remotes": [], "exposes": [{"id": "own:x", "name": "x", "path": "./x", "assets": {"js": {"sync":
        ["\(asset)"], "async": []}, "css": {"sync": [], "async": []}}}]}
        """
    }

    /// What the servers hold, and what the host asks for.
    private static func site(_ source: Source, _ place: String, _ level: TenantOptions.Level = .state) -> (
        texts: [String: String], script: String
    ) {
        var texts = [own + "/entry.lua": entry, own + "/x.lua": "return 'own'"]
        var entryFile = "/mf-manifest.json"
        switch source {
        case .entryOfTheManifest:
            texts[own + "/mf-manifest.json"] = manifest(publicPath: nowhere, entry: place + "/entry.lua")
        case .publicPath: texts[own + "/mf-manifest.json"] = manifest(publicPath: "\"publicPath\": \"\(place)/\"")
        case .getPublicPath:
            texts[own + "/mf-manifest.json"] = manifest(
                publicPath: "\"getPublicPath\": \"function() { return '\(place)/' }\"")
        case .asset:
            texts[own + "/mf-manifest.json"] = manifest(
                publicPath: nowhere, entry: own + "/entry.lua", asset: place + "/x.lua")
            texts[own + "/entry.lua"] = entry.replacing("wanted = name:sub(3)", with: "wanted = '\(place)/x'")
        case .requiredFile:
            entryFile = "/entry.lua"
            texts[own + "/entry.lua"] = entry.replacing("wanted = name:sub(3)", with: "wanted = '\(place)/x'")
        case .fetch:
            entryFile = "/entry.lua"
            texts[own + "/entry.lua"] = entry.replacing(
                "return require(wanted)", with: "return require('mf').fetch('\(place)/x.lua').body")
        }
        let script = """
            local mf = require("mf")
            mf.init { name = "host", tenants = { guest = { level = "\(level.rawValue)", cpu = "5s", wall = "20s" } },
              remotes = { { name = "own", entry = "\(own)\(entryFile)", tenant = "guest" } } }
            return mf.loadRemote("own/x")
            """
        return (texts, script)
    }

    @Test(arguments: Source.allCases, [TenantOptions.Level.state, .process])
    func nothingIsAskedOfAnotherServer(source: Source, level: TenantOptions.Level) async throws {
        for place in Self.forbidden {
            let (texts, script) = Self.site(source, place, level)
            let fetcher = InMemoryFetcher { request in
                FetchResponse(
                    status: texts[request.url] == nil ? 404 : 200, url: request.url,
                    body: Array((texts[request.url] ?? "").utf8))
            }
            let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: fetcher))
            _ = try? await runtime.evaluate(script)
            await runtime.shutdown()
            #expect(!fetcher.requestedURLs.isEmpty)
            for url in fetcher.requestedURLs {
                #expect(url.hasPrefix(Self.own + "/"), "\(source) asked for \(url) by way of \(place)")
            }
        }
    }

    @Test(
        arguments: [Source.entryOfTheManifest, .publicPath, .getPublicPath, .fetch],
        [TenantOptions.Level.state, .process])
    func itsOwnServerIsAsked(source: Source, level: TenantOptions.Level) async throws {
        let (texts, script) = Self.site(source, Self.own, level)
        let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: InMemoryFetcher(texts)))
        let result = try await runtime.evaluate(script)
        await runtime.shutdown()
        let text: LuaValue = source == .fetch ? "return 'own'" : "own"
        #expect(result == [text])
    }

    @Test(arguments: ["Cookie", "origin", "Referer", "Via", "Forwarded", "X-Forwarded-For", "Accept-Encoding"])
    func aTenantSetsNoHeaderOfOthers(header: String) async throws {
        let own = Self.own
        let entry = """
            return { init = function() end, get = function() return function()
              local ok, err = pcall(require("mf").fetch, "\(own)/x", { headers = { ["\(header)"] = "1" } })
              return ok, tostring(err)
            end end }
            """
        let fetcher = InMemoryFetcher([own + "/entry.lua": entry, own + "/x": "x"])
        let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: fetcher))
        _ = try? await runtime.evaluate(
            """
            local mf = require("mf")
            mf.init { name = "host", tenants = { guest = {} },
              remotes = { { name = "own", entry = "\(own)/entry.lua", tenant = "guest" } } }
            return mf.loadRemote("own/x")
            """)
        await runtime.shutdown()
        #expect(fetcher.requestedURLs == [own + "/entry.lua"])
    }

    @Test func aPlanFetchesAheadNoMoreThanTheTenantsMemory() async throws {
        let names = (0..<400).map { "a\($0).lua" }
        let manifest = Self.manifest(publicPath: "\"publicPath\": \"auto\"", asset: names.joined(separator: "\", \""))
        let entry = "return { init = function() end, get = function() return function() return {} end end }"
        let file = [UInt8](repeating: 32, count: 100_000)
        let fetcher = InMemoryFetcher { request in
            switch request.url {
            case Self.own + "/mf-manifest.json": FetchResponse(url: request.url, body: Array(manifest.utf8))
            case Self.own + "/entry.lua": FetchResponse(url: request.url, body: Array(entry.utf8))
            default: FetchResponse(url: request.url, body: file)
            }
        }
        let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: fetcher))
        try await runtime.evaluate(
            """
            local mf = require("mf")
            mf.init { name = "host", tenants = { guest = { memory = "1MB" } },
              remotes = { { name = "own", entry = "\(Self.own)/mf-manifest.json", tenant = "guest" } } }
            pcall(mf.preloadRemote, { { nameOrAlias = "own", exposes = { "x" } } })
            """)
        await runtime.shutdown()
        let files = fetcher.requestedURLs.count { $0.contains("/a") }
        #expect((10...40).contains(files), "\(files)")
    }

    @Test(arguments: ["", "tenant = 'guest', "]) func aManifestThatCameOverHTTPNamesNoFile(tenant: String) async throws
    {
        let texts = [
            Self.own + "/mf-manifest.json": Self.manifest(
                publicPath: Self.nowhere, entry: "file:///etc/entry.lua")
        ]
        let fetcher = InMemoryFetcher(texts)
        let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: fetcher))
        let error = await expectMFError(.fetchPolicy) {
            try await runtime.evaluate(
                """
                local mf = require("mf")
                mf.init { name = "host", tenants = { guest = {} },
                  remotes = { { \(tenant)name = "own", entry = "\(Self.own)/mf-manifest.json" } } }
                return mf.loadRemote("own/x")
                """)
        }
        await runtime.shutdown()
        #expect(
            error?.message
                == "`http://own.example/mf-manifest.json` names `file:///etc/entry.lua`, which is not allowed")
        #expect(fetcher.requestedURLs == [Self.own + "/mf-manifest.json"])
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        guard let range = firstRange(of: text) else { return self }
        return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
