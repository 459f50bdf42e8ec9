import Diagnostics
import Fetch
import Glibc
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What a tenant's plugin sees of its host.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PlantedSecretsTests {
    init() { TenantWorker.executable = Places.products + "/mflua-attacks" }

    /// Goes through all that it is given, calls what can be called, and tells of each mark once.
    private static let walker = """
        local mf = require("mf")
        local options = {}
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
            if not options.calls then return end
            call(value) call(value, "http://evil/entry.lua") call(value, {}) call(value, "disk/x", {})
            return
          end
          pcall(function() for key, inner in pairs(value) do walk(key, depth + 1) walk(inner, depth + 1) end end)
          pcall(function() for i = 1, math.min(#value, 50) do walk(value[i], depth + 1) end end)
          for _, name in ipairs(names) do
            local ok, inner = pcall(function() return value[name] end)
            if ok then walk(inner, depth + 1) else walk(inner, depth + 1) end
          end
          for _, name in ipairs(options.calls and methods or {}) do
            local ok, method = pcall(function() return value[name] end)
            if ok and method and not asked[name] then
              asked[name] = true
              for _, argument in ipairs { "disk/x", "other/x", "config", {} } do call(method, value, argument) end
            end
          end
          walk(getmetatable(value), depth + 1)
        end
        -- What no argument leads to.
        local function search(hook)
          walk(_G, 0)
          for _, name in ipairs { "hidden", "owner-plugin", "mf", "package", "io", "os", "debug", options.folder .. "/hidden" } do
            call(require, name)
          end
          call(function() return os.getenv("MFLUA_SECRET") end)
          call(function() return mf.env end)
          for _, path in ipairs { options.folder .. "/secret.txt", "/proc/self/environ", "/proc/self/cmdline" } do
            call(function() return io.open(path):read("a") end)
            call(function() return io.lines(path)() end)
            call(function() return dofile(path) end)
            call(function() return loadfile(path)() end)
            call(function() return mf.fetch("file://" .. path).body end)
            call(function() return mf.fetch({ url = "file:" .. path }).body end)
          end
          call(function() return debug.getregistry() end)
          call(function() return debug.getupvalue(search, 1) end)
          for _, id in ipairs { "disk/x", "listed/x", "SECRET-30/x", "other/x", "shares/x" } do
            call(function() return mf.loadRemote(id) end)
          end
          for _, package in ipairs { "config", "planted", "late", "joined" } do
            call(function() return mf.loadShare(package) end)
          end
        end
        return function(given)
          options = given
          local plugin = { name = "walker-plugin" }
          for _, hook in ipairs { \(BorderSite.hooks) } do
            plugin[hook] = function(args)
              walk(args, 0)
              if options.calls and not asked[hook] then
                asked[hook] = true
                search(hook)
              end
              mf.log.warn("HEARD " .. hook)
            end
          end
          return plugin
        end
        """

    /// What the host's owner has beside the site: globals, modules, plugins with upvalues and fields, another host.
    private static func plant(_ folder: String) -> String {
        """
        token, SETTINGS = "SECRET-105", { ["SECRET-106"] = { key = "SECRET-107" } }
        package.path = "\(folder)/?.lua;" .. package.path
        local hidden = require("hidden")
        package.loaded.planted = { text = "SECRET-108", call = function() called = (called or 0) + 1 return "SECRET-109" end }
        local upvalue = "SECRET-110"
        local function owners(name)
          return { name = name, token = "SECRET-111", config = { "SECRET-112" },
            beforeRequest = function(args) args.upvalue = upvalue end,
            createScript = function(args)
              return { url = args.url, headers = { Authorization = "Bearer SECRET-113", ["X-Token"] = "SECRET-114" } }
            end,
            afterMatchRemote = function(args) args.note = "SECRET-115" args.call = function() called = (called or 0) + 1 end end,
            fetch = function(args)
              if args.url:find("answered") then
                return mf.response { status = 200, headers = { ["Set-Cookie"] = "SECRET-116" }, url = "http://user:SECRET-117@answered/mf-manifest.json?SECRET-118",
                  body = mf.fetch("http://listed/mf-manifest.json").body }
              end
            end,
            loadEntry = function(args)
              if args.remoteInfo.name == "made" then
                return { token = "SECRET-119", init = function(scope) scope.joined = { ["1.0.0"] = { from = "SECRET-30", useIn = { "SECRET-30", "SECRET-149" },
                    lib = function() called = (called or 0) + 1 return "SECRET-120" end, get = function() return "SECRET-121" end } } end,
                  get = function() return function() return setmetatable({ token = "SECRET-122" }, { __index = { more = "SECRET-123" },
                    __tostring = function() return "SECRET-124" end, note = "SECRET-125" }) end end }
              end
            end,
            errorLoadRemote = function(args)
              if args.id == "gone/x" then error({ code = "SECRET-126", message = "SECRET-127", hint = "SECRET-128", cause = "SECRET-129" }) end
              if args.id == "raising/x" then error(setmetatable({}, { __tostring = function() return "SECRET-130" end })) end
              if args.id == "broken/x" then load("error('SECRET-131')", "@SECRET-132.lua")() end
            end }
        end
        mf.registerGlobalPlugins { { name = "global-plugin", token = "SECRET-133", onLoad = function() return nil end } }

        """
    }

    private static let extra = """
        host.options.version = "http://user:SECRET-134@options/"
        mf.createInstance { name = "second", remotes = { { name = "SECRET-135", entry = "http://user:SECRET-136@second/entry.lua" } },
          shared = { ["planted"] = { version = "1.0.0", lib = function() called = (called or 0) + 1 return { "SECRET-137" } end } } }
        host:registerRemotes {
          { name = "meta", entry = "http://meta/entry.lua", metadata = { key = "SECRET-138", ["SECRET-139"] = true } },
          { name = "betas", entry = "http://betas/entry.lua", tenant = "beta", metadata = { key = "SECRET-140" } },
          { name = "answered", entry = "http://user:SECRET-141@answered/mf-manifest.json" },
          { name = "made", entry = "http://user:SECRET-142@made/entry.lua?SECRET-143" } }
        mf.addGlobalSnapshot { ["SECRET-30"] = { version = "1", publicPath = "http://user:SECRET-144@x/", remoteEntry = "SECRET-145.lua",
          globalName = "SECRET-146", modules = {}, remotesInfo = { ["SECRET-147"] = { matchedVersion = "SECRET-148" } } } }
        mf.log.error("SECRET-150 of the host")
        print("SECRET-160 of the host")
        host.shareScopeMap.default.written = { ["2.0.0"] = { version = "2.0.0", from = "SECRET-30", useIn = { "betas", "SECRET-30" },
          lib = function() called = (called or 0) + 1 return "SECRET-161" end, get = function() return "SECRET-162" end,
          loading = { "SECRET-163" }, deps = { "SECRET-164" }, treeShaking = { note = "SECRET-165" } } }
        failing = mf.spawn(function() error({ "SECRET-166" }) end)
        pcall(function() failing:wait() end)
        local coroutine = coroutine.wrap(function() local inside = "SECRET-167" coroutine.yield(inside) end)
        coroutine()
        arg = { [0] = "SECRET-168", "SECRET-169" }
        debug.getregistry()["SECRET-170"] = { "SECRET-171" }

        """

    private static let everything = """
        for _, id in ipairs { "disk/x", "d/x", "disk/x", "disk/raise", "disk/none", "listed/x", "broken/x", "raising/x", "gone/x", "none/x", "own/x",
          "own/raise", "SECRET-30/x", "other/x", "meta/x", "betas/x", "answered/x", "made/x" } do
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
        for _, package in ipairs { "config", "missing", "joined" } do
          pcall(mf.loadShare, package, { customShareInfo = { from = "SECRET-30", shareConfig = { requiredVersion = "*" } } })
          pcall(mf.loadShareSync, package)
          pcall(mf.loadShare, package)
        end
        pcall(mf.preloadRemote, { { nameOrAlias = "listed", filter = function(url) called = (called or 0) + 1 return "SECRET-97" end }, { nameOrAlias = "disk" } })
        pcall(mf.preloadRemote, { { nameOrAlias = "own" } })
        pcall(mf.preloadRemote, { { nameOrAlias = "disk", depsRemote = { { nameOrAlias = "SECRET-30" } } },
          { nameOrAlias = "SECRET-30", exposes = { "SECRET-94" } }, { nameOrAlias = "other", exposes = { "SECRET-93" } } })
        pcall(host.registerRemotes, host, { { name = "late", entry = "http://user:SECRET-98@late/entry.lua" } })
        pcall(host.registerShared, host, { late = { version = "1.0.0", lib = function() called = (called or 0) + 1 return "SECRET-99" end } })
        pcall(host.initOptions, host, { remotes = { { name = "later", entry = "http://user:SECRET-100@later/entry.lua" } } })
        pcall(host.initializeSharing, host, "default", { initScope = { { note = "SECRET-96" } } })
        pcall(mf.live, "disk/x")
        pcall(host.revalidate, host)
        pcall(host.removeRemotes, host, { "meta" })
        return called

        """

    private static let files = [
        "secret.txt": "SECRET-102",
        "hidden.lua":
            "return { text = 'SECRET-103', call = function() called = (called or 0) + 1 return 'SECRET-104' end }",
        "betas-plugin.lua": """
        local mf = require("mf")
        return function(options)
          local upvalue = "SECRET-151"
          print("SECRET-152 of beta")
          mf.log.warn("SECRET-153 of beta")
          shared = { "SECRET-157", call = function() return "SECRET-158" end }
          pcall(rawset, string, "note", "SECRET-159")
          return { name = "betas-plugin", onLoad = function()
            error({ message = "SECRET-154" .. upvalue .. options.key, code = "SECRET-155" })
          end }
        end
        """,
    ]

    /// A run of all that emits hooks, with the walker as a tenant's plugin or, to see that there is something to be seen,
    /// as the owner's.
    private func marksSeen(tenant level: TenantOptions.Level?) async throws -> (
        seen: Set<String>, heard: Set<String>, called: [LuaValue], urls: [String]
    ) {
        setenv("MFLUA_SECRET", "SECRET-101", 1)
        defer { unsetenv("MFLUA_SECRET") }
        let folder = try TemporaryFolder()
        for (name, text) in Self.files { _ = try folder.write(name, text) }
        let walker = try folder.write("walker-plugin.lua", Self.walker)
        let betas = folder.path + "/betas-plugin.lua"
        let isTenant = level != nil
        let options = "{ folder = \"\(folder.path)\", calls = \(isTenant) }"
        let plugins = """
            owners("owner-plugin"), { "\(betas)", { key = "SECRET-156" }, tenant = "beta" },
            { "\(walker)", \(options)\(isTenant ? ", tenant = 'acme'" : "") }
            """
        let fetcher = InMemoryFetcher { request in
            if request.url.hasPrefix("file:") { return FetchResponse(url: request.url, body: Array("SECRET-102".utf8)) }
            return try await BorderSite.fetcher(request)
        }
        return try await withSite(fetchingWith: fetcher) { site in
            let called = try await site.lua(
                Self.plant(folder.path) + BorderSite.host(level ?? .state, plugins: plugins) + Self.extra
                    + Self.everything)
            let words = site.log.messages.map { $0.split(separator: " ").map(String.init) }
            return (
                Set(words.filter { $0.contains("SEEN") }.compactMap(\.last)),
                Set(words.filter { $0.contains("HEARD") }.compactMap(\.last)), called,
                site.memory?.requestedURLs ?? []
            )
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func noneOfTheHostsSecretsIsSeenAndNoneOfItsFunctionsCalled(
        level: TenantOptions.Level
    ) async throws {
        let run = try await marksSeen(tenant: level)
        #expect(run.called.first?.isNil ?? true, "a function of the host was called \(run.called) times")
        #expect(run.seen.isEmpty)
        let never = ["beforeInit", "init", "beforeRegisterShare", "initContainerShareScopeMap"]
        #expect(run.heard.count > 25 && run.heard.isDisjoint(with: never), "\(run.heard.sorted())")
        #expect(!run.urls.contains { $0.contains("evil") || $0.hasPrefix("file:") })
    }

    @Test func thereIsSomethingToBeSeen() async throws {
        let run = try await marksSeen(tenant: nil)
        #expect(run.seen.count > 40, "\(run.seen.sorted())")
        let texts =
            [Self.plant(""), Self.extra, Self.everything, BorderSite.host(.state, plugins: "")] + Self.files.values
        let planted = texts.flatMap { $0.matches(of: /SECRET-\d+/).map { String($0.output) } }
        // Some more are in what the site serves, and one in the environment.
        #expect(Set(planted).count >= 100)
    }
}
