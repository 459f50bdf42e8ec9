import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What comes of all that a tenant's plugin can return, where nothing is granted.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantResultsTests {
    init() { TenantWorker.executable = Places.products + "/mflua-attacks" }

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

    /// The same of every kind that can cross the border or not: what is callable, foreign, huge, or named like what is there.
    private static let kinds = [
        "setmetatable({}, { __index = { from = 'guest', level = 'guest' } })",
        "setmetatable({}, { __call = function() return { from = 'guest', level = 'guest' } end })",
        "setmetatable({ from = 'guest' }, { __index = function() return function() return { from = 'guest' } end end, __metatable = false })",
        "coroutine.wrap(function() coroutine.yield({ from = 'guest', level = 'guest' }) end)", "print", "load",
        "select",
        "require", "require('mf')", "require('mf').null", "require('mf').fetch", "require('mf').spawn(function() end)",
        "_G",
        "string", "getmetatable('')", "os.time", "math.maxinteger", "2^63", "-2^63", "-0.0", "1e308", "{ 2^53, -2^53 }",
        "'http://evil/entry.lua'", "'file:///etc/passwd'", "'//evil/entry.lua'", "'evil'", "('x'):rep(100000)",
        "'\\27LuaMARK = true'", "'#!lua\\nMARK = true'", "load('MARK = true')", "{ load('MARK = true') }",
        "{ [('k'):rep(100000)] = 1 }",
        "{ ['a.b.c'] = { from = 'guest' }, ['.'] = 1, [''] = 2, ['./x'] = 3, ['..'] = 4 }",
        "(function() local t = {} for i = 1, 1000 do t[i] = i end return t end)()",
        "args.origin", "{ args.origin }", "args.remote", "args.remoteInfo", "args.options", "args.shareInfo",
        "args.error",
        "args.origin and args.origin.loadRemote", "{ get = args.origin, init = args.origin, lib = args.shareInfo }",
        "{ name = 'disk', alias = 'd', entry = 'http://evil/entry.lua', tenant = 'beta', version = '1' }",
        "{ name = 'owner-plugin', onLoad = function() MARK = true end }",
        "{ from = 'gateway', version = '99.0.0', lib = function() return { level = 'guest' } end, loaded = true, useIn = { 'gateway' } }",
        "{ config = { ['99.0.0'] = { version = '99.0.0', lib = function() return { level = 'guest' } end } } }",
        "(select(2, pcall(error, { code = 'HOST-001', message = 'guest' })))",
        "(select(2, pcall(require('mf').loadShare, 'config')))", "error(('x'):rep(100000))",
        "error(require('mf').null)",
        "error({ code = 'LOAD-001', message = ('x'):rep(100000), hint = print, context = args, cause = args.error })",
        "coroutine.yield()", "coroutine.yield({ from = 'guest' })",
        "(function() coroutine.close(coroutine.running()) end)()",
        "(function() setmetatable(args, { __index = function() return { from = 'guest' } end, __newindex = function() end }) return args end)()",
        "(function() for k in pairs(args) do rawset(args, k, nil) end return args end)()",
        "(function() setmetatable(args, { __pairs = function() return function() end end, __len = function() return 1e9 end }) return args end)()",
        "(function() for k, v in pairs(args) do pcall(setmetatable, v, { __index = { from = 'guest' } }) pcall(rawset, v, 'from', 'guest') end return args end)()",
        "(function() args['remoteInfo.entry'] = 'http://evil/entry.lua' args['origin.options'] = { remotes = {} } return args end)()",
        "(function() args.id = ('x/'):rep(50000) args.expose = ('x'):rep(100000) args.pkgName = ('x'):rep(100000) return args end)()",
    ]

    private static let giver = """
        local values = { \((values + kinds).map { "function(args) return \($0) end" }.joined(separator: ",\n")) }
        return function(options)
          local plugin = { name = "giver-plugin" }
          for _, hook in ipairs { \(BorderSite.hooks) } do
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
        try await withSite(fetchingWith: InMemoryFetcher(BorderSite.fetcher)) { site in
            _ = try await site.lua(
                BorderSite.host(level, tenant: "net = { 'evil' }, maxRestarts = 100000, tasks = 100000", plugins: ""))
            for (index, value) in (Self.values + Self.kinds).enumerated() {
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
                    local config, now = mf.loadShare("config")().level, mf.loadShareSync("config")().level
                    host:removeRemotes({ n, "e" .. n, "g" .. n })
                    return first.from, second.from, third.from, first.io, failed, config, now, MARK
                    """)
                let right: [LuaValue] = ["host", "host", "host", "table", false, "host", "host"]
                #expect(Array(results.prefix(7)) == right, "\(value): \(results)")
                #expect(results.count == 7 || results[7].isNil, "\(value)")
                let evil = site.memory?.requestedURLs.filter { $0.contains("evil") || $0.hasPrefix("file:") } ?? []
                #expect(evil.isEmpty, "\(value)")
            }
            let state = try await site.lua(
                """
                local versions = {}
                for version in pairs(host.shareScopeMap.default.config) do versions[#versions + 1] = version end
                return host.options.remotes[1].entry, #versions, host.options.name, #host.options.plugins, rawget(_G, "MARK"), ("x").from
                """)
            #expect(state.first?.stringValue?.hasPrefix("http://user:SECRET-10@disk/") == true)
            #expect(state[1...3] == [1, "gateway", 1] && state[4...].allSatisfy(\.isNil), "\(state)")
            let drops = try await site.lua("return host:tenantStats('acme').drops")
            #expect(drops.first?.intValue ?? 0 > 50)
        }
    }
}
