import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Plugins in Swift and in Lua side by side, and how they come and go.
@Suite(.timeLimit(.minutes(2))) struct PluginTests {
    private static let url = "http://checks/remoteEntry.lua"
    private static let texts = [
        // Every expose is its own name.
        url: "return { init = function() end, get = function(expose) return function() return expose end end }"
    ]
    private static let remote = "{ name = 'checks', entry = '\(url)' }"

    /// A plugin that adds a letter to each request.
    private static func swift(_ letter: String) -> Plugin {
        Plugin("swift-\(letter)-plugin").on(\.beforeRequest) { request in
            var request = request
            request.id += letter
            return request
        }
    }

    private static func lua(_ letter: String) -> String {
        """
        { name = "lua-\(letter)-plugin", beforeRequest = function(args) args.id = args.id .. "\(letter)" return args end }
        """
    }

    // MARK: Swift plugins

    @Test func swiftAndLuaPluginsListenInTheOrderOfTheirRegistration() async throws {
        try await withSite(Self.texts) { site in
            let host = try await site.runtime.createHost(
                HostOptions(name: "host", remotes: [Remote(name: "checks", entry: Self.url)]),
                plugins: [Self.swift("a")])
            try await site.lua("mf.getInstance('host'):registerPlugins { \(Self.lua("b")), \(Self.lua("c")) }")
            try await host.register(Self.swift("d"))
            try await site.lua("mf.getInstance('host'):registerPlugins { \(Self.lua("e")) }")
            #expect(try await host.loadRemote("checks/") == "./abcde")
        }
    }

    @Test func swiftPluginGetsTypedArgumentsAndMayReplaceTheModule() async throws {
        try await withSite(Self.texts) { site in
            let plugin = Plugin("typed-plugin")
                .on(\.afterResolve) { arguments in
                    #expect(arguments.remote?.name == "checks")
                    #expect(arguments.expose == "./disk")
                    var arguments = arguments
                    arguments.expose = "./memory"
                    return arguments
                }
                .on(\.onLoad) { arguments in
                    #expect(arguments.exposeModule == "./memory")
                    return .callable(LuaCallable("module") { _ in ["replaced"] })
                }
            let host = try await site.runtime.createHost(
                HostOptions(name: "host", remotes: [Remote(name: "checks", entry: Self.url)]), plugins: [plugin])
            let module = try await host.loadRemote("checks/disk")
            let result = try await site.runtime.loop.perform { try site.runtime.state.invokeNow(module, []) }
            #expect(result == "replaced")
        }
    }

    @Test func luaPluginSeesWhatASwiftPluginChangedAndTheOtherWayRound() async throws {
        try await withSite(Self.texts) { site in
            let host = try await site.runtime.createHost(
                HostOptions(name: "host", remotes: [Remote(name: "checks", entry: Self.url)]),
                plugins: [
                    Plugin("first-plugin").on(\.createScript) { arguments in
                        .record(["url": .string(arguments.url + "?from=swift")])
                    }
                ])
            try await site.lua(
                """
                mf.getInstance("host"):registerPlugins { { name = "second-plugin",
                  afterResolve = function(args) args.remoteInfo.entry = args.remoteInfo.entry .. "?from=lua" return args end } }
                """)
            await expectMFError(.entryLoadFailed) { try await host.loadRemote("checks/disk") }
            #expect(site.memory?.requestedURLs == [Self.url + "?from=lua?from=swift"])
        }
    }

    @Test func whatASwiftListenerThrowsNamesPluginAndHook() async throws {
        struct Refused: Error, CustomStringConvertible { var description: String { "no such luck" } }
        try await withSite(Self.texts) { site in
            let host = try await site.runtime.createHost(
                HostOptions(name: "host", remotes: [Remote(name: "checks", entry: Self.url)]),
                plugins: [
                    Plugin("strict-plugin").on(\.beforeRequest) { _ in
                        throw MFError(.badArgument, "no such luck")
                    }
                ])
            let error = await expectMFError(.badArgument) { try await host.loadRemote("checks/disk") }
            #expect(error?.message == "no such luck")
            #expect(error?["plugin"] == "strict-plugin")
            #expect(error?["hook"] == "beforeRequest")
        }
    }

    // MARK: Adding and removing

    @Test func removingAPluginUndoesItsRegistration() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", remotes = { \(Self.remote) }, plugins = { \(Self.lua("a")) } }
                local before = mf.loadRemote("checks/")
                host:registerPlugins { \(Self.lua("b")) }
                local with = mf.loadRemote("checks/")
                local removed = host:removePlugins { "lua-b-plugin", "unknown-plugin" }
                return before, with, mf.loadRemote("checks/"), removed, #host.options.plugins
                """)
            #expect(result == ["./a", "./ab", "./a", ["lua-b-plugin"], 1])
        }
    }

    @Test func removedPluginCanBeRegisteredAgain() async throws {
        try await withSite(Self.texts) { site in
            let host = try await site.runtime.createHost(
                HostOptions(name: "host", remotes: [Remote(name: "checks", entry: Self.url)]))
            for _ in 1...3 {
                try await host.register(Self.swift("a"))
                #expect(try await host.loadRemote("checks/x") == "./xa")
                #expect(try await host.remove(plugins: ["swift-a-plugin"]) == ["swift-a-plugin"])
                #expect(try await host.loadRemote("checks/x") == "./x")
            }
        }
    }

    @Test func pluginOfANameThatIsRegisteredIsPassedOver() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", remotes = { \(Self.remote) }, plugins = { \(Self.lua("a")) } }
                host:registerPlugins { \(Self.lua("a")) }
                return mf.loadRemote("checks/")
                """)
            #expect(result == ["./a"])
        }
    }

    @Test func badPluginLeavesNothingOfItsNeighboursBehind() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", remotes = { \(Self.remote) } }
                local ok = pcall(host.registerPlugins, host, { \(Self.lua("a")), { name = "bad-plugin", onLod = print } })
                return ok, mf.loadRemote("checks/x"), #host.options.plugins
                """)
            #expect(result == [false, "./x", 0])
        }
    }

    @Test func globalPluginReachesHostsThatAreMadeLater() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                mf.registerGlobalPlugins { \(Self.lua("g")) }
                mf.init { name = "host", remotes = { \(Self.remote) }, plugins = { \(Self.lua("a")) } }
                return mf.loadRemote("checks/")
                """)
            #expect(result == ["./ag"])
        }
    }

    @Test func applyIsCalledOncePerHost() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local names = {}
                local plugin = { name = "applied-plugin", apply = function(host) names[#names + 1] = host.name end }
                mf.createInstance { name = "one", remotes = {}, plugins = { plugin } }
                mf.createInstance { name = "two", remotes = {}, plugins = { plugin } }
                return table.concat(names, " ")
                """)
            #expect(result == ["one two"])
        }
    }

    // MARK: Waiting

    @Test func listenerOfAnAsyncHookMayWait() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                mf.init { name = "host", remotes = { \(Self.remote) }, plugins = { { name = "slow-plugin",
                  beforeRequest = function(args) mf.sleep(0) args.id = "checks/late" return args end } } }
                return mf.loadRemote("checks/early")
                """)
            #expect(result == ["./late"])
        }
    }
}
