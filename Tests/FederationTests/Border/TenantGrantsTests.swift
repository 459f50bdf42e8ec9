import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What `changes` and `hears` grant a tenant's plugin.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantGrantsTests {
    init() { TenantWorker.executable = Places.products + "/mflua-attacks" }

    /// One hook's listener, what `changes` grants, and what comes of a load with the grant.
    private static let granted: [(hook: String, body: String, grant: String, load: String, result: LuaValue)] = [
        (
            "beforeRequest", "args.id = 'listed/x' return args", "'disk/*', 'listed/x'", "mf.loadRemote('disk/x').from",
            "host"
        ),
        ("onLoad", "return function() return 'guest' end", "'disk/x'", "mf.loadRemote('disk/x')()", "guest"),
        (
            "getModuleFactory", "return function() return { from = 'guest' } end", "'disk/x'",
            "mf.loadRemote('disk/x').from",
            "guest"
        ),
        (
            "loadEntry",
            "return { init = function() end, get = function() return function() return { from = 'guest' } end end }",
            "'disk/**'", "mf.loadRemote('disk/x').from", "guest"
        ),
        ("createScript", "return { url = 'http://evil/entry.lua' }", "'disk/**'", "mf.loadRemote('disk/x').io", "nil"),
        (
            "loadEntryError", "return args.retry('http://evil/entry.lua')", "'gone/**'", "mf.loadRemote('gone/x').io",
            "nil"
        ),
        (
            "afterResolve", "args.remoteInfo = { name = 'disk', entry = 'http://evil/entry.lua' } return args", "'*'",
            "mf.loadRemote('disk/x').io", "nil"
        ),
        (
            "loadSnapshot",
            "args.remoteSnapshot = { version = '1', publicPath = 'http://evil/', remoteEntry = 'entry.lua', globalName = 'n' } return args",
            "'listed/**'", "mf.loadRemote('listed/x').io", "nil"
        ),
        (
            "loadRemoteSnapshot",
            "args.remoteSnapshot = { version = '1', publicPath = 'http://evil/', remoteEntry = 'entry.lua', globalName = 'n' } return args",
            "'listed/**'", "mf.loadRemote('listed/x').io", "nil"
        ),
        (
            "errorLoadRemote", "if args.lifecycle == 'onLoad' then return { from = 'guest' } end", "'gone/x'",
            "mf.loadRemote('gone/x').from", "guest"
        ),
        (
            "fetch",
            #"return { status = 200, body = '{"name":"n","metaData":{"name":"n","publicPath":"http://evil/","globalName":"n","buildInfo":{"buildVersion":"2"},"remoteEntry":{"name":"entry.lua","path":"","type":"global"}},"shared":[],"remotes":[],"exposes":[]}' }"#,
            "'listed/**'", "mf.loadRemote('listed/x').io", "nil"
        ),
        (
            "loadShare", "return function() return { level = 'guest' } end", "'share:config'",
            "mf.loadShare('config')().level", "guest"
        ),
        (
            "beforeLoadShare", "args.shareInfo = { lib = function() return { level = 'guest' } end } return args",
            "'share:config'",
            "mf.loadShare('config')().level", "host"
        ),
        (
            "resolveShare",
            "args.resolver = function() return { lib = function() return { level = 'guest' } end } end return args",
            "'share:config'", "mf.loadShare('config')().level", "host"
        ),
    ]

    @Test(arguments: TenantOptions.Level.allCases) func whatIsGrantedWorksWithTheTenantsRights(
        level: TenantOptions.Level
    ) async throws {
        for row in Self.granted {
            let folder = try TemporaryFolder()
            let file = try folder.write(
                "granted-plugin.lua", "return { name = 'granted-plugin', \(row.hook) = function(args) \(row.body) end }"
            )
            try await withSite(fetchingWith: InMemoryFetcher(BorderSite.fetcher)) { site in
                let plugins = "{ \"\(file)\", {}, tenant = \"acme\" }"
                let results = try await site.lua(
                    BorderSite.host(level, tenant: "net = { 'evil' }, changes = { \(row.grant) }", plugins: plugins)
                        + "return \(row.load)")
                #expect(results.first == row.result, "\(row.hook)")
                #expect(!site.log.messages.contains { $0.contains("LIMIT-009") }, "\(row.hook): \(site.log.messages)")
            }
            try await withSite(fetchingWith: InMemoryFetcher(BorderSite.fetcher)) { site in
                let plugins = "{ \"\(file)\", {}, tenant = \"acme\" }"
                let results = try await site.lua(
                    BorderSite.host(level, tenant: "net = { 'evil' }, changes = { 'unrelated/**' }", plugins: plugins)
                        + "local ok, result = pcall(function() return \(row.load) end) return ok and result")
                #expect(
                    [false, "host", "table"].contains(results.first ?? .nil) || row.hook == "onLoad", "\(row.hook)")
                let told = site.log.messages.filter { $0.contains("LIMIT-009") && $0.contains("acme/granted-plugin") }
                #expect(told.count == 1, "\(row.hook): \(site.log.messages)")
            }
        }
    }

    @Test(arguments: TenantOptions.Level.allCases, [true, false]) func aPlanIsFetchedWithTheTenantsRights(
        level: TenantOptions.Level, isGranted: Bool
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "plan-plugin.lua",
            """
            return { name = "plan-plugin", generatePreloadAssets = function(args)
              return { cssAssets = { "http://evil/a.css", "file:///etc/passwd" }, jsAssetsWithoutEntry = { "http://evil/x.lua", "http://forbidden/x.lua" },
                entryAssets = { { name = "r", url = "http://evil/entry.lua" }, { name = "s", url = "http://forbidden/entry.lua" } } }
            end }
            """)
        let grant = isGranted ? "listed/**" : "unrelated/**"
        try await withSite(fetchingWith: InMemoryFetcher(BorderSite.fetcher)) { site in
            let results = try await site.lua(
                BorderSite.host(
                    level, tenant: "net = { 'evil' }, changes = { '\(grant)' }",
                    plugins: "{ \"\(file)\", {}, tenant = \"acme\" }")
                        + """
                        pcall(mf.preloadRemote, { { nameOrAlias = "listed", resourceCategory = "all" } })
                        return mf.loadRemote("listed/x").from, mf.loadRemote("listed/x").io
                        """)
            #expect(results == ["host", "table"])
            let urls = Set(site.memory?.requestedURLs ?? [])
            #expect(!urls.contains { $0.contains("forbidden") || $0.hasPrefix("file:") })
            #expect(urls.contains("http://evil/x.lua") == isGranted)
        }
    }

    /// What the tenant offers through `beforeInitContainer`, and who gets it.
    @Test(arguments: TenantOptions.Level.allCases, [true, false]) func aPackageIsOfferedWhereItIsGranted(
        level: TenantOptions.Level, isGranted: Bool
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "offer-plugin.lua",
            """
            local function versions(version)
              return { [version] = { version = version, lib = function() return { level = "guest", io = type(io) } end } }
            end
            return { name = "offer-plugin", beforeInitContainer = function(args)
              args.shareScope = { planted = versions("1.0.0"), config = versions("9.0.0"), other = versions("1.0.0") }
              args.initScope = { "guest" }
              args.remoteEntryInitOptions = { version = "guest" }
              return args
            end }
            """)
        let grant = isGranted ? "'share:planted', 'share:config'" : "'unrelated/**'"
        try await withSite(fetchingWith: InMemoryFetcher(BorderSite.fetcher)) { site in
            let results = try await site.lua(
                BorderSite.host(
                    level, tenant: "changes = { \(grant) }", plugins: "{ \"\(file)\", {}, tenant = \"acme\" }")
                        + """
                        mf.loadRemote("disk/x")
                        local any = { customShareInfo = { shareConfig = { requiredVersion = "*" } } }
                        local function level(package)
                          local factory = mf.loadShare(package, any)
                          local module = factory and factory() or {}
                          return module.level, module.io
                        end
                        local planted, io = level("planted")
                        return planted, io, (level("config")), (level("other")), host.shareScopeMap.default.planted and host.shareScopeMap.default.planted["1.0.0"].from
                        """)
            let right: [LuaValue] =
                isGranted ? ["guest", "nil", "host", .nil, "acme"] : [.nil, .nil, "host", .nil, .nil]
            #expect(results == right)
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func aRewriteNeedsTheGrantForWhatItBecomesToo(
        level: TenantOptions.Level
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "rename-plugin.lua",
            "return { name = 'rename-plugin', beforeRequest = function(args) args.id = 'other/x' return args end }")
        for grant in ["'disk/**'", "'*'", "'other/**'", "'**'"] {
            try await withSite(fetchingWith: InMemoryFetcher(BorderSite.fetcher)) { site in
                let results = try await site.lua(
                    BorderSite.host(
                        level, tenant: "changes = { \(grant) }", plugins: "{ \"\(file)\", {}, tenant = \"acme\" }")
                        + "return mf.loadRemote('d/x').io")
                #expect(results.first == "table", "\(grant)")
                #expect(site.log.messages.contains { $0.contains("LIMIT-009") })
            }
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func aTenantHearsOfWhatIsListedForIt(
        level: TenantOptions.Level
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "ear-plugin.lua",
            """
            local log = require("mf").log.error
            return { name = "ear-plugin", onLoad = function(args) log("loads " .. args.id) end,
              loadShare = function(args) log("shares " .. args.pkgName) end }
            """)
        let rows = [
            ("'*'", ["loads d/x", "loads listed/x", "loads own/x", "shares config"]), ("'d*/**'", ["loads d/x"]),
            ("'SECRET-30/**', 'share:config'", ["loads other/x", "shares config"]), ("'listed/y'", []),
        ]
        for (hears, right) in rows {
            try await withSite(fetchingWith: InMemoryFetcher(BorderSite.fetcher)) { site in
                try await site.lua(
                    BorderSite.host(
                        level, tenant: "hears = { \(hears) }", plugins: "{ \"\(file)\", {}, tenant = \"acme\" }")
                        + "for _, id in ipairs { 'd/x', 'listed/x', 'own/x', 'other/x' } do mf.loadRemote(id) end mf.loadShare('config')"
                )
                let heard = site.log.messages.compactMap { $0.split(separator: "] ").last.map(String.init) }
                #expect(heard == right, "\(hears)")
            }
        }
    }

    @Test func aRemoteOfATenantThatIsFetchedAheadRunsInTheTenant() async throws {
        try await withSite(fetchingWith: InMemoryFetcher(BorderSite.fetcher)) { site in
            let results = try await site.lua(
                BorderSite.host(.state, plugins: "")
                    + """
                    host:registerRemotes({ { name = "ahead", entry = "http://ahead/mf-manifest.json", tenant = "acme" } })
                    mf.preloadRemote({ { nameOrAlias = "ahead" } })
                    return mf.loadRemote("ahead/x").io
                    """)
            #expect(results.first == "nil")
        }
    }
}
