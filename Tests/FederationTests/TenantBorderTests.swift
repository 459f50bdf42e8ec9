import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What a tenant's plugin sees of its host, and what comes of all that it can return.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantBorderTests {
    init() { TenantWorker.executable = Places.products + "/mflua-attacks" }

    /// `disk` and the like are the host's, `own` is acme's, `other` is beta's.
    private static let fetcher: @Sendable (FetchRequest) async throws -> FetchResponse = { request in
        let path = request.url.split(separator: "?").first.map(String.init) ?? ""
        let text: String? =
            if path.hasSuffix("mf-manifest.json") {
                #"{"name":"n","metaData":{"name":"n","publicPath":"auto","globalName":"n","buildInfo":{"buildVersion":"1"},"remoteEntry":{"name":"entry.lua","path":"","type":"global"},"note":"SECRET-80"},"shared":[],"remotes":[],"exposes":[{"id":"n:x","name":"x","path":"./x","assets":{"js":{"sync":["x.lua"],"async":[]},"css":{"sync":[],"async":[]}}}]}"#
            } else if path.hasSuffix("/broken/entry.lua") {
                "SECRET-92 is no Lua"
            } else if path.hasSuffix("/raising/entry.lua") {
                "error({ token = 'SECRET-91' })"
            } else if path.hasSuffix("entry.lua") {
                """
                return { init = function() end, get = function(name)
                  if name == "./raise" then error("SECRET-90") end
                  if name == "./none" then return nil end
                  return function() return { from = "\(path.contains("evil") ? "guest" : "host")", io = type(io), data = "\(path.contains("own") ? "of its own" : "SECRET-70")",
                    call = function() called = (called or 0) + 1 return "SECRET-71" end } end
                end }
                """
            } else if path.hasSuffix("x.lua") {
                "return {}"
            } else {
                nil
            }
        guard let text else { return FetchResponse(status: 404, url: request.url) }
        return FetchResponse(url: request.url, body: Array(text.utf8))
    }

    private static func host(_ level: TenantOptions.Level, tenant options: String = "", plugins: String) -> String {
        """
        host = mf.init {
          name = "gateway",
          tenants = { acme = { level = "\(level.rawValue)", cpu = "5s", wall = "20s", memory = "64MB", \(options) },
                      beta = { env = { TOKEN = "SECRET-3" } } },
          shared = { config = { version = "1.0.0", lib = function() called = (called or 0) + 1 return { level = "host", token = "SECRET-50" } end } },
          remotes = {
            { name = "disk", alias = "d", entry = "http://user:SECRET-10@disk/entry.lua?token=SECRET-11#SECRET-12" },
            { name = "listed", entry = "http://user:SECRET-20@listed/mf-manifest.json?token=SECRET-21" },
            { name = "broken", entry = "http://user:SECRET-22@files/broken/entry.lua?token=SECRET-23" },
            { name = "raising", entry = "http://user:SECRET-24@files/raising/entry.lua?token=SECRET-25" },
            { name = "gone", entry = "http://user:SECRET-26@gone/gone?token=SECRET-27" },
            { name = "SECRET-30", alias = "other", entry = "http://other/entry.lua?token=SECRET-31", tenant = "beta" },
            { name = "own", entry = "http://user:SECRET-40@own/entry.lua?token=SECRET-41", tenant = "acme" },
          },
          plugins = { \(plugins) },
        }

        """
    }

    // MARK: - What it sees

    /// Goes through all that it is given, calls what can be called, and tells of each mark once.
    private static let walker = """
        local mf = require("mf")
        local seen, told, asked = {}, {}, {}
        local function tell(text)
          for mark in tostring(text):gmatch("SECRET%-%d+") do
            if not told[mark] then told[mark] = true mf.log.error("SEEN " .. mark) end
          end
        end
        local names = { "name", "alias", "entry", "version", "buildVersion", "metadata", "tenant", "extra", "options", "remotes", "shared",
          "plugins", "tenants", "shareScopeMap", "moduleCache", "remoteHandler", "snapshotHandler", "idToRemoteMap", "lib", "get", "init",
          "loading", "remoteInfo", "remoteEntryExports", "host", "origin", "__INSTANCES__", "moduleInfo", "__SHARE__", "default", "config",
          "1.0.0", "env", "error", "cause", "context", "traceback", "message", "hint", "retry", "getRemoteEntry", "globalLoading", "filter",
          "url", "getPublicPath", "publicPath", "manifestJson", "extra", "results", "shareInfo", "resolver", "values", "exposeModule" }
        local methods = { "dispose", "registerRemotes", "removeRemotes", "loadShareSync", "preloadRemote", "registerPlugins", "removePlugins",
          "emit", "initOptions", "reload", "tenantStats", "loadRemoteSnapshotInfo", "loadRemote", "loadShare", "live", "registerShared" }
        local walk
        local function call(f, ...)
          local results = table.pack(pcall(f, ...))
          for i = 2, results.n do walk(results[i], 1) end
        end
        function walk(value, depth)
          local kind = type(value)
          if kind == "string" then return tell(value) end
          if kind ~= "table" and kind ~= "userdata" and kind ~= "function" or seen[value] or depth > 8 then return end
          seen[value] = true
          tell(tostring(value))
          if kind == "function" then
            call(value) call(value, "http://evil/entry.lua") call(value, {})
            return
          end
          pcall(function() for key, inner in pairs(value) do walk(key, depth + 1) walk(inner, depth + 1) end end)
          pcall(function() for i = 1, math.min(#value, 50) do walk(value[i], depth + 1) end end)
          for _, name in ipairs(names) do
            local ok, inner = pcall(function() return value[name] end)
            if ok then walk(inner, depth + 1) else walk(inner, depth + 1) end
          end
          for _, name in ipairs(methods) do
            local ok, method = pcall(function() return value[name] end)
            if ok and method and not asked[name] then
              asked[name] = true
              for _, argument in ipairs { "disk/x", "other/x", "config", {} } do call(method, value, argument) end
            end
          end
          walk(getmetatable(value), depth + 1)
        end
        local plugin = { name = "walker-plugin" }
        for _, hook in ipairs { \(Lifecycle.all.map { "\"\($0.name)\"" }.joined(separator: ", ")) } do
          plugin[hook] = function(args) walk(args, 0) mf.log.warn("HEARD " .. hook) end
        end
        return plugin
        """

    private static let everything = """
        for _, id in ipairs { "disk/x", "d/x", "disk/x", "disk/raise", "disk/none", "listed/x", "broken/x", "raising/x", "gone/x", "none/x", "own/x",
          "own/raise", "SECRET-30/x", "other/x" } do
          pcall(mf.loadRemote, id)
        end
        for spelling, entry in pairs {
          back = "http:\\\\\\\\user:SECRET-13@h/entry.lua", short = "http:user:SECRET-14@h/entry.lua", bare = "user:SECRET-15@h/entry.lua",
          slash = "http://user:pass/SECRET-16@h/entry.lua", two = "http://h/http://user:SECRET-17@h/entry.lua",
          mark = "http://user:pass?SECRET-18@h/entry.lua" } do
          pcall(host.registerRemotes, host, { { name = spelling, entry = entry } })
          pcall(mf.loadRemote, spelling .. "/x")
        end
        pcall(host.registerRemotes, host, { { name = "versioned", version = "http://user:SECRET-19@h/mf-manifest.json?SECRET-19" } })
        pcall(mf.loadRemote, "versioned/x")
        pcall(mf.loadRemote, "disk/x", { loadFactory = false, note = "SECRET-95" })
        for _, package in ipairs { "config", "missing" } do
          pcall(mf.loadShare, package, { customShareInfo = { note = "SECRET-96" } })
          pcall(mf.loadShareSync, package)
          pcall(mf.loadShare, package)
        end
        pcall(mf.preloadRemote, { { nameOrAlias = "listed", filter = function(url) return "SECRET-97" end }, { nameOrAlias = "disk" } })
        pcall(mf.preloadRemote, { { nameOrAlias = "own" } })
        pcall(mf.preloadRemote, { { nameOrAlias = "disk", depsRemote = { { nameOrAlias = "SECRET-30" } } },
          { nameOrAlias = "SECRET-30", exposes = { "SECRET-94" } }, { nameOrAlias = "other", exposes = { "SECRET-93" } } })
        pcall(host.registerRemotes, host, { { name = "late", entry = "http://user:SECRET-98@late/entry.lua" } })
        pcall(host.registerShared, host, { late = { version = "1.0.0", lib = function() called = (called or 0) + 1 return "SECRET-99" end } })
        pcall(host.initOptions, host, { remotes = { { name = "later", entry = "http://user:SECRET-100@later/entry.lua" } } })
        pcall(host.revalidate, host)
        return called
        """

    @Test(arguments: TenantOptions.Level.allCases) func noneOfTheHostsSecretsIsSeenAndNoneOfItsFunctionsCalled(
        level: TenantOptions.Level
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("walker-plugin.lua", Self.walker)
        try await withSite(fetchingWith: InMemoryFetcher(Self.fetcher)) { site in
            let owner = """
                { name = "owner-plugin", token = "SECRET-60", onLoad = function() return nil end,
                  errorLoadShare = function() error("SECRET-61") end }
                """
            let called = try await site.lua(
                Self.host(level, plugins: "\(owner), { \"\(file)\", {}, tenant = \"acme\" }") + Self.everything)
            #expect(called.first?.isNil ?? true, "a function of the host was called \(called) times")
            let seen = site.log.messages.filter { $0.contains("SEEN") }
            #expect(seen.isEmpty)
            let heard = Set(
                site.log.messages.compactMap { $0.split(separator: " ").last.map(String.init) }.filter {
                    Lifecycle.named[$0] != nil
                })
            let never = [
                "beforeInit", "init", "beforeRegisterShare", "initContainerShareScopeMap", "handlePreloadModule",
            ]
            #expect(heard.count > 25 && heard.isDisjoint(with: never.dropLast()), "\(heard.sorted())")
            let urls = site.memory?.requestedURLs ?? []
            #expect(!urls.contains { $0.contains("evil") })
        }
    }

    // MARK: - What it changes

    /// What a listener can return, or do in place of returning.
    private static let values = [
        "nil", "false", "true", "0", "math.mininteger", "math.huge", "0/0", "'text'", "'\\255\\0'", "{}", "{ 1, 2, 3 }",
        "args",
        "function() return { from = 'guest', level = 'guest' } end",
        "function() return function() return { from = 'guest', level = 'guest' } end end",
        "'MARK = true return { init = function() end, get = function() return function() return { from = \"guest\" } end end }'",
        "{ script = 'MARK = true return { get = function() return function() return { from = \"guest\" } end end }' }",
        "{ url = 'http://evil/entry.lua' }", "{ url = 'file:///etc/passwd' }",
        "{ script = { script = { url = 'http://evil/entry.lua' } } }",
        "{ url = 5, headers = 5, timeout = math.mininteger, maxBytes = math.mininteger }", "{ timeout = 0/0 }",
        "{ init = function() end, get = function() return function() return { from = 'guest' } end end }",
        "{ from = 'guest', level = 'guest' }", "{ id = 'own/x' }", "{ status = 200, body = '{}' }",
        "{ body = 'x', status = math.mininteger }",
        "{ cssAssets = { 'http://evil/a.css' }, jsAssetsWithoutEntry = { 'http://evil/a.lua' }, entryAssets = { { name = 'r', url = 'http://evil/entry.lua' } } }",
        "{ shared = { lib = function() return { level = 'guest' } end }, useTreesShaking = false }",
        "(function() local t = {} for i = 1, 40 do t = { t } end return t end)()", "coroutine.create(function() end)",
        "(function() local t = {} t[math.mininteger] = 1 t[math.maxinteger] = 2 t[1.5] = 3 t[true] = 4 return t end)()",
        "(function() local t = {} t.t = t return t end)()",
        "setmetatable({}, { __index = function() error('no') end, __pairs = 5 })",
        "error()", "error(nil)", "error({})", "error({ code = 5, message = {} })", "error(function() end)",
        "error(setmetatable({}, { __tostring = 5 }))",
        "error('x')", "error(args)", "(function() require('mf').sleep(1) return { from = 'guest' } end)()",
        "args.retry and args.retry('http://evil/entry.lua')",
        "(function() for k in pairs(args) do args[k] = 'x' end return args end)()",
        "(function() for k in pairs(args) do args[k] = math.mininteger end return args end)()",
        "(function() for k in pairs(args) do args[k] = function() return { from = 'guest', level = 'guest' } end end return args end)()",
        "(function() for k in pairs(args) do args[k] = { name = 'own', entry = 'http://evil/entry.lua', lib = function() return { level = 'guest' } end } end return args end)()",
        "(function() args.id = 'own/x' return args end)()", "(function() args.expose = './y' return args end)()",
        "(function() args.remoteInfo = { name = args.remoteInfo and args.remoteInfo.name or 'r', entry = 'http://evil/entry.lua' } return args end)()",
        "(function() args.remoteSnapshot = { version = '1', publicPath = 'http://evil/', remoteEntry = 'entry.lua', globalName = 'n' } return args end)()",
        "(function() args.shareScope = { config = { ['1.0.0'] = { version = '1.0.0', lib = function() return { level = 'guest' } end } } } return args end)()",
        "(function() args.resolver = function() return { lib = function() return { level = 'guest' } end } end return args end)()",
        "(function() args.shareInfo = { version = '1.0.0', get = function() return function() return { level = 'guest' } end end } return args end)()",
    ]

    private static let giver = """
        local values = { \(values.map { "function(args) return \($0) end" }.joined(separator: ",\n")) }
        return function(options)
          local plugin = { name = "giver-plugin" }
          for _, hook in ipairs { \(Lifecycle.all.map { "\"\($0.name)\"" }.joined(separator: ", ")) } do
            plugin[hook] = values[options.value]
          end
          return plugin
        end
        """

    @Test(arguments: TenantOptions.Level.allCases) func nothingThatATenantReturnsCountsWithoutAGrant(
        level: TenantOptions.Level
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("giver-plugin.lua", Self.giver)
        try await withSite(fetchingWith: InMemoryFetcher(Self.fetcher)) { site in
            _ = try await site.lua(Self.host(level, tenant: "net = { 'evil' }, maxRestarts = 1000", plugins: ""))
            // A worker takes longer, and what comes over is decided in the same place.
            for (index, value) in Self.values.enumerated() {
                let results = try await site.lua(
                    """
                    local n = "r\(index)"
                    assert(host:removePlugins({ "acme/giver-plugin" }))
                    host:registerPlugins({ { "\(file)", { value = \(index + 1) }, tenant = "acme" } })
                    host:registerRemotes({ { name = n, entry = "http://" .. n .. "/mf-manifest.json" },
                      { name = "e" .. n, entry = "http://e" .. n .. "/entry.lua" }, { name = "g" .. n, entry = "http://g" .. n .. "/gone" } })
                    pcall(mf.preloadRemote, { { nameOrAlias = n } })
                    local first, second = mf.loadRemote(n .. "/x"), mf.loadRemote("e" .. n .. "/x")
                    local third = mf.loadRemote(n .. "/x")
                    local failed = pcall(mf.loadRemote, "g" .. n .. "/x")
                    return first.from, second.from, third.from, first.io, failed, mf.loadShare("config")().level, mf.loadShareSync("config")().level, MARK
                    """)
                let right: [LuaValue] = ["host", "host", "host", "table", false, "host", "host"]
                #expect(Array(results.prefix(7)) == right, "\(value): \(results)")
                #expect(results.count == 7 || results[7].isNil, "\(value)")
                let evil = site.memory?.requestedURLs.filter { $0.contains("evil") || $0.hasPrefix("file:") } ?? []
                #expect(evil.isEmpty, "\(value)")
            }
            let drops = try await site.lua("return host:tenantStats('acme').drops")
            #expect(drops.first?.intValue ?? 0 > 50)
        }
    }

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
            try await withSite(fetchingWith: InMemoryFetcher(Self.fetcher)) { site in
                let plugins = "{ \"\(file)\", {}, tenant = \"acme\" }"
                let results = try await site.lua(
                    Self.host(level, tenant: "net = { 'evil' }, changes = { \(row.grant) }", plugins: plugins)
                        + "return \(row.load)")
                #expect(results.first == row.result, "\(row.hook)")
                #expect(!site.log.messages.contains { $0.contains("LIMIT-009") }, "\(row.hook): \(site.log.messages)")
            }
            try await withSite(fetchingWith: InMemoryFetcher(Self.fetcher)) { site in
                let plugins = "{ \"\(file)\", {}, tenant = \"acme\" }"
                let results = try await site.lua(
                    Self.host(level, tenant: "net = { 'evil' }, changes = { 'unrelated/**' }", plugins: plugins)
                        + "local ok, result = pcall(function() return \(row.load) end) return ok and result")
                #expect(
                    [false, "host", "table"].contains(results.first ?? .nil) || row.hook == "onLoad", "\(row.hook)")
                let told = site.log.messages.filter { $0.contains("LIMIT-009") && $0.contains("acme/granted-plugin") }
                #expect(told.count == 1, "\(row.hook): \(site.log.messages)")
            }
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
            try await withSite(fetchingWith: InMemoryFetcher(Self.fetcher)) { site in
                let results = try await site.lua(
                    Self.host(
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
            try await withSite(fetchingWith: InMemoryFetcher(Self.fetcher)) { site in
                try await site.lua(
                    Self.host(level, tenant: "hears = { \(hears) }", plugins: "{ \"\(file)\", {}, tenant = \"acme\" }")
                        + "for _, id in ipairs { 'd/x', 'listed/x', 'own/x', 'other/x' } do mf.loadRemote(id) end mf.loadShare('config')"
                )
                let heard = site.log.messages.compactMap { $0.split(separator: "] ").last.map(String.init) }
                #expect(heard == right, "\(hears)")
            }
        }
    }

    @Test func aRemoteOfATenantThatIsFetchedAheadRunsInTheTenant() async throws {
        try await withSite(fetchingWith: InMemoryFetcher(Self.fetcher)) { site in
            let results = try await site.lua(
                Self.host(.state, plugins: "")
                    + """
                    host:registerRemotes({ { name = "ahead", entry = "http://ahead/mf-manifest.json", tenant = "acme" } })
                    mf.preloadRemote({ { nameOrAlias = "ahead" } })
                    return mf.loadRemote("ahead/x").io
                    """)
            #expect(results.first == "nil")
        }
    }
}
