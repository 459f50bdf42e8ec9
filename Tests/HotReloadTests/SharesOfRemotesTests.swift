import EventLoops
import Fetch
import LuaBridge
import Synchronization
import Testing

@testable import Federation

/// What remotes put into share scopes, while they are updated, refused and removed.
@Suite(.timeLimit(.minutes(1))) struct SharesOfRemotesTests {
    /// A runtime with a host `shell`, over files that can be replaced.
    private final class Site: Sendable {
        let runtime: Runtime

        init(_ entry: String, _ hostOptions: String = "") async throws {
            let box = Mutex<[String: String]>(["http://r/entry.lua": entry])
            let put: @Sendable (String, String) -> Void = { name, text in box.withLock { $0["http://r/\(name)"] = text }
            }
            self.put = put
            runtime = try Runtime(
                configuration: RuntimeConfiguration(
                    fetcher: InMemoryFetcher { request in
                        guard let text = box.withLock({ $0[request.url] }) else {
                            return FetchResponse(status: 404, url: request.url)
                        }
                        return FetchResponse(url: request.url, body: Array(text.utf8))
                    }, logLevel: "critical"))
            try await run(
                """
                mf = require("mf")
                refusals = {}
                shell = mf.init { name = "shell", \(hostOptions)
                  plugins = { { name = "tell-plugin", errorLoadRemote = function(args)
                    if args.lifecycle == "revalidate" then refusals[#refusals + 1] = tostring(args.error) end
                  end } } }
                function shares(host)
                  local found = {}
                  for package, versions in pairs((host or shell).shareScopeMap.default) do
                    local count = #found
                    for version, shared in pairs(versions) do
                      found[#found + 1] = package .. "@" .. version .. " " .. tostring(shared.from) .. " " .. shared.lib()
                    end
                    if #found == count then found[#found + 1] = package .. " empty" end
                  end
                  table.sort(found)
                  return table.concat(found, ", ")
                end
                """)
        }

        let put: @Sendable (String, String) -> Void

        @discardableResult
        func run(_ source: String) async throws -> LuaValue { try await runtime.evaluate(source).first ?? .nil }
    }

    private static let remote = #"remotes = { { name = "r", entry = "http://r/entry.lua" } },"#
    private static let mine = #"shared = { mine = { version = "1.0.0", lib = function() return "mine" end } },"#

    private static func entry(
        _ initialise: String, get: String = "function() return function() return { n = 1 } end end"
    )
        -> String
    {
        """
        local function shared(text, from) return { lib = function() return text end, from = from, loaded = true } end
        return { init = function(scope) \(initialise) end, get = \(get) }
        """
    }

    @Test func refusedVersionLeavesTheShareScopeAsItWas() async throws {
        let site = try await Site(Self.entry("scope.own = { ['1.0.0'] = shared('first') }"), Self.remote + Self.mine)
        try await site.run("mf.loadRemote('r/x')")
        let before = try await site.run("return shares()")
        #expect(before == "mine@1.0.0 shell mine, own@1.0.0 r first")
        let joining = """
            scope.own['1.0.0'] = shared('second') scope.own['2.0.0'] = shared('second', 'r')
            scope.mine = { ['9.0.0'] = shared('second') } scope.extra = {} scope.more = { ['1.0.0'] = shared('second') }
            """
        for broken in [
            Self.entry(joining, get: "function() return function() error('no module') end end"),
            Self.entry(joining + " error('no init')"),
        ] {
            site.put("entry.lua", broken)
            #expect(try await site.run("return #mf.revalidate()") == 0)
            #expect(try await site.run("return shares()") == before)
        }
        #expect(try await site.run("return #refusals") == 2)
        site.put("entry.lua", Self.entry("scope.own['2.0.0'] = shared('third')"))
        #expect(try await site.run("return #mf.revalidate()") == 1)
        #expect(try await site.run("return shares()") == "mine@1.0.0 shell mine, own@1.0.0 r first, own@2.0.0 r third")
        await site.runtime.shutdown()
    }

    /// What `mflua build` writes makes an instance in `init`.
    @Test func instanceOfAVersionEndsWithItAndServesWhoStillHasIt() async throws {
        func entry(_ number: Int) -> String {
            """
            local mf = require("mf")
            local instance
            return {
              init = function(scope)
                instance = mf.createInstance { name = "r", remotes = {},
                  shared = { own = { version = "\(number).0.0", lib = function() return \(number) end } } }
                instance:initShareScopeMap("default", scope)
              end,
              get = function() return function() return { share = function() return instance:loadShare("own")() end } end end,
            }
            """
        }
        let site = try await Site(entry(1), Self.remote)
        try await site.run("old = mf.loadRemote('r/x') live = mf.live('r/x')")
        for number in 2...4 {
            site.put("entry.lua", entry(number))
            #expect(try await site.run("return #mf.revalidate()") == 1)
        }
        #expect(try await site.run("return #mf.instances()") == 2)
        #expect(try await site.run("return mf.getInstance() == shell") == true)
        #expect(try await site.run("return live.share()") == 4)
        #expect(try await site.run("return old.share()").intValue != nil)
        await site.runtime.shutdown()
    }

    @Test func whatOthersShareWhileAVersionIsTriedStays() async throws {
        let site = try await Site(Self.entry("scope.own = { ['1.0.0'] = shared('first') }"), Self.remote + Self.mine)
        try await site.run("mf.loadRemote('r/x')")
        site.put(
            "entry.lua",
            Self.entry(
                "require('mf').registerShared { late = { version = '1.0.0', lib = function() return 'late' end } } error('no')"
            ))
        #expect(try await site.run("return #mf.revalidate()") == 0)
        #expect(
            try await site.run("return shares()") == "late@1.0.0 shell late, mine@1.0.0 shell mine, own@1.0.0 r first")
        await site.runtime.shutdown()
    }

    @Test func removingARemoteTakesWhatNobodyElseUses() async throws {
        let site = try await Site(
            Self.entry(
                "scope.used = { ['1.0.0'] = shared('used') } scope.idle = { ['1.0.0'] = shared('idle') }"
                    + " scope.mine['2.0.0'] = shared('newer', 'r')"),
            Self.remote + "shared = { mine = { version = '1.0.0', lib = function() return 'mine' end },"
                + " used = { version = '0.1.0', lib = function() return 'old' end, shareConfig = { requiredVersion = false } } },"
        )
        try await site.run("mf.loadRemote('r/x')")
        #expect(try await site.run("return mf.loadShare('used')()") == "used")
        try await site.run("mf.removeRemotes { 'r' }")
        #expect(
            try await site.run("return shares()") == "mine@1.0.0 shell mine, used@0.1.0 shell old, used@1.0.0 r used")
        await site.runtime.shutdown()
    }

    @Test func whatAnotherHostHasLoadedOfARemoteStaysShared() async throws {
        let site = try await Site(Self.entry("scope.own = { ['1.0.0'] = shared('own') }"), Self.remote)
        try await site.run(
            """
            mf.loadRemote('r/x')
            other = mf.createInstance { name = "other", \(Self.remote) }
            other:loadRemote('r/x')
            shell:removeRemotes { 'r' }
            """)
        #expect(try await site.run("return shares(other)") == "own@1.0.0 r own")
        try await site.run("other:removeRemotes { 'r' }")
        #expect(try await site.run("return shares(other) .. shares()") == "")
        await site.runtime.shutdown()
    }

    @Test func disposedHostUsesAndSharesNothingAnyMore() async throws {
        let site = try await Site(Self.entry("scope.own = { ['1.0.0'] = shared('own') }"), Self.remote + Self.mine)
        try await site.run(
            """
            mf.loadRemote('r/x')
            other = mf.createInstance { name = "other",
              shared = { own = { version = "0.1.0", lib = function() return "old" end,
                                 shareConfig = { requiredVersion = false } } } }
            other:initShareScopeMap("default", shell.shareScopeMap.default)
            assert(other:loadShare("own")() == "own")
            shell:removeRemotes { 'r' }
            """)
        #expect(try await site.run("return shares()") == "mine@1.0.0 shell mine, own@0.1.0 other old, own@1.0.0 r own")
        try await site.run("other:dispose()")
        #expect(try await site.run("return shares()") == "mine@1.0.0 shell mine")
        await site.runtime.shutdown()
    }

    // MARK: What a new version does not offer any more

    private static func getting(_ names: String...) -> String {
        let exposes = names.map { "['./\($0)'] = function() return { n = 1 } end" }.joined(separator: ", ")
        return "function(name) return ({ \(exposes) })[name] or error(name .. ' does not exist in container') end"
    }

    @Test func exposeThatIsNotOfferedAnyMoreHoldsNoVersionBack() async throws {
        let site = try await Site(Self.entry("", get: Self.getting("x", "y")), Self.remote)
        try await site.run("x, y = mf.live('r/x'), mf.loadRemote('r/y')")
        site.put("entry.lua", Self.entry("", get: Self.getting("y")))
        #expect(try await site.run("return #mf.revalidate()") == 1)
        #expect(try await site.run("return x.n + y.n + mf.loadRemote('r/y').n") == 3)
        #expect(try await site.run("return (pcall(mf.loadRemote, 'r/x'))") == false)
        await site.runtime.shutdown()
    }

    @Test func exposeThatTheManifestListsMustBeThere() async throws {
        func manifest(_ names: String...) -> String {
            let exposes = names.map {
                #"{"id":"r:\#($0)","name":"\#($0)","path":"./\#($0)","assets":{"js":{"sync":[],"async":[]},"css":{"sync":[],"async":[]}}}"#
            }
            return """
                {"id":"r","name":"r","metaData":{"name":"r","type":"app","buildInfo":{"buildVersion":"1","buildName":"r"},
                "remoteEntry":{"name":"entry.lua","path":"","type":"global"},"types":{"path":"","name":"","zip":"","api":""},
                "globalName":"r","pluginVersion":"0","publicPath":"auto"},"shared":[],"remotes":[],
                "exposes":[\(exposes.joined(separator: ","))]}
                """
        }
        let site = try await Site(
            Self.entry("", get: Self.getting("x", "y")),
            #"remotes = { { name = "r", entry = "http://r/mf-manifest.json" } },"#)
        site.put("mf-manifest.json", manifest("x", "y"))
        try await site.run("mf.loadRemote('r/x') mf.loadRemote('r/y')")
        for get in [Self.getting("y"), "function(name) if name == './y' then return print end end"] {
            site.put("entry.lua", Self.entry("", get: get))
            #expect(try await site.run("return #mf.revalidate()") == 0)
            #expect(try await site.run("return (refusals[#refusals]:find('./x', 1, true)) ~= nil") == true)
            #expect(try await site.run("return mf.loadRemote('r/x').n") == 1)
        }
        site.put("entry.lua", Self.entry("", get: Self.getting("y")))
        site.put("mf-manifest.json", manifest("y"))
        #expect(try await site.run("return #mf.revalidate()") == 1)
        #expect(try await site.run("return (pcall(mf.loadRemote, 'r/x'))") == false)
        await site.runtime.shutdown()
    }

    @Test func removedRemoteThatStillRequiresIsNotRemembered() async throws {
        let site = try await Site(
            Self.entry("", get: "function() return function() return function() return require('late') end end end"),
            Self.remote)
        site.put("late.lua", "return 'late'")
        #expect(try await site.run("late = mf.loadRemote('r/x') mf.removeRemotes { 'r' } return late()") == "late")
        let runtime = site.runtime
        let known = try await runtime.loop.perform { runtime.registry.parts.remotes.count }
        #expect(known == 0)
        await site.runtime.shutdown()
    }
}
