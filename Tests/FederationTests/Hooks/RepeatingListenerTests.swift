import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// A listener that does again what its hook is called for fails before that goes too deep, and is named.
@Suite(.timeLimit(.minutes(2))) struct RepeatingListenerTests {
    init() { TenantWorker.executable = Places.products + "/mflua-attacks" }

    /// What a hook is called for, and how that ends when its listener does it again.
    struct Door: Sendable, CustomTestStringConvertible {
        enum End: Sendable {
            /// It fails with this code.
            case error(MFError.Code)
            /// The failure is logged, as any of that hook's.
            case warning
        }
        let hook: String
        /// What is done, in Lua.
        let action: String
        var end = End.error(.listenersTooDeep)
        var testDescription: String { hook }
    }

    private static let load = "mf.loadRemote('a/x')"
    private static let listed = "mf.loadRemote('m/x')"
    private static let gone = "mf.loadRemote('gone/x')"
    private static let preload = "mf.preloadRemote { { nameOrAlias = 'm' } }"
    private static let register =
        "mf.registerRemotes({ { name = 'a', entry = 'http://a/e.lua' } }, { force = true })"
    private static let initialize = "mf.init { name = 'host' }"
    private static let share = "mf.loadShare('lib')"
    private static let shareAtOnce = "mf.loadShareSync('lib')"

    static let doors = [
        Door(hook: "beforeInit", action: initialize),
        Door(hook: "beforeRegisterRemote", action: register),
        Door(hook: "registerRemote", action: register),
        Door(hook: "beforeRegisterShare", action: "mf.registerShared { lib = { version = '2.0.0', lib = print } }"),
        Door(hook: "init", action: initialize),
        Door(hook: "beforeRequest", action: load),
        Door(hook: "afterMatchRemote", action: load),
        Door(hook: "beforeLoadRemoteSnapshot", action: listed),
        Door(hook: "loadSnapshot", action: listed),
        Door(hook: "fetch", action: listed, end: .error(.waitCircle)),
        Door(hook: "loadRemoteSnapshot", action: listed, end: .error(.waitCircle)),
        Door(hook: "afterLoadSnapshot", action: listed),
        Door(hook: "beforePreloadRemote", action: preload),
        Door(hook: "generatePreloadAssets", action: preload),
        Door(hook: "afterPreloadRemote", action: preload),
        Door(hook: "afterResolve", action: load),
        Door(hook: "loadEntry", action: load, end: .error(.waitCircle)),
        Door(hook: "loadEntryError", action: gone, end: .error(.waitCircle)),
        Door(hook: "loadFileError", action: "mf.loadRemote('m/file')", end: .error(.waitCircle)),
        Door(hook: "afterLoadEntry", action: load, end: .error(.waitCircle)),
        Door(hook: "beforeInitRemote", action: load, end: .error(.waitCircle)),
        Door(hook: "beforeInitContainer", action: load, end: .error(.waitCircle)),
        Door(hook: "initContainer", action: load, end: .error(.waitCircle)),
        Door(hook: "afterInitRemote", action: load),
        Door(hook: "beforeGetExpose", action: load),
        Door(hook: "getModuleFactory", action: load),
        Door(hook: "afterGetExpose", action: load),
        Door(hook: "beforeExecuteFactory", action: load),
        Door(hook: "afterExecuteFactory", action: load),
        Door(hook: "onLoad", action: load),
        Door(hook: "errorLoadRemote", action: gone),
        Door(hook: "afterLoadRemote", action: load),
        Door(hook: "beforeLoadShare", action: share),
        Door(hook: "loadShare", action: share),
        Door(hook: "resolveShare", action: shareAtOnce),
        Door(hook: "afterLoadShare", action: shareAtOnce, end: .warning),
        Door(hook: "errorLoadShare", action: "pcall(mf.loadShareSync, 'none')", end: .warning),
        Door(
            hook: "initContainerShareScopeMap",
            action: "mf.getInstance():initShareScopeMap('default', mf.getInstance().shareScopeMap.default)"),
    ]

    /// Hooks whose listeners cannot do again what they are called for: that waits, which a sync hook cannot.
    private static let without = [
        "handlePreloadModule", "createScript", "createLink", "getModuleInfo", "beforeBridgeRender", "afterBridgeRender",
        "beforeBridgeDestroy", "afterBridgeDestroy",
    ]

    @Test func everyHookHasADoor() {
        #expect(Set(Self.doors.map(\.hook) + Self.without + ["afterUpdateRemote"]) == Set(Lifecycle.all.map(\.name)))
    }

    @Test(arguments: without) func aListenerOfASyncHookCannotWaitForWhatItIsCalledFor(hook: String) async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                Self.host + """
                    mf.registerPlugins { { name = "again-plugin", \(hook) = function(args)
                      count = count + 1
                      mf.getInstance():emit("\(hook)", {})
                    end } }
                    local ok, problem = pcall(function() mf.getInstance():emit("\(hook)", {}) end)
                    return problem.code, count
                    """)
            #expect(result == ["LUA-005", 1])
        }
    }

    @Test func aListenerOfAnUpdateThatUpdatesAgain() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                Self.host + """
                    mf.registerPlugins { { name = "again-plugin", afterUpdateRemote = function(args)
                      count = count + 1
                      mf.getInstance():emit("afterUpdateRemote", {})
                    end } }
                    local ok, problem = pcall(function() mf.getInstance():emit("afterUpdateRemote", {}) end)
                    return problem.code, tostring(problem), count
                    """)
            #expect(result[0] == "LOAD-002" && result[2] == .integer(Int64(Activity.listenerLimit + 1)), "\(result)")
            #expect(result[1].stringValue?.contains("hook `afterUpdateRemote` of plugin `again-plugin`") == true)
        }
    }

    private static let texts = [
        "http://a/e.lua": "return { init = function() end, get = function() return function() return {} end end }",
        "http://m/e.lua": """
        return { init = function() end, get = function(name) return function()
          return name == './file' and require('missing') or {}
        end end }
        """,
        "http://m/mf-manifest.json": """
        {"name":"m","metaData":{"name":"m","publicPath":"auto","globalName":"m","buildInfo":{"buildVersion":"1"},
        "remoteEntry":{"name":"e.lua","path":"","type":"global"}},"shared":[],"remotes":[],"exposes":[
        {"id":"m:x","name":"x","path":"./x","assets":{"js":{"sync":["helper.lua"],"async":[]},"css":{"sync":[],"async":[]}}},
        {"id":"m:file","name":"file","path":"./file","assets":{"js":{"sync":["missing.lua"],"async":[]},"css":{"sync":[],"async":[]}}}]}
        """,
        "http://m/helper.lua": "return {}",
    ]

    private static let host = """
        count = 0
        mf.init { name = "host",
          remotes = { { name = "a", entry = "http://a/e.lua" }, { name = "gone", entry = "http://gone/e.lua" },
                      { name = "m", entry = "http://m/mf-manifest.json" } },
          shared = { lib = { version = "1.0.0", lib = function() return {} end } } }

        """

    private func check(_ door: Door, _ site: Site) async throws {
        let result = try await site.lua(
            """
            local ok, problem = pcall(function() \(door.action) end)
            local texts, this = {}, problem
            while type(this) == "userdata" do texts[#texts + 1], this = tostring(this), this.cause end
            return not ok and problem.code, table.concat(texts, " | "), count
            """)
        let name = "hook `\(door.hook)` of plugin `again-plugin`"
        let count = try #require(result[2].intValue)
        #expect(count > 0 && count <= Activity.listenerLimit + 1, "\(result)")
        switch door.end {
        case .error(let code):
            #expect(result[0].stringValue == code.rawValue, "\(result)")
            #expect(result[1].stringValue?.contains(name) == true, "\(result)")
        case .warning:
            #expect(result[0] == false, "\(result)")
            #expect(site.log.messages.contains { $0.contains(name) }, "\(site.log.messages)")
        }
    }

    @Test(arguments: doors) func aListenerInLua(door: Door) async throws {
        try await withSite(Self.texts) { site in
            try await site.lua(
                Self.host + """
                    mf.registerPlugins { { name = "again-plugin", \(door.hook) = function(args)
                      count = count + 1
                      \(door.action)
                      return args
                    end } }
                    """)
            try await check(door, site)
        }
    }

    @Test(arguments: doors) func aListenerInSwift(door: Door) async throws {
        try await withSite(Self.texts) { site in
            try await site.lua(Self.host + "function again() count = count + 1 \(door.action) end")
            try await site.runtime.loop.perform {
                let host = try #require(site.runtime.registry.current?.host)
                let again = try #require(try site.runtime.state.globals.get("again").functionValue)
                for list in host.hooks.stores(named: door.hook) { list.accept(Repeating(again)) }
            }
            try await check(door, site)
        }
    }

    /// Adds a Swift listener that calls a function of Lua.
    private struct Repeating: TapListVisitor {
        let again: LuaFunction

        init(_ again: LuaFunction) { self.again = again }

        func visit<A>(_ list: TapList<A>) {
            let again = again
            let listener: SwiftListener<A> =
                switch list.kind {
                case .sync:
                    .sync { _ in
                        _ = try again.state.call(again)
                        return .nil
                    }
                case .async:
                    .async { _ in
                        _ = try await again.state.callAsync(again)
                        return .nil
                    }
                case .syncWaterfall:
                    .syncWaterfall {
                        _ = try again.state.call(again)
                        return $0
                    }
                case .asyncWaterfall:
                    .asyncWaterfall {
                        _ = try await again.state.callAsync(again)
                        return $0
                    }
                }
            let account = PluginAccount("again-plugin", policy: PluginPolicy(), isTenants: false)
            list.add(Tap(PluginID(number: 1 << 20), account, hook: list.hook, .swift(listener)))
        }
    }

    /// Hooks of a tenant's plugin that are called for its own remote, and can load.
    static let ofTenants = [
        "beforeRequest", "afterMatchRemote", "afterResolve", "loadEntry", "afterLoadEntry", "beforeInitRemote",
        "afterInitRemote", "beforeGetExpose", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad",
        "afterLoadRemote", "errorLoadRemote", "loadEntryError",
    ]

    @Test(arguments: ofTenants, TenantOptions.Level.allCases) func aListenerOfATenant(
        hook: String, level: TenantOptions.Level
    ) async throws {
        let id = hook.hasPrefix("error") || hook.hasSuffix("Error") ? "gone/x" : "a/x"
        try await withSite(Self.texts) { site in
            try await site.lua(
                """
                mf.init { name = "host", tenants = { acme = { level = "\(level.rawValue)" } },
                  remotes = { { name = "a", entry = "http://a/e.lua", tenant = "acme" },
                              { name = "gone", entry = "http://gone/e.lua", tenant = "acme" } } }
                """)
            let host = try await site.runtime.loop.perform { try #require(site.runtime.registry.current?.host) }
            try await host.register(
                pluginSource: """
                    return { name = "again-plugin", \(hook) = function(args) args.origin:loadRemote("\(id)") end }
                    """, name: "again.lua", tenant: "acme")
            let result = try await site.lua(
                """
                pcall(mf.loadRemote, "\(id)")
                return mf.getInstance():tenantStats("acme").calls
                """)
            let calls = try #require(result[0].intValue)
            #expect(calls > 0 && calls <= 3 * Activity.listenerLimit, "\(result)")
        }
    }

    @Test(arguments: ["errorLoadRemote", "onLoad", "resolveShare", "init"])
    func triesAgainAtEachDepthEndAtOnce(hook: String) async throws {
        let door = try #require(Self.doors.first { $0.hook == hook })
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                Self.host + """
                    mf.registerPlugins { { name = "again-plugin", \(hook) = function(args)
                      count = count + 1
                      for i = 1, 2 do pcall(function() \(door.action) end) end
                    end } }
                    pcall(function() \(door.action) end)
                    return count
                    """)
            let count = try #require(result[0].intValue)
            #expect(count <= 2 * Activity.listenerLimit + 1)
        }
    }

    @Test func listenerThatLoadsAgainAFewTimesIsLeftAlone() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                Self.host + """
                    local rounds = 0
                    mf.registerPlugins { { name = "again-plugin", errorLoadRemote = function(args)
                      rounds = rounds + 1
                      return args.origin:loadRemote(rounds < 50 and "gone/x" or "a/x")
                    end } }
                    return type(mf.loadRemote("gone/x")), rounds
                    """)
            #expect(result == ["table", 50])
        }
    }
}
